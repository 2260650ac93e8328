//! Cards of the probabilistic broadcasts.

use super::{Beyond, Card, Twin};
use crate::broadcast::{EagerProbabilisticBroadcast, LazyProbabilisticBroadcast};
use crate::services::Broadcasting;
use crate::{Environment, Model};
use schism_kernel::{Net, Node, layer, node};

fn push(fanout: usize) -> Box<dyn Node> {
    let broadcast = EagerProbabilisticBroadcast::new(fanout, 4);
    node(layer(Broadcasting::default(), layer(broadcast, Net::default())))
}

fn push_pull(never_pulls: bool) -> Box<dyn Node> {
    let dissemination = layer(EagerProbabilisticBroadcast::new(3, 2), Net::default());
    let mut pull = LazyProbabilisticBroadcast::default();
    pull.never_pulls = never_pulls;
    let uses = (Net::default(), dissemination);
    node(layer(Broadcasting::default(), layer(pull, uses)))
}

/// Of the correct processes, the share that is promised to deliver what a correct one broadcasts.
pub(super) const COVERAGE: f64 = 0.95;

const NOT_ALL: Beyond = Beyond::new(
    "agreement",
    Environment::Model,
    "everybody who is told of a message may be told in vain: some hear of it, and some do not",
);

pub(super) const PUSH: Card = Card {
    name: "gossip-push",
    line: "whoever hears of a message tells some others, drawn at random",
    source: "Module 3.7, Algorithm 3.9",
    model: Model::Chance,
    promises: &["coverage", "no duplication", "no creation"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| push(4),
    twins: &[Twin::new("tells-one", "tells one other instead of some", "coverage", |_| push(1))],
    beyond: &[NOT_ALL],
};

pub(super) const PUSH_PULL: Card = Card {
    name: "gossip-push-pull",
    line: "tells few, and those who miss something ask for it",
    source: "Module 3.7, Algorithms 3.10 and 3.11",
    model: Model::Chance,
    promises: &["coverage", "no duplication", "no creation"],
    workload: "broadcast",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| push_pull(false),
    twins: &[Twin::new("never-pulls", "asks nobody for what it misses", "coverage", |_| {
        push_pull(true)
    })
    .under("heavy-loss")],
    beyond: &[NOT_ALL],
};
