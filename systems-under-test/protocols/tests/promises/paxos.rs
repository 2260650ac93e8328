//! Paxos is uniform consensus among processes that restart, and lives on their memory.

use crate::consensus::{decisions, differing_proposals, propose, uniform_agreement, valid};
use crate::kv::trouble;
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use std::collections::{BTreeMap, BTreeSet};

type Build = fn(Setup) -> Box<dyn Node>;

/// Proposals everywhere; processes that fall in mid-step and come back; partitions; then peace.
fn run(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 5, seed, Network::BAD);
    propose(&mut world, MS * 6000);
    trouble(&mut world, 300..5000, 600);
    world.run(MS * 6000);
    world.network = Network::GOOD;
    world.run(MS * 10_000);
    world
}

/// In every instance in which all have proposed, all decide. Who has not proposed may not hear of it.
fn termination(world: &World) -> bool {
    let mut proposers = BTreeMap::<u64, BTreeSet<usize>>::new();
    for n in world.noted("propose") {
        proposers.entry(n.note.instance.unwrap()).or_default().insert(n.node);
    }
    let (decisions, correct) = (decisions(world), world.correct());
    let full = proposers.iter().filter(|(_, by)| correct.iter().all(|q| by.contains(q)));
    let full: Vec<_> = full.map(|(instance, _)| instance).collect();
    let decides = |instance, q| decisions.get(instance).is_some_and(|by| by.contains_key(q));
    assert!(!full.is_empty());
    full.iter().all(|&i| correct.iter().all(|q| decides(i, q)))
}

#[test]
fn paxos_is_uniform_consensus() {
    let build = find("paxos").unwrap().build;
    let mut marks = BTreeSet::new();
    for seed in 0..12 {
        let world = run(build, seed);
        assert!(world.answered() > 10, "{seed}: {}", world.answered());
        assert!(differing_proposals(&world), "{seed}");
        assert!(termination(&world), "{seed}");
        assert!(valid(&world) && uniform_agreement(&world), "{seed}");
        marks.extend(world.marks.keys().copied());
    }
    for mark in ["another proposer", "ballot rejected", "value taken over"] {
        assert!(marks.contains(mark), "no run reached {mark:?}: {marks:?}");
    }
}

#[test]
fn acceptors_who_forget_what_they_promised_decide_twice() {
    let build = find("paxos").unwrap().twin("forgets-promises").unwrap().build;
    assert!((0..50).any(|seed| !uniform_agreement(&run(build, seed))));
}
