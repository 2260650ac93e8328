//! Stamps say what their clocks promise.

use crate::support::{MS, Network, World};
use schism_kernel::Node;
use schism_protocols::{Setup, find};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

type Build = fn(Setup) -> Box<dyn Node>;

/// Everybody does things and sends; one of four crashes.
fn run(build: Build, seed: u64) -> World {
    let mut world = World::new(build, 4, seed, Network::BAD);
    world.load(MS * 600, 1, |rng, _| match rng.below(3) {
        0 => json!({ "type": "local" }),
        _ => json!({ "type": "send", "to": rng.below(4) }),
    });
    let (victim, when) = (world.rng.below(4) as usize, world.rng.below(600) as u32);
    world.crash(MS * when, victim);
    world.run(MS * 3000);
    assert!(world.noted("deliver").count() > 50);
    world
}

fn card(name: &str) -> Build {
    find(name).unwrap().build
}

fn twin(name: &str, twin: &str) -> Build {
    find(name).unwrap().twin(twin).unwrap().build
}

/// A stamp as numbers, a reading as a time, and which events come before.
struct Event {
    stamp: Vec<u64>,
    reading: u64,
    before: Vec<usize>,
}

fn events(world: &World) -> Vec<Event> {
    let (mut last, mut sent) = (BTreeMap::new(), BTreeMap::new());
    let mut events: Vec<Event> = Vec::new();
    for noted in &world.notes {
        let note = &noted.note;
        let reading = note.number.unwrap_or(0);
        let stamp = match &note.value {
            Value::Array(entries) => entries.iter().filter_map(Value::as_u64).collect(),
            _ => vec![reading],
        };
        let at = events.len();
        let cause = note.peer.filter(|_| note.kind == "deliver");
        let cause = cause.and_then(|p| sent.get(&(usize::from(p.0), note.instance)).copied());
        let steps = last.insert(noted.node, at).into_iter().chain(cause);
        let before = steps.flat_map(|s: usize| [&events[s].before[..], &[s]].concat()).collect();
        if note.kind == "send" {
            sent.insert((noted.node, note.instance), at);
        }
        let mut before: Vec<usize> = before;
        before.sort_unstable();
        before.dedup();
        events.push(Event { stamp, reading, before });
    }
    events
}

/// What comes before has the smaller stamp.
fn ordered(world: &World) -> bool {
    let events = events(world);
    events.iter().all(|e| e.before.iter().all(|&b| events[b].stamp < e.stamp))
}

/// One vector is at most another exactly if its event comes before.
fn exact(world: &World) -> bool {
    let events = events(world);
    let at_most = |a: &Event, b: &Event| a.stamp.iter().zip(&b.stamp).all(|(a, b)| a <= b);
    (0..events.len()).all(|j| {
        (0..j).all(|i| {
            let before = events[j].before.binary_search(&i).is_ok();
            at_most(&events[i], &events[j]) == before && !at_most(&events[j], &events[i])
        })
    })
}

/// Each time was shown by some clock by then, and is not before the process's own.
fn near(world: &World) -> bool {
    let events = events(world);
    events.iter().all(|e| {
        let latest = e.before.iter().map(|&b| events[b].reading).max();
        e.reading <= e.stamp[0] && e.stamp[0] <= e.reading.max(latest.unwrap_or(0))
    })
}

#[test]
fn lamport_stamps_grow_along_causes_and_say_no_more() {
    for seed in 0..5 {
        let world = run(card("lamport-clock"), seed);
        assert!(ordered(&world), "{seed}");
        assert!(!exact(&world), "{seed}");
    }
    assert!(!ordered(&run(twin("lamport-clock", "no-max-on-receive"), 1)));
}

#[test]
fn vectors_are_ordered_exactly_as_their_events() {
    for seed in 0..5 {
        assert!(exact(&run(card("vector-clock"), seed)), "{seed}");
    }
    assert!(!exact(&run(twin("vector-clock", "drops-one-entry"), 1)));
}

#[test]
fn hybrid_stamps_are_ordered_and_near_the_time() {
    for seed in 0..5 {
        let world = run(card("hybrid-clock"), seed);
        assert!(ordered(&world) && near(&world), "{seed}");
    }
    assert!(!ordered(&run(twin("hybrid-clock", "ignores-the-received-stamp"), 1)));
    assert!(!near(&run(twin("hybrid-clock", "counts-in-nanoseconds"), 1)));
}

/// Whether every clock is as near to the time as it says, and by how much the worst is off.
fn within_bounds(world: &World) -> (bool, Duration) {
    let (mut within, mut worst) = (true, Duration::ZERO);
    for operation in &world.operations {
        let Some((now, reply)) = &operation.reply else { continue };
        let Some(time) = reply["time"].as_u64().map(Duration::from_nanos) else { continue };
        let error = now.abs_diff(time);
        within &= error <= Duration::from_nanos(reply["error"].as_u64().unwrap());
        worst = worst.max(error);
    }
    (within, worst)
}

#[test]
fn a_synchronised_clock_is_as_near_as_it_says() {
    let run = |build: Build, seed| {
        let mut world = World::new(build, 4, seed, Network::BOUNDED);
        world.load(MS * 5000, 1, |_, _| json!({ "type": "read" }));
        world.crash(MS * 3000, 0);
        world.run(MS * 6000);
        within_bounds(&world)
    };
    for seed in 0..10 {
        let (within, worst) = run(card("clock-sync"), seed);
        assert!(within, "{seed}");
        assert!(MS < worst && worst < MS * 240, "{seed}: {worst:?}");
    }
    assert!(!run(twin("clock-sync", "announces-no-uncertainty"), 1).0);
}
