//! Cards of the registers.

use super::{Beyond, Card, Setup, Twin};
use crate::registers::{
    BitByBit, MajorityVoting, NeverGoBack, ReadImposeWriteConsultMajority, ReadOneWriteAll,
    ReadersTellReaders,
};
use crate::replication::{LastWrite, QuorumKv, Siblings};
use crate::services::Registers;
use crate::stacks::{best_effort_broadcast, perfect_detector, perfect_links};
use crate::{Environment, Model};
use schism_kernel::{Ambient, AmbientDetector, Each, Instances, Net, Node, layer, node};

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

fn safe_from_bits(defect: impl FnOnce(&mut ReadOneWriteAll<bool>)) -> Box<dyn Node> {
    let mut bit = ReadOneWriteAll::default();
    defect(&mut bit);
    let uses = (best_effort_broadcast(), perfect_links(), AmbientDetector);
    let registers = layer(Each::of(BitByBit::default()), layer(Each::of(bit), uses));
    let stack = layer(Registers::with_one_writer(), registers);
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const SAFE_FROM_BITS: Card = Card {
    name: "safe-register-from-bits",
    line: "a register that is written and read bit by bit",
    source: "Lamport 1986; bits as in Algorithm 4.1",
    model: Model::Sync,
    promises: &["termination", "safe"],
    workload: "register",
    one_writer: true,
    tolerates: |n| n - 1,
    build: |_| safe_from_bits(|_| {}),
    twins: &[Twin::new(
        "waits-for-one-only",
        "a bit is written when the first process has it",
        "safe",
        |_| safe_from_bits(|bit| bit.waits_for_one_only = true),
    )],
    beyond: &[Beyond::new(
        "regular",
        Environment::Model,
        "a read during a write finds bits of both values: a value that was never written",
    )],
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
    )
    .under("fall-one-by-one")],
    beyond: &[
        Beyond::new(
            "atomic",
            Environment::Model,
            "a write reaches one reader before the other, who still returns the old value",
        ),
        Beyond::new(
            "regular",
            Environment::Inaccurate,
            "a reader who answers later than it may is not waited for, and returns the old value",
        ),
    ],
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
    })
    .under("stretched-writes")],
    beyond: &[],
};

fn atomic_from_11(defect: impl FnOnce(&mut ReadersTellReaders<i64>)) -> Box<dyn Node> {
    let mut register = ReadersTellReaders::default();
    defect(&mut register);
    let uses = (best_effort_broadcast(), perfect_links());
    let regular = layer(Each::of(MajorityVoting::default()), uses);
    let cells = layer(Each::of(NeverGoBack::default()), regular);
    node(layer(Registers::with_one_writer(), layer(Each::of(register), cells)))
}

pub(super) const ATOMIC_FROM_11: Card = Card {
    name: "atomic-from-11",
    line: "an atomic register for many readers, out of registers for one reader each",
    source: "Module 4.2, Algorithms 4.2 to 4.4",
    model: Model::Silent,
    promises: &["termination", "safe", "regular", "atomic", "linearizable"],
    workload: "register",
    one_writer: true,
    tolerates: |n| (n - 1) / 2,
    build: |_| atomic_from_11(|_| {}),
    twins: &[Twin::new(
        "readers-do-not-write",
        "a reader tells nobody what it returns",
        "atomic",
        |_| atomic_from_11(|register| register.readers_do_not_write = true),
    )
    .under("stretched-writes")],
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
    )
    .under("majorities-fall")],
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
        })
        .under("half-a-write"),
    ],
    beyond: &[],
};

fn quorum_kv(quorum: usize, never_repairs: bool) -> Box<dyn Node> {
    let mut store = QuorumKv::<LastWrite>::new(quorum, quorum);
    store.never_repairs = never_repairs;
    node(layer(store, Net::default()))
}

fn siblings<const WRONG: u8>(of: Setup) -> Box<dyn Node> {
    let store = QuorumKv::<Siblings<WRONG>>::new(majority(of), majority(of));
    node(layer(store, Net::default()))
}

fn majority(of: Setup) -> usize {
    of.nodes / 2 + 1
}

pub(super) const QUORUM_KV: Card = Card {
    name: "quorum-kv",
    line: "reads and writes ask as many replicas as they like; the last write wins",
    source: "DeCandia et al. 2007 (Dynamo)",
    model: Model::Silent,
    promises: &["termination", "read your quorum", "convergence"],
    workload: "register",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |setup| quorum_kv(majority(setup), false),
    twins: &[
        Twin::new(
            "reads-one-writes-one",
            "reads and writes ask one replica each, so that they need not meet",
            "read your quorum",
            |_| quorum_kv(1, false),
        ),
        Twin::new(
            "never-repairs",
            "neither read repair nor anti-entropy",
            "convergence",
            |setup| quorum_kv(majority(setup), true),
        )
        .under("left-behind"),
    ],
    beyond: &[Beyond::new(
        "read your quorum",
        Environment::Skewed,
        "a write by a clock that is behind is acknowledged, and loses against an earlier one",
    )],
};

pub(super) const QUORUM_KV_SIBLINGS: Card = Card {
    name: "quorum-kv-siblings",
    line: "the same, but what was written at the same time is kept side by side",
    source: "DeCandia et al. 2007 (Dynamo)",
    model: Model::Silent,
    promises: &["termination", "no lost write", "no stale sibling", "convergence"],
    workload: "siblings",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: siblings::<0>,
    twins: &[
        Twin::new(
            "keeps-one",
            "keeps only the greatest of the values that were written at the same time",
            "no lost write",
            siblings::<{ Siblings::KEEPS_ONE }>,
        ),
        Twin::new(
            "keeps-all",
            "does not forget what was replaced",
            "no stale sibling",
            siblings::<{ Siblings::KEEPS_ALL }>,
        ),
    ],
    beyond: &[],
};
