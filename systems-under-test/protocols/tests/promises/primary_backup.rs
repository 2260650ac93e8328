//! Replications that know who has crashed, and the one that votes, are linearizable.

use crate::support::linear::{linearizable, operations};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::BTreeMap;

type Build = fn(Setup) -> Box<dyn Node>;

const KEYS: u64 = 3;

/// Clients everywhere, while one process after the other crashes for good.
fn run(build: Build, seed: u64, crashes: usize, network: Network) -> World {
    let mut world = World::new(build, 5, seed, network);
    let mut value = 0;
    world.load(MS * 9_000, 2, move |rng, _| {
        let key = rng.below(KEYS);
        value += 1;
        match rng.below(3) {
            0 => json!({ "type": "read", "key": key }),
            1 => json!({ "type": "write", "key": key, "value": value }),
            _ => json!({ "type": "cas", "key": key, "from": value - 4, "to": value }),
        }
    });
    for crash in 0..crashes {
        let victim = if world.rng.below(2) == 0 { crash } else { 4 - crash };
        let (at, sends) = (500 + world.rng.below(5_000) as u32, world.rng.below(6) as usize);
        world.crash_after_sends(MS * at, victim, sends);
    }
    world.run(MS * 14_000);
    world
}

fn is_linearizable(world: &World) -> bool {
    (0..KEYS).all(|key| linearizable(operations(&world.operations, key)))
}

/// Once everything has settled, everybody is answered.
fn answers_in_the_end(world: &World) -> bool {
    let late = || world.operations.iter().filter(|o| o.invoked > MS * 7_000);
    let alive = |node: usize| world.crashed[node].is_none();
    late().count() > 10 && late().filter(|o| alive(o.node)).all(|o| o.reply.is_some())
}

fn build_of(name: &str, twin: Option<&str>) -> Build {
    let card = find(name).unwrap();
    twin.map_or(card.build, |twin| card.twin(twin).unwrap().build)
}

#[test]
fn those_that_know_who_has_crashed_are_linearizable_and_go_on() {
    for name in ["primary-backup-active", "primary-backup-passive", "chain-replication"] {
        for seed in 0..8 {
            let world = run(build_of(name, None), seed, 2, Network::BOUNDED);
            assert!(is_linearizable(&world), "{name} {seed}");
            assert!(answers_in_the_end(&world), "{name} {seed}");
        }
    }
}

#[test]
fn who_answers_first_loses_what_was_answered() {
    for name in ["primary-backup-active", "primary-backup-passive"] {
        let build = build_of(name, Some("answers-first"));
        let lost = |seed| !is_linearizable(&run(build, seed, 2, Network::BOUNDED));
        assert!((0..200).any(lost), "{name}");
    }
}

#[test]
fn the_head_of_a_chain_has_what_may_yet_be_lost() {
    let build = build_of("chain-replication", Some("reads-at-the-head"));
    assert!((0..400).any(|seed| !is_linearizable(&run(build, seed, 2, Network::BOUNDED))));
}

#[test]
fn a_minority_of_liars_is_outvoted_and_a_majority_is_not() {
    let lies = |twin, seed| {
        !is_linearizable(&run(build_of("voted-state-machine", twin), seed, 0, Network::GOOD))
    };
    assert!((0..4).all(|seed| !lies(None, seed)));
    assert!(lies(Some("one-liar-too-many"), 0));
    assert!(lies(Some("votes-at-a-replica"), 0));
}

/// A primary that falls while it takes over has told some backups of its view, and others not.
#[test]
fn nothing_that_was_committed_is_forgotten_when_a_new_primary_falls_at_once() {
    let build = build_of("primary-backup-active", None);
    for seed in 0..200 {
        let mut world = World::new(build, 5, seed, Network::BOUNDED);
        let mut value = 0;
        world.load(MS * 6_000, 6, move |_, _| {
            value += 1;
            json!({ "type": "write", "key": 1, "value": value })
        });
        world.crash(MS * 600, 0);
        // Its detector and its clients have something to say before it tells of its view.
        let sends = world.rng.below(60) as usize;
        world.crash_after_sends(MS * 1_500, 1, sends);
        world.run(MS * 9_000);
        let mut slots = BTreeMap::new();
        for commit in world.noted("commit") {
            let (slot, command) = (commit.note.number, commit.note.value.clone());
            let first = slots.entry(slot).or_insert_with(|| command.clone());
            assert_eq!(*first, command, "seed {seed}: slot {slot:?}");
        }
        assert!(slots.len() > 10, "seed {seed}");
    }
}
