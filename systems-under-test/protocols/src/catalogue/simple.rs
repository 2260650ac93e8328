//! Cards of what needs no protocol at all.

use super::{Card, Twin};
use crate::Model;
use crate::services::{Echoing, UniqueIds};
use schism_kernel::{Net, layer, node};

pub(super) const ECHO: Card = Card {
    name: "echo",
    line: "says what it is told",
    source: "Maelstrom's echo workload",
    model: Model::Open,
    promises: &["echo"],
    workload: "echo",
    one_writer: false,
    tolerates: |n| n,
    build: |_| node(layer(Echoing, Net::default())),
    twins: &[],
    beyond: &[],
};

pub(super) const UNIQUE_IDS: Card = Card {
    name: "unique-ids",
    line: "gives out ids that nobody else gives",
    source: "Maelstrom's unique-ids workload",
    model: Model::Open,
    promises: &["unique ids"],
    workload: "unique-ids",
    one_writer: false,
    tolerates: |n| n,
    build: |_| node(layer(UniqueIds::default(), Net::default())),
    twins: &[Twin::new(
        "no-incarnation",
        "counts from one again after a restart",
        "unique ids",
        |_| node(layer(UniqueIds { no_incarnation: true, ..UniqueIds::default() }, Net::default())),
    )],
    beyond: &[],
};
