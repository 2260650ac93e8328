//! Cards of the failure detectors and leader elections.

use super::{Beyond, Card, Twin};
use crate::detectors::{
    ElectLowerEpoch, ExcludeOnTimeout, IncreasingTimeout, MonarchicalEventualLeaderDetection,
    MonarchicalLeaderElection,
};
use crate::services::Detecting;
use crate::stacks::perfect_links;
use crate::{Environment, Model};
use schism_kernel::{Net, Node, layer, node};

fn perfect(defect: impl FnOnce(&mut ExcludeOnTimeout)) -> Box<dyn Node> {
    let mut detector = ExcludeOnTimeout::default();
    defect(&mut detector);
    node(layer(Detecting::default(), layer(detector, perfect_links())))
}

fn leader_election(defect: impl FnOnce(&mut ExcludeOnTimeout)) -> Box<dyn Node> {
    let mut detector = ExcludeOnTimeout::default();
    defect(&mut detector);
    let election = layer(MonarchicalLeaderElection::default(), layer(detector, perfect_links()));
    node(layer(Detecting::default(), election))
}

fn eventually_perfect(defect: impl FnOnce(&mut IncreasingTimeout)) -> Box<dyn Node> {
    let mut detector = IncreasingTimeout::default();
    defect(&mut detector);
    node(layer(Detecting::default(), layer(detector, perfect_links())))
}

fn eventual_leader(
    defect: impl FnOnce(&mut MonarchicalEventualLeaderDetection, &mut IncreasingTimeout),
) -> Box<dyn Node> {
    let mut election = MonarchicalEventualLeaderDetection::default();
    let mut suspicions = IncreasingTimeout::default();
    defect(&mut election, &mut suspicions);
    let detector = layer(election, layer(suspicions, perfect_links()));
    node(layer(Detecting::default(), detector))
}

pub(super) const PERFECT: Card = Card {
    name: "perfect-detector",
    line: "tells of every crash, and of nothing else",
    source: "Module 2.6, Algorithm 2.5",
    model: Model::Sync,
    promises: &["strong completeness", "strong accuracy"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| perfect(|_| {}),
    twins: &[Twin::new(
        "impatient",
        "waits for less time than a message may take",
        "strong accuracy",
        |_| perfect(|detector| detector.impatient = true),
    )],
    beyond: &[Beyond::new(
        "strong accuracy",
        Environment::Inaccurate,
        "who answers later than it may is taken for dead, for ever",
    )],
};

pub(super) const EVENTUALLY_PERFECT: Card = Card {
    name: "eventually-perfect-detector",
    line: "suspects the crashed, and in the end nobody else",
    source: "Module 2.8, Algorithm 2.7",
    model: Model::Noisy,
    promises: &["strong completeness", "eventual strong accuracy"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| eventually_perfect(|_| {}),
    twins: &[
        Twin::new(
            "fixed-timeout",
            "waits no longer after it was wrong",
            "eventual strong accuracy",
            |_| eventually_perfect(|detector| detector.fixed_timeout = true),
        ),
        Twin::new(
            "never-restores",
            "does not take a suspicion back",
            "eventual strong accuracy",
            |_| eventually_perfect(|detector| detector.never_restores = true),
        ),
    ],
    beyond: &[Beyond::new(
        "strong accuracy",
        Environment::Model,
        "a process that is slow is suspected until it answers",
    )],
};

pub(super) const EVENTUAL_LEADER: Card = Card {
    name: "eventual-leader",
    line: "in the end everybody trusts the same correct process",
    source: "Module 2.9, Algorithm 2.8",
    model: Model::Noisy,
    promises: &["eventual accuracy", "eventual leadership agreement"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| eventual_leader(|_, _| {}),
    twins: &[
        Twin::new(
            "trusts-the-suspected",
            "trusts the first it has ever heard of",
            "eventual leadership agreement",
            |_| eventual_leader(|election, _| election.trusts_the_suspected = true),
        ),
        Twin::new(
            "never-restores",
            "stands on a detector that does not take a suspicion back",
            "eventual leadership agreement",
            |_| eventual_leader(|_, detector| detector.never_restores = true),
        ),
    ],
    beyond: &[],
};

fn eventual_leader_by_epochs(defect: impl FnOnce(&mut ElectLowerEpoch)) -> Box<dyn Node> {
    let mut election = ElectLowerEpoch::default();
    defect(&mut election);
    node(layer(Detecting::default(), layer(election, Net::default())))
}

pub(super) const EVENTUAL_LEADER_BY_EPOCHS: Card = Card {
    name: "eventual-leader-by-epochs",
    line: "in the end everybody trusts the same process, one that no longer restarts",
    source: "Module 2.9, Algorithm 2.9",
    model: Model::Recovery,
    promises: &["eventual leadership agreement"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| eventual_leader_by_epochs(|_| {}),
    twins: &[Twin::new(
        "never-forgets",
        "believes for ever what it first heard of each process",
        "eventual leadership agreement",
        |_| eventual_leader_by_epochs(|election| election.never_forgets = true),
    )
    .under("restart-the-first")],
    beyond: &[],
};

pub(super) const LEADER_ELECTION: Card = Card {
    name: "leader-election",
    line: "a leader who is followed by another only when it is dead",
    source: "Module 2.7, Algorithm 2.6",
    model: Model::Sync,
    promises: &["eventual leadership", "leader accuracy"],
    workload: "detect",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| leader_election(|_| {}),
    twins: &[Twin::new(
        "impatient",
        "stands on a detector that waits for less time than a message may take",
        "leader accuracy",
        |_| leader_election(|detector| detector.impatient = true),
    )],
    beyond: &[Beyond::new(
        "leader accuracy",
        Environment::Inaccurate,
        "a leader who answers later than it may is taken for dead, and followed while it lives",
    )],
};
