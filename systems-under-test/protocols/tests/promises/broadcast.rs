//! Broadcasts agree as far as they promise, and no further.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

type Build = fn(Setup) -> Box<dyn Node>;

fn build(card: &str) -> Build {
    find(card).unwrap().build
}

/// Everybody broadcasts; some crash in the middle of a step, perhaps cut off from the others.
fn run(build: Build, seed: u64, crashes: usize) -> World {
    run_over(Network::BAD, build, seed, crashes)
}

/// The same over a network whose delays are bounded, where nobody is cut off.
fn run_in_time(build: Build, seed: u64, crashes: usize) -> World {
    run_over(Network::BOUNDED, build, seed, crashes)
}

fn run_over(network: Network, build: Build, seed: u64, crashes: usize) -> World {
    let mut world = World::new(build, 5, seed, network);
    let mut message = 0;
    world.load(MS * 800, 1, move |_, _| {
        message += 1;
        json!({ "type": "broadcast", "message": message })
    });
    let victims = world.rng.some_of(crashes, 5);
    let when = 100 + world.rng.below(700) as u32;
    if network.loss > 0 && world.rng.below(2) == 0 {
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

#[test]
fn lazy_reliable_broadcast_agrees() {
    for seed in 0..10 {
        let world = run_in_time(build("lazy-reliable-broadcast"), seed, 3);
        assert!(sound(&world) && agreement(&world), "{seed}");
    }
}

#[test]
fn lazy_reliable_broadcast_without_a_detector_does_not_agree() {
    let twin = find("lazy-reliable-broadcast").unwrap().twin("ignores-crashes").unwrap().build;
    assert!((0..30).any(|seed| !agreement(&run_in_time(twin, seed, 3))));
}

#[test]
fn all_ack_uniform_broadcast_agrees_uniformly() {
    for seed in 0..10 {
        let world = run_in_time(build("all-ack-uniform-broadcast"), seed, 4);
        assert!(valid(&world) && no_duplication(&world) && no_creation(&world), "{seed}");
        assert!(uniform_agreement(&world), "{seed}");
    }
}

#[test]
fn waiting_for_nobody_is_not_enough() {
    let twin = find("all-ack-uniform-broadcast").unwrap().twin("waits-for-nobody").unwrap().build;
    assert!((0..300).any(|seed| !uniform_agreement(&run_in_time(twin, seed, 4))));
}

/// Messages are numbered in the order in which they were broadcast.
fn fifo_order(world: &World) -> bool {
    let mut last = BTreeMap::new();
    world.noted("deliver").all(|n| {
        let value = n.note.value.as_i64().unwrap();
        last.insert((n.node, n.note.peer), value).is_none_or(|before| before < value)
    })
}

/// Nobody delivers a message before one that its sender had delivered or sent before it.
fn causal_order(world: &World) -> bool {
    let mut known: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); 5];
    let mut past = BTreeMap::new();
    let mut delivered = known.clone();
    for n in &world.notes {
        let Some(value) = n.note.value.as_i64() else { continue };
        if n.note.kind == "broadcast" {
            past.insert(value, known[n.node].clone());
        } else if !past[&value].is_subset(&delivered[n.node]) {
            return false;
        } else {
            delivered[n.node].insert(value);
        }
        known[n.node].insert(value);
    }
    true
}

#[test]
fn fifo_broadcast_keeps_the_order_of_senders() {
    for seed in 0..10 {
        let world = run(build("fifo-broadcast"), seed, 3);
        assert!(sound(&world) && agreement(&world) && fifo_order(&world), "{seed}");
    }
    let twin = find("fifo-broadcast").unwrap().twin("holds-nothing-back").unwrap().build;
    assert!((0..10).any(|seed| !fifo_order(&run(twin, seed, 3))));
    assert!((0..10).any(|seed| !causal_order(&run(build("fifo-broadcast"), seed, 3))));
}

#[test]
fn causal_broadcast_keeps_the_order_of_causes() {
    for seed in 0..10 {
        let world = run(build("waiting-causal-broadcast"), seed, 3);
        assert!(sound(&world) && agreement(&world) && causal_order(&world), "{seed}");
    }
    let card = find("waiting-causal-broadcast").unwrap();
    let twin = card.twin("compares-only-the-senders-entry").unwrap().build;
    assert!((0..10).any(|seed| !causal_order(&run(twin, seed, 3))));
}

#[test]
fn causal_broadcast_takes_causes_along() {
    let card = find("causal-broadcast").unwrap();
    for seed in 0..3 {
        let world = run(card.build, seed, 3);
        assert!(sound(&world) && agreement(&world) && causal_order(&world), "{seed}");
    }
    let twin = card.twin("forgets-the-past").unwrap().build;
    assert!((0..10).any(|seed| !causal_order(&run(twin, seed, 3))));
}

/// What everybody correct delivered of each broadcast of each sender, and whether that is the
/// same.
fn outcomes(world: &World) -> Option<BTreeMap<(u16, u64), Option<i64>>> {
    let of = |q: usize| -> BTreeMap<_, _> {
        let of_node = world.noted("deliver").filter(|n| n.node == q);
        of_node
            .map(|n| ((n.note.peer.unwrap().0, n.note.instance.unwrap()), n.note.value.as_i64()))
            .collect()
    };
    let correct = world.correct();
    let first = of(correct[0]);
    correct.iter().all(|&q| of(q) == first).then_some(first)
}

#[test]
fn something_comes_of_every_broadcast() {
    for (name, network, twin) in [
        ("terminating-broadcast", Network::BOUNDED, "delivers-without-consensus"),
        ("early-stopping-broadcast", Network::IN_ROUNDS, "delivers-one-round-early"),
    ] {
        let card = find(name).unwrap();
        let run = |build, seed| {
            let mut world = run_over(network, build, seed, 3);
            world.run(MS * 12_000);
            world
        };
        for seed in 0..8 {
            let world = run(card.build, seed);
            let outcomes = outcomes(&world).unwrap_or_else(|| panic!("{name} {seed}"));
            let correct = world.correct();
            let faulty: BTreeSet<u16> =
                outcomes.iter().filter(|(_, m)| m.is_none()).map(|(&(s, _), _)| s).collect();
            let crashed: BTreeSet<u16> = (0..5).filter(|&q| !correct.contains(&q.into())).collect();
            assert_eq!(faulty, crashed, "{name} {seed}");
            let delivered: BTreeSet<i64> = outcomes.values().flatten().copied().collect();
            assert!(broadcasts(&world, &correct).is_subset(&delivered), "{name} {seed}");
            let rounds = world.noted("decide").filter_map(|n| n.note.number);
            assert!(rounds.max().is_none_or(|round| round <= 4), "{name} {seed}");
        }
        let twin = card.twin(twin).unwrap().build;
        assert!((0..60).any(|seed| outcomes(&run(twin, seed)).is_none()), "{name}");
    }
}

/// The mean share of five processes that deliver a broadcast, and of how many broadcasts.
fn coverage(build: Build, seed: u64) -> (f64, usize) {
    let network = Network { loss: 150, duplication: 100, delay_ms: (1, 5) };
    let mut world = World::new(build, 5, seed, network);
    let mut message = 0;
    world.load(MS * 4000, 1, move |_, _| {
        message += 1;
        json!({ "type": "broadcast", "message": message })
    });
    world.run(MS * 8000);
    assert!(no_duplication(&world) && no_creation(&world));
    let broadcasts = world.noted("broadcast").count();
    (world.noted("deliver").count() as f64 / (5 * broadcasts) as f64, broadcasts)
}

#[test]
fn gossip_reaches_as_many_as_predicted() {
    let (push, _) = coverage(build("gossip-push"), 1);
    let (pull, _) = coverage(build("gossip-push-pull"), 1);
    assert!(push > 0.99 && pull > 0.98, "{push} {pull}");
    let twin = |card: &str, twin: &str| find(card).unwrap().twin(twin).unwrap().build;
    let (pushed_only, _) = coverage(twin("gossip-push-pull", "never-pulls"), 1);
    assert!(pushed_only < 0.97, "{pushed_only}");
    // Told to one at a time, a message goes along a chain of at most four steps, and ends when it
    // is lost or told to who knows it.
    let (told_one, broadcasts) = coverage(twin("gossip-push", "tells-one"), 1);
    let step = |i: i32| 0.85 * f64::from(5 - i) / 4.0;
    let lengths = (1..=4).map(|j| (1..=j).map(step).product::<f64>());
    let predicted = (1.0 + lengths.sum::<f64>()) / 5.0;
    // A share of five varies by less than a quarter.
    let error = 4.0 * 0.25 / (broadcasts as f64).sqrt();
    assert!((told_one - predicted).abs() < error, "{told_one}, predicted {predicted} ± {error}");
}
