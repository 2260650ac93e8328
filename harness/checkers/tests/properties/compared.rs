//! Thousands of lawless random histories: every check must say what its oracle says.

use crate::draw::{self, Weather};
use crate::oracle::{self, World};
use crate::support::{Rng, Tape, broken};
use crate::{oracle_more, oracle_register, oracle_trust};
use schism_checkers::properties::Faults;

pub const CASES: u64 = 4000;

/// Compares check and oracle on drawn histories; both answers must occur.
pub fn compare(
    workload: &str,
    property: &str,
    weather: Weather,
    draw: impl Fn(&mut Rng, Weather) -> Tape,
    fits: impl Fn(&World) -> bool,
    oracle: impl Fn(&World, &Tape) -> bool,
) {
    let (mut kept, mut lost) = (0, 0);
    for seed in 0..CASES {
        let mut rng = Rng(seed);
        let tape = draw(&mut rng, weather);
        let faults = if seed % 2 == 0 { Faults::CrashStop } else { Faults::CrashRecovery };
        let world = World::new(&tape.0, faults);
        if !fits(&world) {
            continue;
        }
        let finding = tape.judge_as(workload, property, faults);
        let expected = oracle(&world, &tape);
        assert_eq!(
            broken(finding.status),
            expected,
            "{workload}: {property}, seed {seed}, {faults:?}: {finding:?}\n{}",
            listing(&tape),
        );
        if expected { lost += 1 } else { kept += 1 }
    }
    assert!(kept > 50 && lost > 50, "{property}: {kept} kept, {lost} broken: a poor comparison");
}

pub fn listing(tape: &Tape) -> String {
    tape.0.records.iter().map(|r| format!("{} {:?}\n", r.index, r.entry)).collect()
}

pub const ALL: Weather = Weather { restarts: true, liars: true, instances: true };

#[test]
fn broadcast_promises() {
    for property in [
        "validity",
        "best-effort validity",
        "no duplication",
        "no creation",
        "agreement",
        "uniform agreement",
        "fifo order",
    ] {
        let oracle = |w: &World, _: &Tape| oracle::broadcast(w, property);
        compare("broadcast", property, ALL, draw::broadcasts, |_| true, oracle);
    }
}

#[test]
fn causal_order() {
    // What is delivered before it was broadcast has no place in any causal past.
    let created = |w: &World| oracle::broadcast(w, "no creation");
    let oracle = |w: &World, _: &Tape| oracle::broadcast(w, "causal order");
    compare("broadcast", "causal order", ALL, draw::broadcasts, |w| !created(w), oracle);
}

#[test]
fn total_order() {
    let weather = Weather { restarts: false, ..ALL };
    let oracle = |w: &World, _: &Tape| oracle::broadcast(w, "total order");
    compare("broadcast", "total order", weather, draw::broadcasts, |_| true, oracle);
}

#[test]
fn link_promises() {
    for property in
        ["reliable delivery", "stubborn delivery", "no duplication", "no creation", "fifo order"]
    {
        let oracle = |w: &World, _: &Tape| oracle::link(w, property);
        compare("link", property, ALL, draw::sends, |_| true, oracle);
    }
}

#[test]
fn consensus_promises() {
    for property in [
        "termination",
        "validity",
        "weak validity",
        "strong validity",
        "integrity",
        "agreement",
        "uniform agreement",
    ] {
        let oracle = |w: &World, _: &Tape| oracle::consensus(w, property);
        compare("consensus", property, ALL, draw::consensus, |_| true, oracle);
    }
}

#[test]
fn detector_promises() {
    for property in ["strong completeness", "strong accuracy", "eventual strong accuracy"] {
        let oracle = |w: &World, t: &Tape| oracle_trust::detect(w, property, t.0.records.len());
        compare("detect", property, ALL, draw::detection, |_| true, oracle);
    }
}

#[test]
fn leader_promises() {
    for property in
        ["eventual accuracy", "eventual leadership agreement", "leader accuracy", "election safety"]
    {
        let oracle = |w: &World, t: &Tape| oracle_trust::leader(w, property, t.0.records.len());
        compare("detect", property, ALL, draw::detection, |_| true, oracle);
    }
}

#[test]
fn log_promises() {
    for property in ["log matching", "log prefix", "equal outputs", "leader completeness"] {
        let oracle = |w: &World, _: &Tape| oracle_trust::log(w, property);
        compare("kv", property, ALL, draw::logs, |_| true, oracle);
    }
}

#[test]
fn register_promises() {
    for (property, writers) in
        [("safe", 1), ("regular", 1), ("regular", 2), ("atomic", 1), ("atomic", 3)]
    {
        let draw = |rng: &mut Rng, _: Weather| {
            let clients = writers + 1 + rng.next() % 3;
            let steps = 4 + rng.below(14);
            draw::register(rng, writers, clients, steps)
        };
        let oracle = |_: &World, t: &Tape| oracle_register::register(&t.0, property);
        compare("register", property, ALL, draw, |_| true, oracle);
    }
}

#[test]
fn epoch_promises() {
    for property in
        ["epoch monotonicity", "epoch consistency", "eventual epoch leadership", "lock-in"]
    {
        let oracle = |w: &World, t: &Tape| oracle_more::epochs(w, property, t.0.records.len());
        let instances = property != "eventual epoch leadership";
        compare(
            "consensus",
            property,
            Weather { instances, ..ALL },
            draw::epochs,
            |_| true,
            oracle,
        );
    }
}

#[test]
fn abort_behaviour() {
    let oracle = |w: &World, _: &Tape| oracle_more::aborts(w);
    compare("consensus", "abort behaviour", ALL, draw::aborts, |_| true, oracle);
}

#[test]
fn clock_promises() {
    // The drawn clocks go on through a restart and have instances of their own.
    let weather = Weather { restarts: false, liars: true, instances: false };
    for (property, vector) in
        [("lamport clock", false), ("hybrid clock", true), ("vector clock", true)]
    {
        let draw = |rng: &mut Rng, weather: Weather| draw::stamped(rng, weather, vector);
        let oracle = |w: &World, _: &Tape| oracle_more::clocks(w, property);
        compare("events", property, weather, draw, |_| true, oracle);
    }
}

#[test]
fn promises_against_lying_senders() {
    for property in ["consistency", "totality", "termination", "integrity"] {
        let oracle = |w: &World, _: &Tape| oracle_more::byzantine(w, property);
        compare("broadcast", property, ALL, draw::numbered, |_| true, oracle);
    }
}
