//! Cards of the broadcasts.

use super::{Beyond, Card, Twin};
use crate::Model;
use crate::broadcast::{EagerReliableBroadcast, MajorityAckUniformReliableBroadcast};
use crate::services::Broadcasting;
use crate::stacks::best_effort_broadcast;
use schism_kernel::{Node, layer, node};

pub(super) const BEST_EFFORT: Card = Card {
    name: "best-effort-broadcast",
    line: "sends to everybody; all or nothing only if the sender lives",
    source: "Module 3.1, Algorithm 3.1",
    model: Model::Silent,
    promises: &["best-effort validity", "no duplication", "no creation"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| node(layer(Broadcasting::default(), best_effort_broadcast())),
    twins: &[],
    beyond: &[Beyond {
        property: "agreement",
        why: "a sender that crashes in mid-broadcast has reached only some",
    }],
};

pub(super) const EAGER_RELIABLE: Card = Card {
    name: "eager-reliable-broadcast",
    line: "everybody passes on what they deliver",
    source: "Module 3.2, Algorithm 3.3",
    model: Model::Silent,
    promises: &["validity", "no duplication", "no creation", "agreement"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| {
        let broadcast = layer(EagerReliableBroadcast::default(), best_effort_broadcast());
        node(layer(Broadcasting::default(), broadcast))
    },
    twins: &[],
    beyond: &[Beyond {
        property: "uniform agreement",
        why: "a process delivers before it has passed the message on to anybody, and crashes",
    }],
};

fn majority_uniform(
    defect: impl FnOnce(&mut MajorityAckUniformReliableBroadcast<i64>),
) -> Box<dyn Node> {
    let mut broadcast = MajorityAckUniformReliableBroadcast::default();
    defect(&mut broadcast);
    node(layer(Broadcasting::default(), layer(broadcast, best_effort_broadcast())))
}

pub(super) const MAJORITY_UNIFORM: Card = Card {
    name: "majority-uniform-broadcast",
    line: "delivers what a majority has passed on",
    source: "Module 3.3, Algorithm 3.5",
    model: Model::Silent,
    promises: &["validity", "no duplication", "no creation", "agreement", "uniform agreement"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| majority_uniform(|_| {}),
    twins: &[Twin::new(
        "waits-for-one-ack-less",
        "takes one acknowledgement less than a majority for a majority",
        "uniform agreement",
        |_| majority_uniform(|broadcast| broadcast.waits_for_one_ack_less = true),
    )],
    beyond: &[],
};
