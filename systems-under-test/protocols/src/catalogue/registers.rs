//! Cards of the registers.

use super::{Beyond, Card, Twin};
use crate::Model;
use crate::registers::{MajorityVoting, ReadImposeWriteConsultMajority};
use crate::services::Registers;
use crate::stacks::{best_effort_broadcast, perfect_links};
use schism_kernel::{Instances, Node, layer, node};

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
        Beyond {
            property: "atomic",
            why: "of two reads during a write the first may see the new value, the second the old",
        },
        Beyond {
            property: "linearizable",
            why: "of two reads during a write the first may see the new value, the second the old",
        },
    ],
};

fn atomic_nn(defect: impl FnOnce(&mut ReadImposeWriteConsultMajority<i64>)) -> Box<dyn Node> {
    let mut register = ReadImposeWriteConsultMajority::default();
    defect(&mut register);
    let uses = (best_effort_broadcast(), perfect_links());
    node(layer(Registers::default(), Instances::of(layer(register, uses))))
}

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
