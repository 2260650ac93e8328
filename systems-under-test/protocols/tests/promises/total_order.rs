//! Total-order broadcast, and the consensus and the state machine that stand on it.

use crate::consensus::{differing_proposals, propose, termination, uniform_agreement, valid};
use crate::kv::{available, is_linearizable, log_prefix};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Build = fn(Setup) -> Box<dyn Node>;

/// A bad network and a partition; two processes fall in mid-step and stay down.
fn play(world: &mut World, until: u32) {
    let some = world.rng.some_of(2, 5);
    let at = 500 + world.rng.below(1000) as u32;
    world.partition(MS * at, MS * (at + 800), &some);
    for victim in world.rng.some_of(2, 5) {
        let (when, sends) = (2500 + world.rng.below(1500) as u32, world.rng.below(12) as usize);
        world.crash_after_sends(MS * when, victim, sends);
    }
    world.run(MS * 4000);
    world.network = Network::GOOD;
    world.run(MS * until);
}

fn broadcast(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    let mut message = 0;
    world.load(MS * 5000, 1, move |_, _| {
        message += 1;
        json!({ "type": "broadcast", "message": message })
    });
    play(&mut world, 8000);
    world
}

/// What each process delivered, in order.
fn logs(world: &World) -> Vec<Vec<&Value>> {
    let mut logs = vec![Vec::new(); 5];
    world.noted("deliver").for_each(|n| logs[n.node].push(&n.note.value));
    logs
}

/// Everybody's log is a prefix of the longest.
fn total_order(world: &World) -> bool {
    let logs = logs(world);
    let longest = logs.iter().max_by_key(|log| log.len()).unwrap();
    logs.iter().all(|log| longest.starts_with(log))
}

/// Correct processes have delivered whatever anybody has, and whatever they broadcast themselves.
fn complete(world: &World) -> bool {
    let (logs, correct) = (logs(world), world.correct());
    let delivered: BTreeSet<String> = logs.iter().flatten().map(|m| m.to_string()).collect();
    let own = world.noted("broadcast").filter(|n| correct.contains(&n.node));
    let expected = own.map(|n| n.note.value.to_string()).chain(delivered).collect::<BTreeSet<_>>();
    correct.iter().all(|&q| logs[q].len() == expected.len())
}

#[test]
fn total_order_broadcast_delivers_one_sequence() {
    let build = find("total-order-broadcast").unwrap().build;
    for seed in 0..6 {
        let world = broadcast(build, seed);
        assert!(logs(&world)[world.correct()[0]].len() > 300, "{seed}");
        assert!(total_order(&world) && complete(&world), "{seed}");
    }
}

#[test]
fn the_order_of_arrival_is_not_total() {
    let card = find("total-order-broadcast").unwrap();
    let build = card.twin("delivers-in-arrival-order").unwrap().build;
    assert!((0..5).any(|seed| !total_order(&broadcast(build, seed))));
}

fn agree(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    propose(&mut world, MS * 5000);
    play(&mut world, 8000);
    world
}

#[test]
fn total_order_is_enough_for_consensus() {
    let card = find("consensus-from-total-order").unwrap();
    for seed in 0..6 {
        let world = agree(card.build, seed);
        assert!(differing_proposals(&world), "{seed}");
        assert!(termination(&world), "{seed}");
        assert!(valid(&world) && uniform_agreement(&world), "{seed}");
    }
    let twin = card.twin("delivers-in-arrival-order").unwrap().build;
    assert!((0..20).any(|seed| !uniform_agreement(&agree(twin, seed))));
}

pub fn replicate(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    let mut value = 0;
    world.load(MS * 14_000, 1, move |rng, _| {
        let key = rng.below(crate::kv::KEYS);
        value += 1;
        match rng.below(2) {
            0 => json!({ "type": "read", "key": key }),
            _ => json!({ "type": "write", "key": key, "value": value }),
        }
    });
    play(&mut world, 18_000);
    world
}

/// A command puts out the same everywhere.
fn equal_outputs(world: &World) -> bool {
    let mut output: BTreeMap<u64, &Value> = BTreeMap::new();
    let mut outputs = world.noted("output");
    outputs.all(|n| *output.entry(n.note.number.unwrap()).or_insert(&n.note.value) == &n.note.value)
}

#[test]
fn a_replicated_state_machine_is_linearizable() {
    let card = find("replicated-state-machine").unwrap();
    for seed in 0..4 {
        let world = replicate(card.build, seed);
        assert!(is_linearizable(&world) && available(&world), "{seed}");
        assert!(equal_outputs(&world) && log_prefix(&world), "{seed}");
    }
    let twin = card.twin("looks-at-the-clock").unwrap().build;
    assert!((0..3).any(|seed| !equal_outputs(&replicate(twin, seed))));
    let twin = card.twin("reads-locally").unwrap().build;
    assert!((0..20).any(|seed| !is_linearizable(&replicate(twin, seed))));
}
