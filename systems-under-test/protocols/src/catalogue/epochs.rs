//! Cards of epochs, of consensus in epochs, and of consensus by tossing coins.

use super::{Card, Twin};
use crate::Model;
use crate::consensus::{
    BenOr, LeaderBasedEpochChange, LeaderDrivenConsensus, ReadWriteEpochConsensus,
};
use crate::detectors::{IncreasingTimeout, MonarchicalEventualLeaderDetection, RotatingLeader};
use crate::services::{Deciding, Detecting};
use crate::stacks::{best_effort_broadcast, perfect_links};
use schism_kernel::{
    Ambient, AmbientLeader, Component, ConsensusInRounds, Each, EpochChange,
    EventualLeaderDetector, Many, Net, Node, layer, node,
};

fn eventual_leader() -> impl Component<Provides = EventualLeaderDetector> {
    let suspicions = layer(IncreasingTimeout::default(), perfect_links());
    layer(MonarchicalEventualLeaderDetection::default(), suspicions)
}

fn over_ambient_leader(change: LeaderBasedEpochChange) -> impl Component<Provides = EpochChange> {
    layer(change, (perfect_links(), best_effort_broadcast(), AmbientLeader))
}

fn epoch_change(reuses_timestamps: bool) -> Box<dyn Node> {
    let mut change = LeaderBasedEpochChange::default();
    change.reuses_timestamps = reuses_timestamps;
    let stack = layer(Detecting::default(), over_ambient_leader(change));
    node(Ambient { detector: eventual_leader(), stack })
}

/// Instances of consensus, each in epochs of its own, over one epoch-change.
fn in_epochs(
    consensus: LeaderDrivenConsensus<i64>,
    epoch: ReadWriteEpochConsensus<i64>,
) -> impl Component<Provides = Many<u64, ConsensusInRounds<i64>>> {
    let epochs = layer(Each::of(epoch), (perfect_links(), best_effort_broadcast()));
    let change = over_ambient_leader(LeaderBasedEpochChange::default());
    layer(Each::of(consensus), (change, epochs, best_effort_broadcast()))
}

fn epoch_consensus(defect: impl FnOnce(&mut ReadWriteEpochConsensus<i64>)) -> Box<dyn Node> {
    let mut epoch = ReadWriteEpochConsensus::default();
    defect(&mut epoch);
    let mut consensus = LeaderDrivenConsensus::default();
    consensus.encores_max = 2;
    let stack = layer(Deciding::default(), (in_epochs(consensus, epoch), best_effort_broadcast()));
    node(Ambient { detector: layer(RotatingLeader::default(), Net::default()), stack })
}

fn leader_driven(drops_the_state: bool) -> Box<dyn Node> {
    let mut consensus = LeaderDrivenConsensus::default();
    consensus.drops_the_state = drops_the_state;
    let instances = in_epochs(consensus, ReadWriteEpochConsensus::default());
    let stack = layer(Deciding::default(), (instances, best_effort_broadcast()));
    node(Ambient { detector: eventual_leader(), stack })
}

fn ben_or(decides_on_a_plain_majority: bool) -> Box<dyn Node> {
    let mut consensus = BenOr::default();
    consensus.decides_on_a_plain_majority = decides_on_a_plain_majority;
    let instances = layer(Each::of(consensus), best_effort_broadcast());
    node(layer(Deciding::default(), (instances, best_effort_broadcast())))
}

pub(super) const EPOCH_CHANGE: Card = Card {
    name: "epoch-change",
    line: "leaders follow each other in epochs, in the end one for all",
    source: "Module 5.3, Algorithm 5.5",
    model: Model::Noisy,
    promises: &["epoch monotonicity", "epoch consistency", "eventual epoch leadership"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| epoch_change(false),
    twins: &[Twin::new(
        "reuses-timestamps",
        "leaders take their timestamps from the same sequence",
        "epoch consistency",
        |_| epoch_change(true),
    )],
    beyond: &[],
};

pub(super) const EPOCH_CONSENSUS: Card = Card {
    name: "epoch-consensus",
    line: "in every epoch a leader reads from a majority, then writes to one",
    source: "Module 5.4, Algorithm 5.6",
    model: Model::Silent,
    promises: &["validity", "agreement", "uniform agreement", "lock-in", "abort behaviour"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| epoch_consensus(|_| {}),
    twins: &[
        Twin::new(
            "skips-the-read-phase",
            "writes its own proposal without reading what there is",
            "lock-in",
            |_| epoch_consensus(|it| it.skips_the_read_phase = true),
        ),
        Twin::new(
            "ignores-aborts",
            "goes on in an epoch that was aborted",
            "abort behaviour",
            |_| epoch_consensus(|it| it.ignores_aborts = true),
        ),
    ],
    beyond: &[],
};

pub(super) const LEADER_DRIVEN: Card = Card {
    name: "leader-driven-consensus",
    line: "epoch after epoch, each with a leader, until one decides",
    source: "Module 5.2, Algorithm 5.7",
    model: Model::Noisy,
    promises: &["termination", "validity", "integrity", "agreement", "uniform agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| leader_driven(false),
    twins: &[Twin::new(
        "drops-the-state",
        "begins every epoch as if there had been none before",
        "agreement",
        |_| leader_driven(true),
    )
    .under("cut-and-fall")],
    beyond: &[],
};

pub(super) const BEN_OR: Card = Card {
    name: "ben-or-consensus",
    line: "votes on zero or one, and tosses a coin when votes are split",
    source: "Ben-Or, Another advantage of free choice (1983)",
    model: Model::Silent,
    promises: &["termination", "strong validity", "integrity", "agreement", "uniform agreement"],
    workload: "binary-consensus",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| ben_or(false),
    twins: &[Twin::new(
        "decides-on-a-plain-majority",
        "decides what most of the votes it has seen are for",
        "agreement",
        |_| ben_or(true),
    )],
    beyond: &[],
};
