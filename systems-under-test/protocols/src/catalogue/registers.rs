//! Cards of the registers.

use super::{Beyond, Card, Twin};
use crate::registers::{MajorityVoting, ReadImposeWriteConsultMajority, ReadOneWriteAll};
use crate::services::Registers;
use crate::stacks::{best_effort_broadcast, perfect_detector, perfect_links};
use crate::{Environment, Model};
use schism_kernel::{Ambient, AmbientDetector, Instances, Node, layer, node};

fn majority_register(defect: impl FnOnce(&mut MajorityVoting<i64>)) -> Box<dyn Node> {
    let mut register = MajorityVoting::default();
    defect(&mut register);
    let uses = (best_effort_broadcast(), perfect_links());
    node(layer(Registers::with_one_writer(), Instances::of(layer(register, uses))))
}

pub(super) const MAJORITY_REGISTER: Card = Card {
    name: "majority-register",
    line: "a register that one writes and many read, kept at a majority",
    source: "Module 4.1, Algorithm 4.2",
    model: Model::Silent,
    promises: &["termination", "safe", "regular"],
    workload: "register",
    one_writer: true,
    tolerates: |n| (n - 1) / 2,
    build: |_| majority_register(|_| {}),
    twins: &[Twin::new(
        "asks-one-less",
        "reads and writes ask one process less than a majority",
        "regular",
        |_| majority_register(|register| register.asks_one_less = true),
    )],
    beyond: &[
        Beyond::new(
            "atomic",
            Environment::Model,
            "of two reads during a write the first may see the new value, the second the old",
        ),
        Beyond::new(
            "linearizable",
            Environment::Model,
            "of two reads during a write the first may see the new value, the second the old",
        ),
    ],
};

fn rowa(defect: impl FnOnce(&mut ReadOneWriteAll<i64>)) -> Box<dyn Node> {
    let mut register = ReadOneWriteAll::default();
    defect(&mut register);
    let uses = (best_effort_broadcast(), perfect_links(), AmbientDetector);
    let stack = layer(Registers::with_one_writer(), Instances::of(layer(register, uses)));
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const ROWA: Card = Card {
    name: "rowa-register",
    line: "a register that is read here and written everywhere",
    source: "Module 4.1, Algorithm 4.1",
    model: Model::Sync,
    promises: &["termination", "safe", "regular"],
    workload: "register",
    one_writer: true,
    tolerates: |n| n - 1,
    build: |_| rowa(|_| {}),
    twins: &[Twin::new(
        "waits-for-one-only",
        "a write returns when the first process has the value",
        "regular",
        |_| rowa(|register| register.waits_for_one_only = true),
    )],
    beyond: &[Beyond::new(
        "atomic",
        Environment::Model,
        "a write reaches one reader before the other, who still returns the old value",
    )],
};

type Atomic = ReadImposeWriteConsultMajority<i64>;

fn atomic(service: Registers, variant: impl FnOnce(&mut Atomic)) -> Box<dyn Node> {
    let mut register = Atomic::default();
    variant(&mut register);
    let uses = (best_effort_broadcast(), perfect_links());
    node(layer(service, Instances::of(layer(register, uses))))
}

fn atomic_1n(defect: impl FnOnce(&mut Atomic)) -> Box<dyn Node> {
    atomic(Registers::with_one_writer(), |register| {
        register.writers_do_not_read_first = true;
        defect(register);
    })
}

pub(super) const ATOMIC_1N: Card = Card {
    name: "atomic-register",
    line: "a register that one writes and many read, as if it were one memory cell",
    source: "Module 4.2, Algorithms 4.6 and 4.7",
    model: Model::Silent,
    promises: &["termination", "safe", "regular", "atomic", "linearizable"],
    workload: "register",
    one_writer: true,
    tolerates: |n| (n - 1) / 2,
    build: |_| atomic_1n(|_| {}),
    twins: &[Twin::new("no-write-back", "a reader does not impose what it read", "atomic", |_| {
        atomic_1n(|register| register.no_write_back = true)
    })],
    beyond: &[],
};

fn atomic_nn(defect: impl FnOnce(&mut Atomic)) -> Box<dyn Node> {
    atomic(Registers::default(), defect)
}

fn atomic_logged(logged: bool) -> Box<dyn Node> {
    atomic(Registers::default(), |register| register.logged = logged)
}

pub(super) const ATOMIC_LOGGED: Card = Card {
    name: "atomic-logged",
    line: "an atomic register that survives the crash and recovery of everybody",
    source: "Module 4.3 with stable storage, as in section 4.5",
    model: Model::Recovery,
    promises: &["termination", "linearizable"],
    workload: "register",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| atomic_logged(true),
    twins: &[Twin::new(
        "acknowledges-before-storing",
        "acknowledges what it has in memory only",
        "linearizable",
        |_| atomic_logged(false),
    )],
    beyond: &[],
};

pub(super) const ATOMIC_NN: Card = Card {
    name: "atomic-nn",
    line: "a register that many write and many read, as if it were one memory cell",
    source: "Module 4.3, Algorithms 4.10 and 4.11",
    model: Model::Silent,
    promises: &["termination", "linearizable"],
    workload: "register",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| atomic_nn(|_| {}),
    twins: &[
        Twin::new(
            "writers-do-not-read-first",
            "a writer takes the next stamp after its own",
            "linearizable",
            |_| atomic_nn(|it| it.writers_do_not_read_first = true),
        ),
        Twin::new(
            "stamps-without-rank",
            "writers of the same timestamp are not told apart",
            "linearizable",
            |_| atomic_nn(|it| it.stamps_without_rank = true),
        ),
        Twin::new("no-write-back", "a reader does not impose what it read", "linearizable", |_| {
            atomic_nn(|it| it.no_write_back = true)
        }),
    ],
    beyond: &[],
};
