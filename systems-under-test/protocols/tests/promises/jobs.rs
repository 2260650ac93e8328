//! Job handlers do what they have confirmed.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;
use std::collections::BTreeSet;

type Build = fn(Setup) -> Box<dyn Node>;

/// One process that crashes now and then, and clients that submit jobs.
fn run(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 1, seed, Network::GOOD);
    let mut job = 0;
    world.load(MS * 1500, 3, move |_, _| {
        job += 1;
        json!({ "type": "submit", "job": job })
    });
    for at in [400, 800, 1200] {
        let at = MS * (at + world.rng.below(100) as u32);
        world.crash(at, 0);
        world.restart(at + MS * 50, 0);
    }
    world.run(MS * 4000);
    assert!(world.answered() > 50);
    world
}

/// The jobs that were answered like this.
fn answered(world: &World, kind: &str) -> BTreeSet<i64> {
    let like = |reply: &Option<(_, serde_json::Value)>| {
        reply.as_ref().is_some_and(|(_, body)| body["type"] == kind)
    };
    let operations = world.operations.iter().filter(|o| like(&o.reply));
    operations.map(|o| o.question["job"].as_i64().unwrap()).collect()
}

fn done(world: &World) -> BTreeSet<i64> {
    world.noted("process").map(|n| n.note.value.as_i64().unwrap()).collect()
}

#[test]
fn what_is_confirmed_is_done_and_what_is_refused_is_not() {
    for name in ["job-handler-sync", "job-handler-async", "job-handler-buffered"] {
        for seed in 0..10 {
            let world = run(find(name).unwrap().build, seed);
            let (confirmed, refused) = (answered(&world, "submit_ok"), answered(&world, "error"));
            let done = done(&world);
            assert!(confirmed.is_subset(&done), "{name} {seed}");
            assert!(refused.is_disjoint(&done), "{name} {seed}");
            assert_eq!(name.ends_with("buffered"), !refused.is_empty(), "{name} {seed}");
        }
    }
}

#[test]
fn a_buffer_in_memory_is_lost() {
    for name in ["job-handler-async", "job-handler-buffered"] {
        let twin = find(name).unwrap().twin("keeps-nothing").unwrap().build;
        let lost = |seed| {
            let world = run(twin, seed);
            !answered(&world, "submit_ok").is_subset(&done(&world))
        };
        assert!((0..5).any(lost), "{name}");
    }
}
