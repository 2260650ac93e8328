//! Replicated key-value stores are linearizable and come back to life.

use crate::support::linear::{linearizable, operations};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::{Value, json};
use std::collections::BTreeMap;

type Build = fn(Setup) -> Box<dyn Node>;

const KEYS: u64 = 5;

/// Clients everywhere; kills, restarts and partitions; then peace and more clients.
fn run(build: Build, seed: u64) -> World {
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
    let mut at = 1000;
    while at < 9000 {
        let many = 1 + world.rng.below(2) as usize;
        let some = world.rng.some_of(many, 5);
        let end = at + 300 + world.rng.below(1500) as u32;
        if world.rng.below(2) == 0 {
            world.partition(MS * at, MS * end, &some);
        } else {
            for victim in some {
                let sends = world.rng.below(10) as usize;
                world.crash_after_sends(MS * at, victim, sends);
                world.restart(MS * end, victim);
            }
        }
        at = end + world.rng.below(600) as u32;
    }
    world.run(MS * 10_000);
    world.network = Network::GOOD;
    world.run(MS * 20_000);
    world
}

fn is_linearizable(world: &World) -> bool {
    (0..KEYS).all(|key| linearizable(operations(&world.operations, key)))
}

/// A term has one leader.
fn election_safety(world: &World) -> bool {
    let mut leader = BTreeMap::new();
    world.noted("lead").all(|n| *leader.entry(n.note.number.unwrap()).or_insert(n.node) == n.node)
}

/// A slot has one command, everywhere and forever.
fn log_prefix(world: &World) -> bool {
    let mut command: BTreeMap<u64, &Value> = BTreeMap::new();
    let mut commits = world.noted("commit");
    commits
        .all(|n| *command.entry(n.note.number.unwrap()).or_insert(&n.note.value) == &n.note.value)
}

/// Once there is peace, everybody is answered.
fn available(world: &World) -> bool {
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
