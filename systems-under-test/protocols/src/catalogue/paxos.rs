//! Cards of Paxos and its next of kin.

use super::{Card, Twin};
use crate::Model;
use crate::consensus::Paxos;
use crate::replication::{MultiPaxos, ViewstampedReplication};
use crate::services::{Command, Deciding, KeyValue};
use crate::stacks::{best_effort_broadcast, eventual_leader_detector, many_paxos};
use schism_kernel::{Ambient, Net, Node, layer, node};

fn paxos(defect: impl FnOnce(&mut Paxos<i64>)) -> Box<dyn Node> {
    let mut paxos = Paxos::default();
    defect(&mut paxos);
    let stack = layer(Deciding::default(), (many_paxos(paxos), best_effort_broadcast()));
    node(Ambient { detector: eventual_leader_detector(), stack })
}

pub(super) const PAXOS: Card = Card {
    name: "paxos",
    line: "proposers ask majorities of acceptors, who keep what they promised",
    source: "Lamport, Paxos Made Simple, 2001",
    model: Model::Recovery,
    promises: &["termination", "validity", "integrity", "agreement", "uniform agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| paxos(|_| {}),
    twins: &[Twin::new(
        "forgets-promises",
        "keeps what was promised, accepted and learnt in memory only",
        "uniform agreement",
        |_| paxos(|it| it.forgets_promises = true),
    )
    .under("majorities-fall")],
    beyond: &[],
};

fn multi_paxos(defect: impl FnOnce(&mut MultiPaxos<Command>)) -> Box<dyn Node> {
    let mut log = MultiPaxos::default();
    defect(&mut log);
    node(layer(KeyValue::default(), layer(log, Net::default())))
}

pub(super) const MULTI_PAXOS: Card = Card {
    name: "multi-paxos",
    line: "a key-value store over a log of Paxos instances that share a ballot",
    source: "Lamport, The Part-Time Parliament, 1998; Paxos Made Simple, 2001, section 3",
    model: Model::Recovery,
    promises: &[
        "linearizable",
        "log matching",
        "log prefix",
        "leader completeness",
        "availability",
    ],
    workload: "kv",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| multi_paxos(|_| {}),
    twins: &[
        Twin::new(
            "skips-phase-1",
            "a new leader does not ask what was accepted before",
            "log matching",
            |_| multi_paxos(|it| it.skips_phase_1 = true),
        ),
        Twin::new(
            "leaves-gaps",
            "a new leader leaves slots empty in which nothing was accepted",
            "availability",
            |_| multi_paxos(|it| it.leaves_gaps = true),
        )
        .under("leave-a-gap"),
    ],
    beyond: &[],
};

fn viewstamped(defect: impl FnOnce(&mut ViewstampedReplication<Command>)) -> Box<dyn Node> {
    let mut log = ViewstampedReplication::default();
    defect(&mut log);
    node(layer(KeyValue::default(), layer(log, Net::default())))
}

pub(super) const VIEWSTAMPED_REPLICATION: Card = Card {
    name: "viewstamped-replication",
    line: "a key-value store over a log whose primary changes with the view",
    source: "Liskov and Cowling, Viewstamped Replication Revisited, 2012",
    model: Model::Noisy,
    promises: &["linearizable", "log matching", "log prefix", "availability"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| viewstamped(|_| {}),
    twins: &[Twin::new(
        "starts-a-view-from-one-reply",
        "the next primary is content with its own log",
        "log matching",
        |_| viewstamped(|it| it.starts_a_view_from_one_reply = true),
    )],
    beyond: &[],
};
