//! Cards of the replications that know who has crashed, and of the one that votes.

use super::{Beyond, Card, Twin};
use crate::detectors::{DETECTION_BOUND, HEARTBEAT_BOUND, SilenceDetector};
use crate::links::SequenceNumbers;
use crate::replication::{
    ChainReplication, PassivePrimaryBackup, PrimaryBackup, Raft, VotedStateMachine,
};
use crate::services::{Command, KeyValue};
use crate::stacks::{perfect_detector, perfect_links};
use crate::{Environment, Model};
use schism_kernel::{Ambient, AmbientDetector, Component, FifoLink, Net, Node, Wire, layer, node};

/// FIFO links over perfect links.
fn fifo_links<M: Wire>() -> impl Component<Provides = FifoLink<M>> {
    layer(SequenceNumbers::default(), perfect_links())
}

/// Where delays exceed the bound, the living are accused.
const TWO_PRIMARIES: &[Beyond] = &[Beyond::new(
    "linearizable",
    Environment::Inaccurate,
    "a primary that is accused while it lives goes on, beside the one that follows it",
)];

fn active(log: PrimaryBackup<Command>) -> Box<dyn Node> {
    let log = layer(log, (fifo_links(), AmbientDetector));
    let stack = layer(KeyValue::default(), log);
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const ACTIVE: Card = Card {
    name: "primary-backup-active",
    line: "a primary orders the commands, and everybody executes them",
    source: "Budhiraja, Marzullo, Schneider and Toueg, The Primary-Backup Approach, 1993",
    model: Model::Sync,
    promises: &["linearizable", "log prefix", "failover time"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| active(PrimaryBackup::new(DETECTION_BOUND)),
    twins: &[Twin::new(
        "answers-first",
        "answers the client before the backups have the command",
        "linearizable",
        |_| active(PrimaryBackup::answering_first(DETECTION_BOUND)),
    )
    .under("fall-one-by-one")],
    beyond: TWO_PRIMARIES,
};

fn passive(primary: PassivePrimaryBackup) -> Box<dyn Node> {
    let stack = layer(primary, (fifo_links(), AmbientDetector));
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const PASSIVE: Card = Card {
    name: "primary-backup-passive",
    line: "a primary executes, and the backups take over what came of it",
    source: "Budhiraja, Marzullo, Schneider and Toueg, The Primary-Backup Approach, 1993",
    model: Model::Sync,
    promises: &["linearizable", "failover time"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| passive(PassivePrimaryBackup::new(DETECTION_BOUND)),
    twins: &[Twin::new(
        "answers-first",
        "answers the client before the backups have what was changed",
        "linearizable",
        |_| passive(PassivePrimaryBackup::answering_first(DETECTION_BOUND)),
    )
    .under("fall-one-by-one")],
    beyond: TWO_PRIMARIES,
};

fn lossy(log: PrimaryBackup<Command>) -> Box<dyn Node> {
    let log = layer(log, (fifo_links(), AmbientDetector));
    let stack = layer(KeyValue::default(), log);
    node(Ambient { detector: layer(SilenceDetector::default(), Net::default()), stack })
}

pub(super) const LOSSY: Card = Card {
    name: "primary-backup-lossy",
    line: "the same over links that lose messages",
    source: "Budhiraja, Marzullo, Schneider and Toueg, The Primary-Backup Approach, 1993",
    model: Model::Chance,
    promises: &["linearizable", "log prefix", "failover time"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| lossy(PrimaryBackup::new(HEARTBEAT_BOUND)),
    twins: &[Twin::new(
        "answers-first",
        "answers the client before a backup has the command",
        "linearizable",
        |_| lossy(PrimaryBackup::answering_first(HEARTBEAT_BOUND)),
    )
    .under("fall-one-by-one")],
    beyond: TWO_PRIMARIES,
};

fn chain(defect: impl FnOnce(&mut ChainReplication)) -> Box<dyn Node> {
    let mut chain = ChainReplication::default();
    defect(&mut chain);
    let stack = layer(chain, (fifo_links(), AmbientDetector));
    node(Ambient { detector: perfect_detector(), stack })
}

pub(super) const CHAIN: Card = Card {
    name: "chain-replication",
    line: "changes go down a chain from its head, reads are answered by its tail",
    source: "van Renesse and Schneider, Chain Replication, 2004",
    model: Model::Sync,
    promises: &["linearizable"],
    workload: "kv",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| chain(|_| {}),
    twins: &[Twin::new(
        "reads-at-the-head",
        "the head answers reads, out of what the tail may never get",
        "linearizable",
        |_| chain(|chain| chain.reads_at_the_head = true),
    )
    .under("fall-one-by-one")],
    beyond: &[Beyond::new(
        "linearizable",
        Environment::Inaccurate,
        "who is accused while it lives still answers, out of what it has",
    )],
};

fn voted(variant: impl FnOnce(&mut VotedStateMachine)) -> Box<dyn Node> {
    let mut replica = VotedStateMachine::default();
    variant(&mut replica);
    node(layer(replica, (layer(Raft::default(), Net::default()), perfect_links())))
}

/// How many replicas lie: of the f faulty ones of 2f+1, all but one, which may crash.
fn liars(nodes: usize) -> usize {
    (nodes.saturating_sub(1) / 2).saturating_sub(1)
}

pub(super) const VOTED: Card = Card {
    name: "voted-state-machine",
    line: "everybody executes, some lie, and the client believes the majority",
    source: "Schneider, Implementing Fault-Tolerant Services Using the State Machine Approach, 1990",
    model: Model::Noisy,
    promises: &["linearizable"],
    workload: "kv",
    one_writer: false,
    // The others that may fail lie.
    tolerates: |n| n.saturating_sub(1) / 2 - liars(n),
    build: |setup| voted(|replica| replica.liars = liars(setup.nodes)),
    twins: &[
        Twin::new(
            "one-liar-too-many",
            "more than half of the replicas lie",
            "linearizable",
            |setup| voted(|replica| replica.liars = setup.nodes / 2 + 1),
        ),
        Twin::new(
            "votes-at-a-replica",
            "the voter stands at a replica, and hands on what that one says",
            "linearizable",
            |setup| {
                voted(|replica| {
                    replica.liars = liars(setup.nodes);
                    replica.votes_at_a_replica = true;
                })
            },
        ),
    ],
    beyond: &[],
};
