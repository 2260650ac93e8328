//! Cards of what is built on total order.

use super::{Card, Twin};
use crate::Model;
use crate::broadcast::ConsensusBasedTotalOrder;
use crate::consensus::ConsensusFromTotalOrder;
use crate::replication::ReplicatedStateMachine;
use crate::services::{Broadcasting, Deciding, KeyValue};
use crate::stacks::{best_effort_broadcast, eventual_leader_detector, total_order_broadcast};
use schism_kernel::{Ambient, Node, layer, node};

fn broadcasting(defect: impl FnOnce(&mut ConsensusBasedTotalOrder<i64>)) -> Box<dyn Node> {
    let mut broadcast = ConsensusBasedTotalOrder::default();
    defect(&mut broadcast);
    let stack = layer(Broadcasting::default(), total_order_broadcast(broadcast));
    node(Ambient { detector: eventual_leader_detector(), stack })
}

pub(super) const TOTAL_ORDER_BROADCAST: Card = Card {
    name: "total-order-broadcast",
    line: "spreads messages, then agrees on one batch after the other",
    source: "Module 6.2, Algorithm 6.1",
    model: Model::Noisy,
    promises: &[
        "validity",
        "no duplication",
        "no creation",
        "agreement",
        "uniform agreement",
        "total order",
    ],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| broadcasting(|_| {}),
    twins: &[Twin::new(
        "delivers-in-arrival-order",
        "delivers a decided batch in the order in which its messages arrived",
        "total order",
        |_| broadcasting(|it| it.delivers_in_arrival_order = true),
    )],
    beyond: &[],
};

fn deciding(defect: impl FnOnce(&mut ConsensusBasedTotalOrder<(u64, i64)>)) -> Box<dyn Node> {
    let mut broadcast = ConsensusBasedTotalOrder::default();
    defect(&mut broadcast);
    let consensus = layer(ConsensusFromTotalOrder::default(), total_order_broadcast(broadcast));
    let stack = layer(Deciding::default(), (consensus, best_effort_broadcast()));
    node(Ambient { detector: eventual_leader_detector(), stack })
}

pub(super) const CONSENSUS_FROM_TOTAL_ORDER: Card = Card {
    name: "consensus-from-total-order",
    line: "broadcasts proposals in total order and decides on the first",
    source: "Module 5.2, section 6.1.4",
    model: Model::Noisy,
    promises: &["termination", "validity", "integrity", "agreement", "uniform agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| deciding(|_| {}),
    twins: &[Twin::new(
        "delivers-in-arrival-order",
        "stands on a broadcast that delivers batches in the order of arrival",
        "uniform agreement",
        |_| deciding(|it| it.delivers_in_arrival_order = true),
    )],
    beyond: &[],
};

fn replicating(defect: impl FnOnce(&mut KeyValue)) -> Box<dyn Node> {
    let mut store = KeyValue::default();
    store.tells_outputs = true;
    defect(&mut store);
    let broadcast = total_order_broadcast(ConsensusBasedTotalOrder::default());
    let stack = layer(store, layer(ReplicatedStateMachine::default(), broadcast));
    node(Ambient { detector: eventual_leader_detector(), stack })
}

pub(super) const REPLICATED_STATE_MACHINE: Card = Card {
    name: "replicated-state-machine",
    line: "a key-value store that executes what is broadcast in total order",
    source: "Module 6.3, Algorithm 6.2",
    model: Model::Noisy,
    promises: &["linearizable", "equal outputs", "log matching", "log prefix", "availability"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| replicating(|_| {}),
    twins: &[
        Twin::new(
            "looks-at-the-clock",
            "values grow old by the clock of whoever executes the command",
            "equal outputs",
            |_| replicating(|store| store.looks_at_the_clock = true),
        ),
        Twin::new(
            "reads-locally",
            "answers reads from its own state, without the broadcast",
            "linearizable",
            |_| replicating(|store| store.reads_locally = true),
        ),
    ],
    beyond: &[],
};
