//! Multi-Paxos and Viewstamped Replication keep one log, and their twins do not.

use crate::kv::{available, is_linearizable, log_prefix, run, run_with_falling_leaders};
use crate::support::{MS, World};
use crate::total_order::replicate;
use schism_protocols::find;
use std::collections::BTreeSet;

fn keeps_its_promises(world: &World) -> bool {
    is_linearizable(world) && log_prefix(world) && available(world)
}

/// Nobody is served any more, though leaders have ceased to fall.
fn stuck(world: &World) -> bool {
    let answered = world.operations.iter().filter_map(|o| o.reply.as_ref());
    answered.into_iter().all(|(at, _)| *at < MS * 11_000)
}

#[test]
fn multi_paxos_is_linearizable_safe_and_live() {
    let build = find("multi-paxos").unwrap().build;
    let mut marks = BTreeSet::new();
    for seed in 0..8 {
        let world = run(build, seed);
        assert!(world.answered() > 500, "{seed}: {}", world.answered());
        assert!(keeps_its_promises(&world), "{seed}");
        marks.extend(world.marks.keys().copied());
    }
    for mark in ["leader change", "ballot rejected", "caught up", "recovery"] {
        assert!(marks.contains(mark), "no run reached {mark:?}: {marks:?}");
    }
}

#[test]
fn a_leader_needs_phase_1_and_must_fill_gaps() {
    let card = find("multi-paxos").unwrap();
    let skips = card.twin("skips-phase-1").unwrap().build;
    assert!((0..10).any(|seed| !log_prefix(&run(skips, seed))));
    let leaves = card.twin("leaves-gaps").unwrap().build;
    assert!((0..5).all(|seed| !stuck(&run_with_falling_leaders(card.build, seed, 400))));
    assert!((0..60).any(|seed| stuck(&run_with_falling_leaders(leaves, seed, 400))));
}

#[test]
fn viewstamped_replication_is_linearizable_safe_and_live() {
    let card = find("viewstamped-replication").unwrap();
    let mut marks = BTreeSet::new();
    for seed in 0..8 {
        let world = replicate(card.build, seed);
        assert!(keeps_its_promises(&world), "{seed}");
        marks.extend(world.marks.keys().copied());
    }
    for mark in ["leader change", "view change", "log taken over"] {
        assert!(marks.contains(mark), "no run reached {mark:?}: {marks:?}");
    }
    let twin = card.twin("starts-a-view-from-one-reply").unwrap().build;
    assert!((0..20).any(|seed| !log_prefix(&replicate(twin, seed))));
}
