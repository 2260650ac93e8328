//! Links keep their promises over a network that loses, repeats and reorders.

use crate::support::{MS, Network, Noted, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::BTreeMap;

type Build = fn(Setup) -> Box<dyn Node>;

fn twin(card: &str, twin: &str) -> Build {
    find(card).unwrap().twin(twin).unwrap().build
}

/// Everybody sends different values to everybody; one of five crashes.
fn run(build: Build, seed: u64) -> World {
    run_altering(build, seed, 0)
}

/// The same, while the network alters so many messages of a thousand.
fn run_altering(build: Build, seed: u64, corruption: u64) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    world.corruption = corruption;
    let mut value = 0;
    world.load(MS * 3000, 1, move |rng, _| {
        value += 1;
        json!({ "type": "send", "to": format!("n{}", rng.below(5)), "value": value })
    });
    let (victim, when) = (world.rng.below(5) as usize, world.rng.below(3000) as u32);
    world.crash_after_sends(MS * when, victim, 0);
    world.run(MS * 3000);
    (world.network, world.corruption) = (Network::GOOD, 0);
    world.run(MS * 10_000);
    world
}

/// How often each value was delivered, by receiver, sender and value.
fn deliveries(world: &World) -> BTreeMap<(usize, usize, i64), usize> {
    let mut count = BTreeMap::new();
    for delivery in world.noted("deliver") {
        let from = delivery.note.peer.unwrap().0.into();
        let value = delivery.note.value.as_i64().unwrap();
        *count.entry((delivery.node, from, value)).or_default() += 1;
    }
    count
}

/// Values sent between correct processes that were delivered less often than this.
fn missing(world: &World, least: usize) -> usize {
    let (count, correct) = (deliveries(world), world.correct());
    let mut missing = 0;
    for sent in world.noted("send") {
        let to: usize = sent.note.peer.unwrap().0.into();
        let id = (to, sent.node, sent.note.value.as_i64().unwrap());
        if correct.contains(&sent.node) && correct.contains(&to) {
            missing += usize::from(count.get(&id).copied().unwrap_or(0) < least);
        }
    }
    missing
}

fn created(world: &World) -> usize {
    let sent: Vec<_> = world
        .noted("send")
        .map(|n| (n.note.peer.unwrap().0.into(), n.node, n.note.value.as_i64().unwrap()))
        .collect();
    deliveries(world).keys().filter(|id| !sent.contains(id)).count()
}

fn duplicated(world: &World) -> usize {
    deliveries(world).values().filter(|&&times| times > 1).count()
}

#[test]
fn perfect_links_deliver_exactly_once() {
    for seed in 0..20 {
        let world = run(find("perfect-links").unwrap().build, seed);
        assert!(world.noted("send").count() > 100);
        assert_eq!((missing(&world, 1), duplicated(&world), created(&world)), (0, 0, 0), "{seed}");
    }
}

#[test]
fn perfect_links_fall_silent_when_everything_is_acknowledged() {
    let mut world = World::new(find("perfect-links").unwrap().build, 3, 1, Network::BAD);
    world.load(MS * 1000, 1, |rng, _| json!({ "type": "send", "to": rng.below(3), "value": 1 }));
    world.run(MS * 5000);
    let before = world.sent.clone();
    world.run(MS * 20_000);
    assert_eq!(world.sent, before);
}

#[test]
fn perfect_links_cost_little_more_than_the_messages() {
    let mut world = World::new(find("perfect-links").unwrap().build, 5, 1, Network::GOOD);
    world.load(MS * 5000, 10, |rng, _| json!({ "type": "send", "to": rng.below(5), "value": 1 }));
    world.run(MS * 8000);
    let sent: usize = world.sent.values().sum();
    let asked = world.operations.len();
    assert!(sent * 10 < asked * 13, "{sent} messages for {asked} sends");
}

#[test]
fn perfect_links_spare_the_dead_and_catch_up_with_the_living() {
    let mut world = World::new(find("perfect-links").unwrap().build, 2, 1, Network::GOOD);
    let mut value = 0;
    world.load(MS * 4000, 5, move |_, node| {
        value += 1;
        json!({ "type": "send", "to": 1 - node, "value": value })
    });
    world.partition(MS * 500, MS * 20_000, &[0]);
    world.run(MS * 10_000);
    let before: usize = world.sent.values().sum();
    world.run(MS * 20_000);
    let probes = world.sent.values().sum::<usize>() - before;
    assert!(probes < 2 * 10 * 20, "{probes} messages in ten seconds of silence");
    world.run(MS * 23_000);
    assert!(world.noted("send").count() > 1000);
    assert_eq!((missing(&world, 1), duplicated(&world)), (0, 0));
}

#[test]
fn stubborn_links_deliver_again_and_again() {
    for seed in 0..5 {
        let world = run(find("stubborn-links").unwrap().build, seed);
        assert_eq!((missing(&world, 3), created(&world)), (0, 0), "{seed}");
    }
}

#[test]
fn a_link_without_a_delivered_set_delivers_twice() {
    let world = run(twin("perfect-links", "no-delivered-set"), 1);
    assert!(duplicated(&world) > 0);
}

#[test]
fn a_link_that_sends_once_loses() {
    let world = run(twin("stubborn-links", "sends-once"), 1);
    assert!(missing(&world, 1) > 0);
}

#[test]
fn a_restarted_process_is_heard_again() {
    let build = find("perfect-links").unwrap().build;
    let mut world = World::new(build, 2, 3, Network::BAD);
    let mut value = 0;
    world.load(MS * 6000, 1, move |_, node| {
        value += 1;
        json!({ "type": "send", "to": 1 - node, "value": value })
    });
    world.crash(MS * 2000, 0);
    world.restart(MS * 3000, 0);
    world.run(MS * 12_000);
    let late = world.noted("send").filter(|n| n.at > MS * 3500).count();
    let count = deliveries(&world);
    let id = |n: &Noted| (1 - n.node, n.node, n.note.value.as_i64().unwrap());
    let once = world.noted("send").filter(|n| n.at > MS * 3500 && count.get(&id(n)) == Some(&1));
    assert!(late > 10);
    assert_eq!(once.count(), late);
}

/// Whether every receiver delivered the values of every sender in the order of sending.
fn in_order(world: &World) -> bool {
    let mut last = BTreeMap::new();
    world.noted("deliver").all(|n| {
        let value = n.note.value.as_i64().unwrap();
        last.insert((n.node, n.note.peer), value).is_none_or(|before| before < value)
    })
}

#[test]
fn fifo_links_keep_the_order_of_sending() {
    for seed in 0..20 {
        let world = run(find("fifo-links").unwrap().build, seed);
        assert_eq!((missing(&world, 1), duplicated(&world), created(&world)), (0, 0, 0), "{seed}");
        assert!(in_order(&world), "{seed}");
    }
}

#[test]
fn perfect_links_and_links_without_a_buffer_do_not() {
    assert!(!in_order(&run(find("perfect-links").unwrap().build, 1)));
    assert!(!in_order(&run(twin("fifo-links", "skips-the-reorder-buffer"), 1)));
}

#[test]
fn authenticated_links_deliver_nothing_that_was_altered() {
    for seed in 0..10 {
        let world = run_altering(find("authenticated-links").unwrap().build, seed, 100);
        assert!(world.marks["a message was forged"] > 10);
        assert_eq!((missing(&world, 1), duplicated(&world), created(&world)), (0, 0, 0), "{seed}");
    }
    let believing = twin("authenticated-links", "does-not-verify");
    assert!(created(&run_altering(believing, 1, 100)) > 0);
}
