//! Cards of consensus.

use super::{Card, Twin};
use crate::Model;
use crate::consensus::FloodingUniformConsensus;
use crate::services::Deciding;
use crate::stacks::{best_effort_broadcast, perfect_detector};
use schism_kernel::{Ambient, AmbientDetector, Instances, Node, layer, node};

fn flooding_uniform(defect: impl FnOnce(&mut FloodingUniformConsensus<i64>)) -> Box<dyn Node> {
    let mut consensus = FloodingUniformConsensus::default();
    defect(&mut consensus);
    let uses = (best_effort_broadcast(), AmbientDetector);
    let stack = layer(Deciding::default(), Instances::of(layer(consensus, uses)));
    node(Ambient { detector: perfect_detector(), stack })
}

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
        ),
        Twin::new(
            "waits-for-a-majority-only",
            "decides when a majority has proposed",
            "agreement",
            |_| flooding_uniform(|it| it.waits_for_a_majority_only = true),
        ),
    ],
    beyond: &[],
};
