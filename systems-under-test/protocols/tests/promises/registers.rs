//! Registers hold what their semantics say.

use crate::support::linear::{Action, Op, linearizable, operations};
use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::{Value, json};

type Build = fn(Setup) -> Box<dyn Node>;

const KEYS: u64 = 2;

/// Clients everywhere read and write; one or two of five crash, perhaps in mid-broadcast.
fn run(name: &str, build: Build, seed: u64) -> World {
    let card = find(name).unwrap();
    let lossy = Network { loss: 100, duplication: 50, delay_ms: (1, 100) };
    let network = if card.model.loss() { lossy } else { Network::BOUNDED };
    let mut world = World::new(build, 5, seed, network);
    let one_writer = card.one_writer;
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
        if card.model.restart() {
            world.restart(MS * (when + 300), victim);
        }
    }
    for at in (1000..4000).step_by(400) {
        // Where processes come back, any number may crash.
        for victim in world.rng.some_of(if card.model.restart() { 3 } else { 0 }, 5) {
            world.crash(MS * at, victim);
            world.restart(MS * (at + 100), victim);
        }
    }
    world.run(MS * 8000);
    world
}

fn run_card(name: &str, seed: u64) -> World {
    run(name, find(name).unwrap().build, seed)
}

fn run_twin(name: &str, twin: &str, seed: u64) -> World {
    run(name, find(name).unwrap().twin(twin).unwrap().build, seed)
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
        let world = run_card("majority-register", seed);
        assert!(terminating(&world), "{seed}");
        assert!(regular(&world), "{seed}");
    }
}

#[test]
fn the_majority_register_is_not_atomic() {
    assert!((0..100).any(|seed| !atomic(&run_card("majority-register", seed))));
}

#[test]
fn asking_one_less_than_a_majority_is_not_regular() {
    let twin = |seed| run_twin("majority-register", "asks-one-less", seed);
    assert!((0..15).any(|seed| !regular(&twin(seed))));
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
        let world = run_card("atomic-nn", seed);
        assert!(terminating(&world), "{seed}");
        assert!(atomic(&world), "{seed}");
    }
}

#[test]
fn each_defect_of_the_atomic_register_shows() {
    for name in ["writers-do-not-read-first", "stamps-without-rank", "no-write-back"] {
        assert!((0..200).any(|seed| !atomic(&run_twin("atomic-nn", name, seed))), "{name}");
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

#[test]
fn the_read_one_write_all_register_is_regular_and_not_atomic() {
    for seed in 0..15 {
        let world = run_card("rowa-register", seed);
        assert!(terminating(&world), "{seed}");
        assert!(regular(&world), "{seed}");
    }
    assert!((0..30).any(|seed| !atomic(&run_card("rowa-register", seed))));
    let twin = |seed| run_twin("rowa-register", "waits-for-one-only", seed);
    assert!((0..30).any(|seed| !regular(&twin(seed))));
}

#[test]
fn the_register_with_one_writer_is_atomic() {
    for seed in 0..15 {
        let world = run_card("atomic-register", seed);
        assert!(terminating(&world), "{seed}");
        assert!(atomic(&world) && regular(&world), "{seed}");
    }
    assert!((0..200).any(|seed| !atomic(&run_twin("atomic-register", "no-write-back", seed))));
}

#[test]
fn the_logged_register_survives_restarts() {
    for seed in 0..15 {
        let world = run_card("atomic-logged", seed);
        assert!(world.crashed.iter().all(|crash| crash.is_none()));
        assert!(atomic(&world), "{seed}");
    }
    let twin = |seed| run_twin("atomic-logged", "acknowledges-before-storing", seed);
    assert!((0..200).any(|seed| !atomic(&twin(seed))));
}

#[test]
fn registers_for_one_reader_make_an_atomic_one_for_many() {
    for seed in 0..8 {
        let world = run_card("atomic-from-11", seed);
        assert!(terminating(&world), "{seed}");
        assert!(atomic(&world) && regular(&world), "{seed}");
    }
    assert!((0..200).any(|seed| !atomic(&run_twin(
        "atomic-from-11",
        "readers-do-not-write",
        seed
    ))));
}

/// Reads that overlap no write return what was last written.
fn safe(world: &World) -> bool {
    (0..KEYS).all(|key| {
        let ops = operations(&world.operations, key);
        let quiet = |read: &&Op| {
            let end = read.returned.expect("a read that counts returned");
            let overlaps =
                |w: &Op| w.invoked <= end && w.returned.is_none_or(|at| at >= read.invoked);
            !ops.iter().any(|op| matches!(op.action, Action::Write(_)) && overlaps(op))
        };
        let reads = ops.iter().filter(|op| matches!(op.action, Action::Read(_)));
        reads.filter(quiet).all(|read| match read.action {
            Action::Read(seen) => may_be_read(&ops, read, seen),
            _ => true,
        })
    })
}

#[test]
fn a_register_out_of_bits_is_safe_and_no_more() {
    for seed in 0..8 {
        // Bit after bit a write may take longer than a client waits.
        let world = run_card("safe-register-from-bits", seed);
        assert!(world.answered() > 100, "{seed}");
        assert!(safe(&world), "{seed}");
    }
    assert!((0..30).any(|seed| !regular(&run_card("safe-register-from-bits", seed))));
    let twin = |seed| run_twin("safe-register-from-bits", "waits-for-one-only", seed);
    assert!((0..60).any(|seed| !safe(&twin(seed))));
}

/// The values that the replicas hold of a key in the end.
fn copies(world: &mut World, key: u64) -> Vec<Value> {
    let mut copies = Vec::new();
    for node in world.correct() {
        let question = json!({ "type": "read", "key": key, "own_copy": true });
        copies.push(world.ask_now(node, &question)["value"].clone());
    }
    copies
}

fn converged(mut world: World) -> bool {
    (0..KEYS).all(|key| {
        let copies = copies(&mut world, key);
        copies.iter().all(|copy| copy == &copies[0])
    })
}

#[test]
fn quorums_that_meet_see_the_last_write_and_replicas_converge() {
    for seed in 0..10 {
        let world = run_card("quorum-kv", seed);
        assert!(terminating(&world), "{seed}");
        assert!(regular(&world), "{seed}");
        assert!(converged(world), "{seed}");
    }
}

#[test]
fn quorums_that_do_not_meet_read_what_is_stale_and_replicas_left_alone_differ() {
    let stale = |seed| !regular(&run_twin("quorum-kv", "reads-one-writes-one", seed));
    assert!((0..10).any(stale));
    assert!((0..30).any(|seed| !converged(run_twin("quorum-kv", "never-repairs", seed))));
}
