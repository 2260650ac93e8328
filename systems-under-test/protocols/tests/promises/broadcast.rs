//! Broadcasts agree as far as they promise, and no further.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::BTreeSet;

type Build = fn(Setup) -> Box<dyn Node>;

fn build(card: &str) -> Build {
    find(card).unwrap().build
}

/// Everybody broadcasts; some crash in the middle of a step, perhaps cut off from the others.
fn run(build: Build, seed: u64, crashes: usize) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    let mut message = 0;
    world.load(MS * 800, 1, move |_, _| {
        message += 1;
        json!({ "type": "broadcast", "message": message })
    });
    let victims = world.rng.some_of(crashes, 5);
    let when = 100 + world.rng.below(700) as u32;
    if world.rng.below(2) == 0 {
        world.partition(MS * (when - 100), MS * (when + 10), &victims);
    }
    for victim in victims {
        let sends = world.rng.below(12) as usize;
        world.crash_after_sends(MS * when, victim, sends);
    }
    world.run(MS * 1000);
    world.network = Network::GOOD;
    world.run(MS * 5000);
    world
}

fn delivered(world: &World, node: usize) -> Vec<i64> {
    let of_node = world.noted("deliver").filter(|n| n.node == node);
    of_node.map(|n| n.note.value.as_i64().unwrap()).collect()
}

fn set(world: &World, node: usize) -> BTreeSet<i64> {
    delivered(world, node).into_iter().collect()
}

fn broadcasts(world: &World, by: &[usize]) -> BTreeSet<i64> {
    let broadcasts = world.noted("broadcast").filter(|n| by.contains(&n.node));
    broadcasts.map(|n| n.note.value.as_i64().unwrap()).collect()
}

/// What every correct process must have delivered: all broadcasts of correct ones.
fn valid(world: &World) -> bool {
    let correct = world.correct();
    let wanted = broadcasts(world, &correct);
    correct.iter().all(|&q| wanted.is_subset(&set(world, q)))
}

fn no_duplication(world: &World) -> bool {
    (0..5).all(|q| delivered(world, q).len() == set(world, q).len())
}

fn no_creation(world: &World) -> bool {
    let of = |n: &crate::support::Noted| {
        let sender = n.note.peer.unwrap().0.into();
        broadcasts(world, &[sender]).contains(&n.note.value.as_i64().unwrap())
    };
    world.noted("deliver").all(of)
}

fn agreement(world: &World) -> bool {
    let correct = world.correct();
    correct.iter().all(|&q| set(world, q) == set(world, correct[0]))
}

/// What anybody delivered, dead or alive, everybody correct delivered.
fn uniform_agreement(world: &World) -> bool {
    let anybody: BTreeSet<i64> = (0..5).flat_map(|q| delivered(world, q)).collect();
    world.correct().iter().all(|&q| anybody.is_subset(&set(world, q)))
}

fn sound(world: &World) -> bool {
    assert!(broadcasts(world, &world.correct()).len() > 10);
    valid(world) && no_duplication(world) && no_creation(world)
}

#[test]
fn best_effort_broadcast_is_valid() {
    for seed in 0..15 {
        assert!(sound(&run(build("best-effort-broadcast"), seed, 2)), "{seed}");
    }
}

#[test]
fn best_effort_broadcast_does_not_agree_when_senders_crash() {
    assert!((0..15).any(|seed| !agreement(&run(build("best-effort-broadcast"), seed, 2))));
}

#[test]
fn eager_reliable_broadcast_agrees() {
    for seed in 0..15 {
        let world = run(build("eager-reliable-broadcast"), seed, 3);
        assert!(sound(&world) && agreement(&world), "{seed}");
    }
}

#[test]
fn eager_reliable_broadcast_does_not_agree_uniformly() {
    let eager = build("eager-reliable-broadcast");
    assert!((0..50).any(|seed| !uniform_agreement(&run(eager, seed, 3))));
}

#[test]
fn majority_uniform_broadcast_agrees_uniformly() {
    for seed in 0..15 {
        let world = run(build("majority-uniform-broadcast"), seed, 2);
        assert!(sound(&world) && agreement(&world) && uniform_agreement(&world), "{seed}");
    }
}

#[test]
fn a_majority_less_one_is_not_enough() {
    let twin =
        find("majority-uniform-broadcast").unwrap().twin("waits-for-one-ack-less").unwrap().build;
    assert!((0..150).any(|seed| !uniform_agreement(&run(twin, seed, 2))));
}

#[test]
fn a_broadcast_costs_what_the_book_says() {
    for (card, cost) in [
        ("best-effort-broadcast", 4),
        // The origin broadcasts twice: at first, and when it delivers.
        ("eager-reliable-broadcast", 6 * 4),
        ("majority-uniform-broadcast", 5 * 4),
    ] {
        let mut world = World::new(build(card), 5, 1, Network::GOOD);
        world.load(MS * 500, 1, |_, _| json!({ "type": "broadcast", "message": 1 }));
        world.run(MS * 5000);
        let messages: usize =
            world.sent.iter().filter(|(kind, _)| **kind != "Received").map(|(_, n)| n).sum();
        assert_eq!(messages, cost * world.operations.len(), "{card}: {:?}", world.sent);
    }
}
