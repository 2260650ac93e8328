//! Consensus: everybody decides, once, the same, and something that was proposed.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

type Build = fn(Setup) -> Box<dyn Node>;

/// Clients everywhere propose in turn in one instance after the other; some crash in mid-step.
fn run(build: Build, seed: u64, crashes: usize) -> World {
    run_over(Network::BOUNDED, build, seed, crashes, i64::MAX)
}

/// The same over another network, and proposing less than this.
fn run_over(network: Network, build: Build, seed: u64, crashes: usize, below: i64) -> World {
    let mut world = World::new(build, 5, seed, network);
    propose_below(&mut world, MS * 5000, below);
    strike(world, crashes)
}

/// Crashes some in mid-step, and waits for what comes of it.
fn strike(mut world: World, crashes: usize) -> World {
    for victim in world.rng.some_of(crashes, 5) {
        let (when, sends) = (world.rng.below(4000) as u32, world.rng.below(10) as usize);
        world.crash_after_sends(MS * when, victim, sends);
    }
    world.run(MS * 15_000);
    world
}

/// Clients everywhere propose, each starting somewhere else: nobody proposes in every instance.
pub fn propose(world: &mut World, until: Duration) {
    propose_below(world, until, i64::MAX);
}

/// The same, less than this.
fn propose_below(world: &mut World, until: Duration, below: i64) {
    let (mut next, mut value) = (BTreeMap::new(), 0);
    world.load(until, 1, move |_, node| {
        let instance = next.entry(node).and_modify(|i| *i += 1).or_insert(node as u64 / 2);
        value += 1;
        json!({ "type": "propose", "instance": *instance, "value": value % below })
    });
}

/// What each process decided in each instance, and in how many ways.
pub fn decisions(world: &World) -> BTreeMap<u64, BTreeMap<usize, Vec<i64>>> {
    let mut decisions = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
    for n in world.noted("decide") {
        let of_instance = decisions.entry(n.note.instance.unwrap()).or_default();
        of_instance.entry(n.node).or_default().push(n.note.value.as_i64().unwrap());
    }
    decisions
}

fn agree(world: &World, nodes: &[usize]) -> bool {
    decisions(world).values().all(|by_node| {
        let decided = by_node.iter().filter(|(node, _)| nodes.contains(node));
        decided.flat_map(|(_, values)| values).collect::<BTreeSet<_>>().len() <= 1
    })
}

pub fn uniform_agreement(world: &World) -> bool {
    agree(world, &[0, 1, 2, 3, 4])
}

fn agreement(world: &World) -> bool {
    agree(world, &world.correct())
}

pub fn valid(world: &World) -> bool {
    let mut proposed = BTreeMap::<u64, BTreeSet<i64>>::new();
    for n in world.noted("propose") {
        let of_instance = proposed.entry(n.note.instance.unwrap()).or_default();
        of_instance.insert(n.note.value.as_i64().unwrap());
    }
    decisions(world).iter().all(|(instance, by_node)| {
        by_node.values().flatten().all(|value| proposed[instance].contains(value))
    })
}

fn integrity(world: &World) -> bool {
    decisions(world).values().flat_map(|by_node| by_node.values()).all(|values| values.len() == 1)
}

/// In every instance in which a correct process has proposed, all correct processes decide.
pub fn termination(world: &World) -> bool {
    let (decisions, correct) = (decisions(world), world.correct());
    let proposed = world.noted("propose").filter(|n| correct.contains(&n.node));
    proposed.map(|n| n.note.instance.unwrap()).all(|instance| {
        correct.iter().all(|q| decisions.get(&instance).is_some_and(|by| by.contains_key(q)))
    })
}

pub fn differing_proposals(world: &World) -> bool {
    let mut proposals = BTreeMap::<_, BTreeSet<i64>>::new();
    for n in world.noted("propose") {
        proposals.entry(n.note.instance).or_default().insert(n.note.value.as_i64().unwrap());
    }
    proposals.values().any(|values| values.len() > 1)
}

#[test]
fn flooding_uniform_consensus_is_uniform_consensus() {
    let build = find("flooding-uniform-consensus").unwrap().build;
    for seed in 0..12 {
        let world = run(build, seed, 4);
        assert!(differing_proposals(&world), "{seed}");
        assert!(termination(&world), "{seed}");
        assert!(valid(&world) && integrity(&world) && uniform_agreement(&world), "{seed}");
    }
}

#[test]
fn one_round_is_not_enough_for_uniform_agreement() {
    let card = find("flooding-uniform-consensus").unwrap();
    let build = card.twin("decides-in-round-one").unwrap().build;
    assert!((0..120).any(|seed| !uniform_agreement(&run(build, seed, 3))));
}

#[test]
fn a_majority_is_not_enough_for_agreement() {
    let card = find("flooding-uniform-consensus").unwrap();
    let build = card.twin("waits-for-a-majority-only").unwrap().build;
    assert!((0..20).any(|seed| !agreement(&run(build, seed, 1))));
}

#[test]
fn flooding_and_hierarchical_consensus_agree() {
    for (card, twin) in [
        ("flooding-consensus", "waits-for-a-majority-only"),
        ("hierarchical-consensus", "jumps-the-queue"),
    ] {
        let card = find(card).unwrap();
        for seed in 0..4 {
            let world = run(card.build, seed, 3);
            assert!(differing_proposals(&world), "{card:?} {seed}");
            assert!(termination(&world), "{card:?} {seed}");
            assert!(valid(&world) && integrity(&world) && agreement(&world), "{card:?} {seed}");
        }
        let twin = card.twin(twin).unwrap().build;
        assert!((0..300).any(|seed| !agreement(&run(twin, seed, 3))), "{card:?}");
    }
}

#[test]
fn hierarchical_consensus_is_not_uniform() {
    let build = find("hierarchical-consensus").unwrap().build;
    assert!((0..300).any(|seed| !uniform_agreement(&run(build, seed, 3))));
}

/// The latest round in which anybody decided.
fn latest_round(world: &World) -> u64 {
    world.noted("decide").filter_map(|n| n.note.number).max().unwrap_or(0)
}

/// Everybody proposes in every instance, and everybody has the least proposal in turn.
fn in_rounds(build: Build, seed: u64, crashes: usize) -> World {
    let mut world = World::new(build, 5, seed, Network::IN_ROUNDS);
    let mut next = BTreeMap::new();
    world.load(MS * 5000, 1, move |_, node| {
        let instance = *next.entry(node).and_modify(|i| *i += 1).or_insert(0u64);
        let value = 5 * instance + (node as u64 + instance) % 5;
        json!({ "type": "propose", "instance": instance, "value": value })
    });
    strike(world, crashes)
}

#[test]
fn consensus_in_rounds_agrees_in_its_rounds() {
    for (name, twin) in [
        ("floodset-consensus", "f-rounds"),
        ("early-stopping-consensus", "decides-one-round-early"),
    ] {
        let card = find(name).unwrap();
        let f = (card.tolerates)(5);
        for seed in 0..12 {
            let world = in_rounds(card.build, seed, f);
            assert!(differing_proposals(&world), "{name} {seed}");
            assert!(termination(&world), "{name} {seed}");
            assert!(valid(&world) && integrity(&world), "{name} {seed}");
            assert!(uniform_agreement(&world), "{name} {seed}");
            assert!(latest_round(&world) <= f as u64 + 1, "{name} {seed}");
        }
        let twin = card.twin(twin).unwrap().build;
        assert!((0..300).any(|seed| !agreement(&in_rounds(twin, seed, f))), "{name}");
    }
}

#[test]
fn the_fewer_crash_the_earlier_it_stops() {
    let build = find("early-stopping-consensus").unwrap().build;
    for seed in 0..6 {
        assert_eq!(latest_round(&in_rounds(build, seed, 0)), 2, "{seed}");
        assert!(latest_round(&in_rounds(build, seed, 1)) <= 3, "{seed}");
    }
    let floodset = find("floodset-consensus").unwrap().build;
    assert_eq!(latest_round(&in_rounds(floodset, 1, 0)), 2);
}

#[test]
fn one_round_is_enough_if_nobody_crashes() {
    let build = find("one-round-consensus").unwrap().build;
    for seed in 0..4 {
        let world = in_rounds(build, seed, 0);
        assert!(termination(&world) && valid(&world) && integrity(&world), "{seed}");
        assert!(uniform_agreement(&world) && latest_round(&world) == 1, "{seed}");
    }
    assert!((0..200).any(|seed| !agreement(&in_rounds(build, seed, 1))));
}

#[test]
fn leader_driven_consensus_agrees_and_ends() {
    let card = find("leader-driven-consensus").unwrap();
    let run = |build, seed| run_over(Network::BAD, build, seed, 2, i64::MAX);
    for seed in 0..6 {
        let world = run(card.build, seed);
        assert!(differing_proposals(&world) && termination(&world), "{seed}");
        assert!(valid(&world) && integrity(&world) && uniform_agreement(&world), "{seed}");
    }
}

#[test]
fn a_later_epoch_decides_what_an_earlier_one_did() {
    let card = find("epoch-consensus").unwrap();
    let run = |build, seed| run_over(Network::BAD, build, seed, 2, i64::MAX);
    let several_epochs = |world: &World| {
        let mut epochs = BTreeMap::<_, BTreeSet<_>>::new();
        for n in world.noted("decide") {
            epochs.entry(n.note.instance).or_default().insert(n.note.number);
        }
        epochs.values().any(|epochs| epochs.len() > 1)
    };
    for seed in 0..6 {
        let world = run(card.build, seed);
        assert!(differing_proposals(&world) && several_epochs(&world), "{seed}");
        assert!(valid(&world) && uniform_agreement(&world), "{seed}");
    }
    let twin = card.twin("skips-the-read-phase").unwrap().build;
    assert!((0..20).any(|seed| !uniform_agreement(&run(twin, seed))));
}

#[test]
fn ben_or_ends_with_what_all_proposed_or_with_either() {
    let card = find("ben-or-consensus").unwrap();
    for seed in 0..8 {
        let world = run_over(Network::BAD, card.build, seed, 2, 2);
        assert!(differing_proposals(&world) && termination(&world), "{seed}");
        assert!(valid(&world) && integrity(&world) && uniform_agreement(&world), "{seed}");
        assert!(world.marks.contains_key("tossed a coin"), "{seed}");
        let unanimous = run_over(Network::BAD, card.build, seed, 2, 1);
        assert!(termination(&unanimous) && valid(&unanimous) && latest_round(&unanimous) == 1);
    }
    let twin = card.twin("decides-on-a-plain-majority").unwrap().build;
    assert!((0..20).any(|seed| !agreement(&run_over(Network::BAD, twin, seed, 1, 2))));
}
