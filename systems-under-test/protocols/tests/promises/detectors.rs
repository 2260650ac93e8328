//! Detectors suspect the crashed, and whom else they may.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use std::collections::BTreeSet;

type Build = fn(Setup) -> Box<dyn Node>;

fn twin(card: &str, twin: &str) -> Build {
    find(card).unwrap().twin(twin).unwrap().build
}

/// Two of five crash, one of them the first in rank.
fn run(build: Build, seed: u64, network: Network) -> World {
    let mut world = World::new(build, 5, seed, network);
    let (a, b) = (world.rng.below(4000) as u32, world.rng.below(4000) as u32);
    let other = 1 + world.rng.below(4) as usize;
    world.crash(MS * a, 0);
    world.crash(MS * b, other);
    world
}

/// Whom each process suspects at the end.
fn suspected(world: &World, node: usize) -> BTreeSet<usize> {
    let mut suspected = BTreeSet::new();
    for noted in world.notes.iter().filter(|n| n.node == node) {
        let peer = noted.note.peer.unwrap().0.into();
        match &*noted.note.kind {
            "suspect" => suspected.insert(peer),
            "restore" => suspected.remove(&peer),
            _ => false,
        };
    }
    suspected
}

fn complete(world: &World) -> bool {
    let crashed = (0..5).filter(|&n| world.crashed[n].is_some());
    crashed.into_iter().all(|p| world.correct().iter().all(|&q| suspected(world, q).contains(&p)))
}

/// Nobody is suspected before it crashed.
fn accurate(world: &World) -> bool {
    world.noted("suspect").all(|n| {
        let crash = world.crashed[usize::from(n.note.peer.unwrap().0)];
        crash.is_some_and(|at| at <= n.at)
    })
}

fn eventually_accurate(world: &World) -> bool {
    let correct = world.correct();
    correct.iter().all(|&q| suspected(world, q).is_disjoint(&correct.iter().copied().collect()))
}

fn leaders(world: &World) -> BTreeSet<usize> {
    let last = |node: usize| world.noted("trust").filter(|n| n.node == node).last();
    world.correct().iter().map(|&q| last(q).unwrap().note.peer.unwrap().0.into()).collect()
}

#[test]
fn the_perfect_detector_is_complete_and_accurate() {
    for seed in 0..20 {
        let mut world = run(find("perfect-detector").unwrap().build, seed, Network::BOUNDED);
        world.run(MS * 7000);
        assert!(complete(&world) && accurate(&world), "{seed}");
    }
}

#[test]
fn an_impatient_detector_accuses_the_living() {
    let mut world = run(twin("perfect-detector", "impatient"), 1, Network::BOUNDED);
    world.run(MS * 7000);
    assert!(!accurate(&world));
}

#[test]
fn the_perfect_detector_is_wrong_when_delays_exceed_the_bound() {
    let slow = Network { delay_ms: (400, 900), ..Network::GOOD };
    let mut world = run(find("perfect-detector").unwrap().build, 1, slow);
    world.run(MS * 7000);
    assert!(!accurate(&world));
}

fn noisy(build: Build, seed: u64) -> World {
    let noisy = Network { delay_ms: (1, 800), ..Network::BAD };
    let mut world = run(build, seed, noisy);
    world.partition(MS * 1000, MS * 4000, &[1, 3]);
    world.run(MS * 10_000);
    world.network = Network { loss: 0, duplication: 0, delay_ms: (1, 300) };
    world.run(MS * 30_000);
    world
}

#[test]
fn the_eventually_perfect_detector_is_right_in_the_end() {
    let mut mistakes = 0;
    for seed in 0..6 {
        let world = noisy(find("eventually-perfect-detector").unwrap().build, seed);
        assert!(complete(&world) && eventually_accurate(&world), "{seed}");
        mistakes += usize::from(!accurate(&world));
    }
    assert!(mistakes > 0, "the noise was no challenge");
}

#[test]
fn a_detector_that_never_learns_is_wrong_in_the_end() {
    for defect in ["never-restores", "fixed-timeout"] {
        let wrong =
            |seed| !eventually_accurate(&noisy(twin("eventually-perfect-detector", defect), seed));
        assert!((0..6).any(wrong), "{defect}");
    }
}

#[test]
fn everybody_trusts_the_same_correct_process_in_the_end() {
    for seed in 0..6 {
        let world = noisy(find("eventual-leader").unwrap().build, seed);
        let first = world.correct()[0];
        assert_eq!(leaders(&world), BTreeSet::from([first]), "{seed}");
    }
}

#[test]
fn a_twin_that_trusts_the_suspected_trusts_the_dead() {
    let world = noisy(twin("eventual-leader", "trusts-the-suspected"), 1);
    assert!(leaders(&world).contains(&0) && world.crashed[0].is_some());
}

#[test]
fn a_twin_that_never_restores_does_not_agree_on_a_leader() {
    let disagreed = (0..10)
        .any(|seed| leaders(&noisy(twin("eventual-leader", "never-restores"), seed)).len() > 1);
    assert!(disagreed);
}

/// Whoever is elected is preceded by the dead only.
fn leaders_accurate(world: &World) -> bool {
    let dead = |p: usize, at| world.crashed[p].is_some_and(|crash| crash <= at);
    world.noted("trust").all(|n| {
        let leader: usize = n.note.peer.unwrap().0.into();
        dead(leader, n.at) || (0..leader).all(|p| dead(p, n.at))
    })
}

#[test]
fn an_elected_leader_follows_the_dead_only() {
    for seed in 0..20 {
        let mut world = run(find("leader-election").unwrap().build, seed, Network::BOUNDED);
        world.run(MS * 7000);
        let first = world.correct()[0];
        assert_eq!(leaders(&world), BTreeSet::from([first]), "{seed}");
        assert!(leaders_accurate(&world), "{seed}");
    }
    let mut world = run(twin("leader-election", "impatient"), 1, Network::BOUNDED);
    world.run(MS * 7000);
    assert!(!leaders_accurate(&world));
}

/// The epochs each process started: timestamps and leaders, in order.
fn epochs(world: &World) -> Vec<Vec<(u64, u16)>> {
    let of = |node: usize| {
        let of_node = world.noted("start-epoch").filter(move |n| n.node == node);
        of_node.map(|n| (n.note.number.unwrap(), n.note.peer.unwrap().0)).collect()
    };
    (0..5).map(of).collect()
}

fn consistent(world: &World) -> bool {
    let mut leaders = std::collections::BTreeMap::new();
    epochs(world).into_iter().flatten().all(|(ts, l)| *leaders.entry(ts).or_insert(l) == l)
}

#[test]
fn epochs_rise_and_end_under_one_leader() {
    for seed in 0..10 {
        let world = noisy(find("epoch-change").unwrap().build, seed);
        let epochs = epochs(&world);
        assert!(epochs.iter().all(|of| of.is_sorted_by(|a, b| a.0 < b.0)), "{seed}");
        assert!(consistent(&world), "{seed}");
        let last: BTreeSet<_> = world.correct().iter().map(|&q| epochs[q].last()).collect();
        assert_eq!(last.len(), 1, "{seed}");
    }
    let reuses = twin("epoch-change", "reuses-timestamps");
    assert!((0..40).any(|seed| !consistent(&noisy(reuses, seed))));
}

#[test]
fn a_detector_that_suspects_nobody_is_incomplete_and_costs_agreement() {
    let incomplete = twin("lazy-reliable-broadcast", "incomplete-detector");
    let mut world = run(incomplete, 1, Network::BOUNDED);
    world.run(MS * 7000);
    assert!(world.noted("suspect").next().is_none() && !complete(&world));
}

/// Processes crash and come back with their disks, some more often than others.
fn coming_back(build: Build, seed: u64) -> World {
    let bad = Network { loss: 100, duplication: 50, delay_ms: (1, 60) };
    let mut world = World::new(build, 5, seed, bad);
    for crash in 0..6 {
        let victim = (world.rng.below(5) * world.rng.below(2)) as usize;
        let at = MS * (500 * (1 + crash) + world.rng.below(200) as u32);
        world.crash(at, victim);
        world.restart(at + MS * 200, victim);
    }
    world.run(MS * 4000);
    world.network = Network::GOOD;
    world.run(MS * 6000);
    world
}

#[test]
fn who_crashed_least_often_leads_in_the_end() {
    let card = find("eventual-leader-by-epochs").unwrap();
    for seed in 0..10 {
        assert_eq!(leaders(&coming_back(card.build, seed)).len(), 1, "{seed}");
    }
    let twin = card.twin("never-forgets").unwrap().build;
    assert!((0..10).any(|seed| leaders(&coming_back(twin, seed)).len() > 1));
}
