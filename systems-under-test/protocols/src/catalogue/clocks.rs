//! Cards of the clocks.

use super::{Card, Twin};
use crate::Model;
use crate::clocks::{
    ClockSync, HybridClock, LamportClock, LogicalClock, OwnClock, Stamping, VectorClock,
};
use crate::services::{Happening, Telling};
use crate::stacks::perfect_links;
use schism_kernel::{Net, Node, layer, node};

fn stamped(clock: impl LogicalClock) -> Box<dyn Node> {
    node(layer(Happening::default(), layer(Stamping::by(clock), perfect_links())))
}

fn lamport(defect: impl FnOnce(&mut LamportClock)) -> Box<dyn Node> {
    let mut clock = LamportClock::default();
    defect(&mut clock);
    stamped(clock)
}

fn vector(defect: impl FnOnce(&mut VectorClock)) -> Box<dyn Node> {
    let mut clock = VectorClock::default();
    defect(&mut clock);
    stamped(clock)
}

fn hybrid(defect: impl FnOnce(&mut HybridClock)) -> Box<dyn Node> {
    let mut clock = HybridClock::default();
    defect(&mut clock);
    OwnClock::of(stamped(clock))
}

pub(super) const LAMPORT: Card = Card {
    name: "lamport-clock",
    line: "what may have caused an event has a smaller stamp",
    source: "Lamport 1978",
    model: Model::Silent,
    promises: &["lamport clock"],
    workload: "events",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| lamport(|_| {}),
    twins: &[Twin::new(
        "no-max-on-receive",
        "a delivery takes no notice of the stamp that came with the message",
        "lamport clock",
        |_| lamport(|clock| clock.no_max_on_receive = true),
    )],
    beyond: &[],
};

pub(super) const VECTOR: Card = Card {
    name: "vector-clock",
    line: "stamps tell what may have caused an event, and what cannot have",
    source: "Fidge 1988, Mattern 1989",
    model: Model::Silent,
    promises: &["vector clock"],
    workload: "events",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| vector(|_| {}),
    twins: &[Twin::new(
        "drops-one-entry",
        "a delivery learns nothing about one of the processes",
        "vector clock",
        |_| vector(|clock| clock.drops_one_entry = true),
    )],
    beyond: &[],
};

pub(super) const HYBRID: Card = Card {
    name: "hybrid-clock",
    line: "stamps that say what came first, and what time it was",
    source: "Kulkarni et al. 2014",
    model: Model::Silent,
    promises: &["hybrid clock", "wall clock distance"],
    workload: "events",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| hybrid(|_| {}),
    twins: &[
        Twin::new(
            "ignores-the-received-stamp",
            "a delivery takes no notice of the stamp that came with the message",
            "hybrid clock",
            |_| hybrid(|clock| clock.ignores_the_received_stamp = true),
        ),
        Twin::new(
            "counts-in-nanoseconds",
            "moves the time on where it stands still",
            "wall clock distance",
            |_| hybrid(|clock| clock.counts_in_nanoseconds = true),
        ),
    ],
    beyond: &[],
};

fn clock_sync(defect: impl FnOnce(&mut ClockSync)) -> Box<dyn Node> {
    let mut clock = ClockSync::default();
    defect(&mut clock);
    OwnClock::but_the_first(node(layer(Telling::default(), layer(clock, Net::default()))))
}

pub(super) const CLOCK_SYNC: Card = Card {
    name: "clock-sync",
    line: "tells the time, and by how much it may be wrong",
    source: "Cristian 1989",
    model: Model::Sync,
    promises: &["clock bound"],
    workload: "clock",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| clock_sync(|_| {}),
    twins: &[Twin::new(
        "announces-no-uncertainty",
        "takes half of the round trip for the delay, and is sure of it",
        "clock bound",
        |_| clock_sync(|clock| clock.announces_no_uncertainty = true),
    )],
    beyond: &[],
};
