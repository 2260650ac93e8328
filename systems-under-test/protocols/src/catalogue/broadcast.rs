//! Cards of the broadcasts.

use super::{Beyond, Card};
use crate::Model;
use crate::services::Broadcasting;
use crate::stacks::best_effort_broadcast;
use schism_kernel::{layer, node};

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
