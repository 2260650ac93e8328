//! Cards of consensus.

use super::{Beyond, Card, Twin};
use crate::consensus::{FloodingConsensus, FloodingUniformConsensus, HierarchicalConsensus};
use crate::services::Deciding;
use crate::stacks::{best_effort_broadcast, perfect_detector};
use crate::{Environment, Model};
use schism_kernel::{Ambient, AmbientDetector, Each, Node, layer, node};

/// A stack over a consensus algorithm that uses best-effort broadcast and the perfect detector.
macro_rules! over_perfect_detector {
    ($algorithm:ty, $defect:expr) => {{
        let mut consensus = <$algorithm>::default();
        $defect(&mut consensus);
        let uses = (best_effort_broadcast(), AmbientDetector);
        let instances = layer(Each::of(consensus), uses);
        let stack = layer(Deciding::default(), (instances, best_effort_broadcast()));
        node(Ambient { detector: perfect_detector(), stack })
    }};
}

fn flooding(defect: impl FnOnce(&mut FloodingConsensus<i64>)) -> Box<dyn Node> {
    over_perfect_detector!(FloodingConsensus<i64>, defect)
}

fn flooding_uniform(defect: impl FnOnce(&mut FloodingUniformConsensus<i64>)) -> Box<dyn Node> {
    over_perfect_detector!(FloodingUniformConsensus<i64>, defect)
}

fn hierarchical(defect: impl FnOnce(&mut HierarchicalConsensus<i64>)) -> Box<dyn Node> {
    over_perfect_detector!(HierarchicalConsensus<i64>, defect)
}

const INACCURATE: &str = "whoever is accused is not waited for, and decides for itself";

pub(super) const FLOODING: Card = Card {
    name: "flooding-consensus",
    line: "everybody floods proposals until two rounds running hear from the same",
    source: "Module 5.1, Algorithm 5.1",
    model: Model::Sync,
    promises: &["termination", "validity", "integrity", "agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| flooding(|_| {}),
    twins: &[Twin::new(
        "waits-for-a-majority-only",
        "decides when a majority has proposed",
        "agreement",
        |_| flooding(|it| it.waits_for_a_majority_only = true),
    )],
    beyond: &[Beyond::new("agreement", Environment::Inaccurate, INACCURATE)],
};

pub(super) const HIERARCHICAL: Card = Card {
    name: "hierarchical-consensus",
    line: "in the order of their ranks, processes impose a value on those behind them",
    source: "Module 5.1, Algorithm 5.2",
    model: Model::Sync,
    promises: &["termination", "validity", "integrity", "agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| hierarchical(|_| {}),
    twins: &[Twin::new("jumps-the-queue", "does not wait for its turn", "agreement", |_| {
        hierarchical(|it| it.jumps_the_queue = true)
    })],
    beyond: &[
        Beyond::new(
            "uniform agreement",
            Environment::Model,
            "a process decides, crashes and has told nobody",
        ),
        Beyond::new("agreement", Environment::Inaccurate, INACCURATE),
    ],
};

pub(super) const FLOODING_UNIFORM: Card = Card {
    name: "flooding-uniform-consensus",
    line: "everybody floods proposals for N rounds, then takes the least",
    source: "Module 5.2, Algorithm 5.3",
    model: Model::Sync,
    promises: &["termination", "validity", "integrity", "agreement", "uniform agreement"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| flooding_uniform(|_| {}),
    twins: &[
        Twin::new(
            "decides-in-round-one",
            "decides at the end of the first round",
            "uniform agreement",
            |_| flooding_uniform(|it| it.decides_in_round_one = true),
        )
        .under("fall-one-by-one"),
        Twin::new(
            "waits-for-a-majority-only",
            "decides when a majority has proposed",
            "agreement",
            |_| flooding_uniform(|it| it.waits_for_a_majority_only = true),
        ),
    ],
    beyond: &[Beyond::new("agreement", Environment::Inaccurate, INACCURATE)],
};
