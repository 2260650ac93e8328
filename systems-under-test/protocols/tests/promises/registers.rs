//! Registers hold what their semantics say.

use crate::support::linear::{Action, Op, linearizable, operations};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::json;

type Build = fn(Setup) -> Box<dyn Node>;

const KEYS: u64 = 2;

/// Clients everywhere read and write; one or two of five crash, perhaps in mid-broadcast.
fn run(build: Build, seed: u64) -> World {
    let network = Network { loss: 100, duplication: 50, delay_ms: (1, 100) };
    let mut world = World::new(build, 5, seed, network);
    let one_writer = build_has_one_writer(build);
    let mut value = 0;
    world.load(MS * 4000, 2, move |rng, node| {
        let key = rng.below(KEYS);
        let writes = if one_writer { node == 0 } else { rng.below(5) == 0 };
        if !writes {
            return json!({ "type": "read", "key": key });
        }
        value += 1;
        json!({ "type": "write", "key": key, "value": value })
    });
    let crashes = 1 + world.rng.below(2) as usize;
    for victim in world.rng.some_of(crashes, 5) {
        let (when, sends) = (1000 + world.rng.below(2000) as u32, world.rng.below(8) as usize);
        world.crash_after_sends(MS * when, victim, sends);
    }
    world.run(MS * 8000);
    world
}

fn build_has_one_writer(build: Build) -> bool {
    let majority = find("majority-register").unwrap();
    majority.build as usize == build as usize
        || majority.twins.iter().any(|twin| twin.build as usize == build as usize)
}

fn twin(card: &str, twin: &str) -> Build {
    find(card).unwrap().twin(twin).unwrap().build
}

fn atomic(world: &World) -> bool {
    (0..KEYS).all(|key| linearizable(operations(&world.operations, key)))
}

/// Each read returns the last value written before it, or one whose write it overlaps.
fn regular(world: &World) -> bool {
    (0..KEYS).all(|key| {
        let ops = operations(&world.operations, key);
        ops.iter().all(|read| match read.action {
            Action::Read(seen) => may_be_read(&ops, read, seen),
            _ => true,
        })
    })
}

fn may_be_read(ops: &[Op], read: &Op, seen: Option<i64>) -> bool {
    let end = read.returned.expect("a read that counts returned");
    let writes = ops.iter().filter(|op| matches!(op.action, Action::Write(_)));
    let complete = |w: &&Op| w.returned.is_some_and(|at| at < read.invoked);
    let last = writes.clone().filter(complete).max_by_key(|w| w.invoked);
    let overlaps = |w: &&Op| w.invoked <= end && !complete(w);
    let mut candidates = last.into_iter().chain(writes.filter(overlaps));
    match seen {
        None => last.is_none(),
        Some(value) => candidates.any(|w| w.action == Action::Write(value)),
    }
}

/// Clients of processes that live are answered.
fn terminating(world: &World) -> bool {
    let correct = world.correct();
    assert!(world.answered() > 40, "{}", world.answered());
    world.operations.iter().filter(|o| correct.contains(&o.node)).all(|o| o.reply.is_some())
}

#[test]
fn the_majority_register_is_regular() {
    for seed in 0..15 {
        let world = run(find("majority-register").unwrap().build, seed);
        assert!(terminating(&world), "{seed}");
        assert!(regular(&world), "{seed}");
    }
}

#[test]
fn the_majority_register_is_not_atomic() {
    let build = find("majority-register").unwrap().build;
    assert!((0..100).any(|seed| !atomic(&run(build, seed))));
}

#[test]
fn asking_one_less_than_a_majority_is_not_regular() {
    let build = twin("majority-register", "asks-one-less");
    assert!((0..15).any(|seed| !regular(&run(build, seed))));
}

#[test]
fn only_the_first_process_writes_a_register_with_one_writer() {
    let mut world = World::new(find("majority-register").unwrap().build, 3, 1, Network::GOOD);
    world.load(MS * 100, 1, |_, _| json!({ "type": "write", "value": 1 }));
    world.run(MS * 1000);
    for operation in &world.operations {
        let reply = &operation.reply.as_ref().unwrap().1;
        if operation.node == 0 {
            assert_eq!(reply["type"], "write_ok");
        } else {
            assert_eq!((&reply["type"], &reply["code"]), (&json!("error"), &json!(10)));
        }
    }
}

#[test]
fn the_atomic_register_is_linearizable() {
    for seed in 0..15 {
        let world = run(find("atomic-nn").unwrap().build, seed);
        assert!(terminating(&world), "{seed}");
        assert!(atomic(&world), "{seed}");
    }
}

#[test]
fn each_defect_of_the_atomic_register_shows() {
    for name in ["writers-do-not-read-first", "stamps-without-rank", "no-write-back"] {
        let build = twin("atomic-nn", name);
        assert!((0..200).any(|seed| !atomic(&run(build, seed))), "{name}");
    }
}

#[test]
fn an_operation_costs_what_the_book_says() {
    // Twice there and back again, to four others.
    let mut world = World::new(find("atomic-nn").unwrap().build, 5, 1, Network::GOOD);
    world.load(MS * 2000, 1, |_, _| json!({ "type": "read" }));
    world.run(MS * 5000);
    let cost = |kind| world.sent[kind] as f64 / world.operations.len() as f64;
    for kind in ["Consult", "Value", "Impose", "Ack"] {
        assert_eq!(cost(kind), 4.0, "{kind}");
    }
}
