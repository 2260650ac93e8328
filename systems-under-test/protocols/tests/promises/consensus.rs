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
    let mut world = World::new(build, 5, seed, Network::BOUNDED);
    propose(&mut world, MS * 5000);
    for victim in world.rng.some_of(crashes, 5) {
        let (when, sends) = (world.rng.below(4000) as u32, world.rng.below(10) as usize);
        world.crash_after_sends(MS * when, victim, sends);
    }
    world.run(MS * 15_000);
    world
}

/// Clients everywhere propose, each starting somewhere else: nobody proposes in every instance.
pub fn propose(world: &mut World, until: Duration) {
    let (mut next, mut value) = (BTreeMap::new(), 0);
    world.load(until, 1, move |_, node| {
        let instance = next.entry(node).and_modify(|i| *i += 1).or_insert(node as u64 / 2);
        value += 1;
        json!({ "type": "propose", "instance": *instance, "value": value })
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
