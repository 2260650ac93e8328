//! Replicated key-value stores are linearizable and come back to life.

use crate::support::linear::{linearizable, operations};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;

type Build = fn(Setup) -> Box<dyn Node>;

pub const KEYS: u64 = 5;

/// Some fall in mid-step and come back, or are cut off for a while, again and again.
pub fn trouble(world: &mut World, when: Range<u32>, longest: u32) {
    let mut at = when.start;
    while at < when.end {
        let many = 1 + world.rng.below(2) as usize;
        let some = world.rng.some_of(many, 5);
        let end = at + longest / 5 + world.rng.below(longest.into()) as u32;
        if world.rng.below(2) == 0 {
            world.partition(MS * at, MS * end, &some);
        } else {
            for victim in some {
                let sends = world.rng.below(10) as usize;
                world.crash_after_sends(MS * at, victim, sends);
                world.restart(MS * end, victim);
            }
        }
        at = end + world.rng.below(u64::from(longest) * 2 / 5) as u32;
    }
}

/// Clients everywhere; kills, restarts and partitions; then peace and more clients.
pub fn run(build: Build, seed: u64) -> World {
    let network = Network { loss: 50, duplication: 50, delay_ms: (1, 15) };
    let mut world = World::new(build, 5, seed, network);
    let mut value = 0;
    world.load(MS * 14_000, 1, move |rng, _| {
        let key = rng.below(KEYS);
        value += 1;
        match rng.below(3) {
            0 => json!({ "type": "read", "key": key }),
            1 => json!({ "type": "write", "key": key, "value": value }),
            _ => json!({ "type": "cas", "key": key, "from": value - 10, "to": value }),
        }
    });
    trouble(&mut world, 1000..9000, 1500);
    world.run(MS * 10_000);
    world.network = Network::GOOD;
    world.run(MS * 20_000);
    world
}

pub fn is_linearizable(world: &World) -> bool {
    (0..KEYS).all(|key| linearizable(operations(&world.operations, key)))
}

/// A term has one leader.
fn election_safety(world: &World) -> bool {
    let mut leader = BTreeMap::new();
    world.noted("lead").all(|n| *leader.entry(n.note.number.unwrap()).or_insert(n.node) == n.node)
}

/// A slot has one command, everywhere and forever.
pub fn log_prefix(world: &World) -> bool {
    let mut command: BTreeMap<u64, &Value> = BTreeMap::new();
    let mut commits = world.noted("commit");
    commits
        .all(|n| *command.entry(n.note.number.unwrap()).or_insert(&n.note.value) == &n.note.value)
}

/// Once there is peace, everybody is answered.
pub fn available(world: &World) -> bool {
    let late: Vec<_> = world.operations.iter().filter(|o| o.invoked > MS * 12_000).collect();
    assert!(late.len() > 100, "{}", late.len());
    late.iter().all(|o| o.reply.as_ref().is_some_and(|(_, body)| body["code"] != 11))
}

#[test]
fn raft_is_linearizable_safe_and_live() {
    let build = find("raft").unwrap().build;
    let mut marks = BTreeMap::new();
    for seed in 0..12 {
        let world = run(build, seed);
        assert!(world.answered() > 500, "{seed}: {}", world.answered());
        assert!(election_safety(&world) && log_prefix(&world), "{seed}");
        assert!(is_linearizable(&world), "{seed}");
        assert!(available(&world), "{seed}");
        for (&mark, times) in &world.marks {
            *marks.entry(mark).or_insert(0) += times;
        }
    }
    for mark in ["election", "leader change", "log truncated", "conflict", "recovery"] {
        assert!(marks.contains_key(mark), "no run reached {mark:?}: {marks:?}");
    }
}

#[test]
fn raft_with_local_reads_is_not_linearizable() {
    let build = find("raft").unwrap().twin("reads-locally").unwrap().build;
    assert!((0..20).any(|seed| !is_linearizable(&run(build, seed))));
}

/// Leaders fall in the middle of a step, again and again, and come back soon; peace in the end.
pub fn run_with_falling_leaders(build: Build, seed: u64, loss: u64) -> World {
    let network = Network { loss, duplication: 0, delay_ms: (1, 30) };
    let mut world = World::new(build, 5, seed, network);
    let mut value = 0;
    world.load(MS * 12_000, 1, move |rng, _| {
        value += 1;
        json!({ "type": "write", "key": rng.below(KEYS), "value": value })
    });
    let mut heard = 0;
    while world.now < MS * 10_000 {
        world.run(world.now + MS * 5);
        // Whoever leads now has little time left: to take a command or two, not to spread them.
        let news = world.notes[heard..].iter().filter(|n| n.note.kind == "lead");
        let risen: Vec<usize> = news.map(|n| n.node).collect();
        heard = world.notes.len();
        for leader in risen {
            let when = world.now + MS * world.rng.below(120) as u32;
            let (sends, back) = (world.rng.below(8) as usize, 50 + world.rng.below(700) as u32);
            world.crash_after_sends(when, leader, sends);
            world.restart(when + MS * back, leader);
        }
    }
    world.network = Network::GOOD;
    world.run(MS * 16_000);
    world
}

#[test]
fn committing_an_older_term_by_counting_loses_committed_entries() {
    let card = find("raft").unwrap();
    assert!((0..20).all(|seed| log_prefix(&run_with_falling_leaders(card.build, seed, 50))));
    let build = card.twin("counts-old-terms").unwrap().build;
    assert!((0..400).any(|seed| !log_prefix(&run_with_falling_leaders(build, seed, 50))));
}

/// Two processes want to lead again and again, and those who vote for them restart all the time.
fn run_with_forgetful_voters(build: Build, seed: u64) -> World {
    let network = Network { loss: 0, duplication: 0, delay_ms: (1, 40) };
    let mut world = World::new(build, 5, seed, network);
    for at in (0..10_000).step_by(700) {
        for candidate in [0, 1] {
            world.crash(MS * at, candidate);
            world.restart(MS * (at + 1), candidate);
        }
    }
    for voter in 2..5 {
        let mut at = 0;
        while at < 10_000 {
            let up = 1 + world.rng.below(60) as u32;
            world.crash(MS * (at + up), voter);
            world.restart(MS * (at + up + 1), voter);
            at += up + 1;
        }
    }
    world.run(MS * 10_000);
    world
}

#[test]
fn a_vote_that_is_not_stored_is_given_twice() {
    let card = find("raft").unwrap();
    assert!((0..20).all(|seed| election_safety(&run_with_forgetful_voters(card.build, seed))));
    let twin = card.twin("forgets-vote").unwrap().build;
    assert!((0..100).any(|seed| !election_safety(&run_with_forgetful_voters(twin, seed))));
}
