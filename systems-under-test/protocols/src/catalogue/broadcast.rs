//! Cards of the broadcasts.

use super::{Beyond, Card, Twin};
use crate::broadcast::{
    AllAckUniformReliableBroadcast, BroadcastWithSequenceNumber,
    ConsensusBasedTerminatingBroadcast, LazyReliableBroadcast, MajorityAckUniformReliableBroadcast,
    NoWaitingCausalBroadcast, WaitingCausalBroadcast,
};
use crate::consensus::FloodingConsensus;
use crate::detectors::ExcludeOnTimeout;
use crate::services::Broadcasting;
use crate::stacks::{
    best_effort_broadcast, eager_reliable_broadcast, perfect_detector, perfect_links,
};
use crate::{Environment, Model};
use schism_kernel::{Ambient, AmbientDetector, Each, Node, layer, node};

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
    beyond: &[Beyond::new(
        "agreement",
        Environment::Model,
        "a sender that crashes in mid-broadcast has reached only some",
    )],
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
    build: |_| node(layer(Broadcasting::default(), eager_reliable_broadcast())),
    twins: &[],
    beyond: &[Beyond::new(
        "uniform agreement",
        Environment::Model,
        "a process delivers before it has passed the message on to anybody, and crashes",
    )],
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
    )
    .under("two-alone")],
    beyond: &[],
};

fn lazy_reliable(
    defect: impl FnOnce(&mut LazyReliableBroadcast<i64>, &mut ExcludeOnTimeout),
) -> Box<dyn Node> {
    let mut broadcast = LazyReliableBroadcast::default();
    let mut detector = ExcludeOnTimeout::default();
    defect(&mut broadcast, &mut detector);
    let uses = (best_effort_broadcast(), AmbientDetector);
    let stack = layer(Broadcasting::default(), layer(broadcast, uses));
    node(Ambient { detector: layer(detector, perfect_links()), stack })
}

pub(super) const LAZY_RELIABLE: Card = Card {
    name: "lazy-reliable-broadcast",
    line: "messages are passed on when their sender has crashed",
    source: "Module 3.2, Algorithm 3.2",
    model: Model::Sync,
    promises: &["validity", "no duplication", "no creation", "agreement"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| lazy_reliable(|_, _| {}),
    twins: &[
        Twin::new("ignores-crashes", "does nothing when a process crashes", "agreement", |_| {
            lazy_reliable(|broadcast, _| broadcast.ignores_crashes = true)
        })
        .under("kill-in-mid-relay"),
        Twin::new(
            "incomplete-detector",
            "stands on a detector that never suspects anybody",
            "agreement",
            |_| lazy_reliable(|_, detector| detector.suspects_nobody = true),
        ),
    ],
    beyond: &[Beyond::new(
        "uniform agreement",
        Environment::Model,
        "a process delivers what nobody else has got, and crashes",
    )],
};

fn all_ack_uniform(defect: impl FnOnce(&mut AllAckUniformReliableBroadcast<i64>)) -> Box<dyn Node> {
    let mut broadcast = AllAckUniformReliableBroadcast::default();
    defect(&mut broadcast);
    let uses = (best_effort_broadcast(), AmbientDetector);
    let stack = layer(Broadcasting::default(), layer(broadcast, uses));
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const ALL_ACK_UNIFORM: Card = Card {
    name: "all-ack-uniform-broadcast",
    line: "delivers what everybody who lives has passed on",
    source: "Module 3.3, Algorithm 3.4",
    model: Model::Sync,
    promises: &["validity", "no duplication", "no creation", "agreement", "uniform agreement"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| all_ack_uniform(|_| {}),
    twins: &[Twin::new(
        "waits-for-nobody",
        "delivers without waiting for acknowledgements",
        "uniform agreement",
        |_| all_ack_uniform(|broadcast| broadcast.waits_for_nobody = true),
    )
    .under("fall-one-by-one")],
    beyond: &[Beyond::new(
        "uniform agreement",
        Environment::Inaccurate,
        "whoever is accused is not waited for, and need not get what the others deliver",
    )],
};

fn fifo(defect: impl FnOnce(&mut BroadcastWithSequenceNumber<i64>)) -> Box<dyn Node> {
    let mut broadcast = BroadcastWithSequenceNumber::default();
    defect(&mut broadcast);
    node(layer(Broadcasting::default(), layer(broadcast, eager_reliable_broadcast())))
}

pub(super) const FIFO: Card = Card {
    name: "fifo-broadcast",
    line: "a reliable broadcast that keeps the order of each sender",
    source: "Module 3.8, Algorithm 3.12",
    model: Model::Silent,
    promises: &["validity", "no duplication", "no creation", "agreement", "fifo order"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| fifo(|_| {}),
    twins: &[Twin::new(
        "holds-nothing-back",
        "delivers what arrives when it arrives",
        "fifo order",
        |_| fifo(|broadcast| broadcast.holds_nothing_back = true),
    )],
    beyond: &[Beyond::new(
        "causal order",
        Environment::Model,
        "an answer by another sender may arrive before what it answers",
    )],
};

fn waiting_causal(defect: impl FnOnce(&mut WaitingCausalBroadcast<i64>)) -> Box<dyn Node> {
    let mut broadcast = WaitingCausalBroadcast::default();
    defect(&mut broadcast);
    node(layer(Broadcasting::default(), layer(broadcast, eager_reliable_broadcast())))
}

pub(super) const WAITING_CAUSAL: Card = Card {
    name: "waiting-causal-broadcast",
    line: "a reliable broadcast that delivers nothing before what may have caused it",
    source: "Module 3.9, Algorithm 3.15",
    model: Model::Silent,
    promises: &[
        "validity",
        "no duplication",
        "no creation",
        "agreement",
        "fifo order",
        "causal order",
    ],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| waiting_causal(|_| {}),
    twins: &[Twin::new(
        "compares-only-the-senders-entry",
        "waits for earlier messages of the same sender only",
        "causal order",
        |_| waiting_causal(|broadcast| broadcast.compares_only_the_senders_entry = true),
    )],
    beyond: &[],
};

fn causal(forgets_the_past: bool) -> Box<dyn Node> {
    let mut broadcast = NoWaitingCausalBroadcast::default();
    broadcast.forgets_the_past = forgets_the_past;
    node(layer(Broadcasting::default(), layer(broadcast, eager_reliable_broadcast())))
}

pub(super) const CAUSAL: Card = Card {
    name: "causal-broadcast",
    line: "a reliable broadcast that takes everything along that may have caused it",
    source: "Module 3.9, Algorithm 3.13",
    model: Model::Silent,
    promises: WAITING_CAUSAL.promises,
    workload: "slow-broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| causal(false),
    twins: &[Twin::new(
        "forgets-the-past",
        "sends a message without what came before it",
        "causal order",
        |_| causal(true),
    )],
    beyond: &[],
};

fn terminating(delivers_without_consensus: bool) -> Box<dyn Node> {
    let mut broadcast = ConsensusBasedTerminatingBroadcast::default();
    broadcast.delivers_without_consensus = delivers_without_consensus;
    let consensus = Each::of(FloodingConsensus::default());
    let consensus = layer(consensus, (best_effort_broadcast(), AmbientDetector));
    let uses = (best_effort_broadcast(), AmbientDetector, consensus);
    let stack = layer(Broadcasting::default(), layer(broadcast, uses));
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const TERMINATING: Card = Card {
    name: "terminating-broadcast",
    line: "something comes of every broadcast: the message, or that its sender is faulty",
    source: "Module 6.3, Algorithm 6.4",
    model: Model::Sync,
    promises: &["termination", "validity", "integrity", "agreement"],
    workload: "slow-broadcast",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| terminating(false),
    twins: &[Twin::new(
        "delivers-without-consensus",
        "delivers what it has got, or what it would say if it has got nothing",
        "agreement",
        |_| terminating(true),
    )
    .under("kill-in-mid-broadcast")],
    beyond: &[Beyond::new(
        "agreement",
        Environment::Inaccurate,
        "a sender that is accused is faulty to some, and has broadcast to others",
    )],
};
