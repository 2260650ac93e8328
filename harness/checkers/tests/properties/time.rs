//! Hybrid clocks and their distance from what clocks show; the bounds of synchronised clocks.

use crate::compared::compare;
use crate::draw::{self, Weather};
use crate::edited::{edits, event_mut};
use crate::oracle::{Ev, World};
use crate::support::{Rng, Tape};
use schism_checkers::Status::{Holds, Unstressed, Vacuous, Violated};
use schism_history::{Entry, History, OpKind, Value};

const DISTANCE: &str = "wall clock distance";

/// A stamped event with a reading.
fn read(tape: &mut Tape, node: u16, kind: &str, about: Option<(u16, u64)>, own: u64, time: i64) {
    let stamp = Value::List(vec![Value::Int(time), Value::Int(tape.0.records.len() as i64)]);
    tape.event(node, kind, about.map(|(peer, _)| peer), Some(own), stamp);
    if let Some(e) = tape.0.records.last_mut().and_then(event_mut) {
        e.instance = about.map(|(_, message)| message);
    }
}

#[test]
fn a_hybrid_stamp_lies_between_its_own_clock_and_the_latest_before_it() {
    let mut t = Tape::new(2);
    assert_eq!(t.status("events", DISTANCE), Vacuous);
    read(&mut t, 0, "local", None, 50, 50);
    assert_eq!(t.status("events", DISTANCE), Unstressed);
    read(&mut t, 0, "send", Some((1, 7)), 60, 60);
    let mut good = t.clone();
    read(&mut good, 1, "deliver", Some((0, 7)), 20, 60);
    read(&mut good, 1, "local", None, 30, 60);
    assert_eq!(good.status("events", DISTANCE), Holds);
    let mut ahead = t.clone();
    read(&mut ahead, 1, "deliver", Some((0, 7)), 20, 61);
    let finding = ahead.judge("events", DISTANCE);
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "the time of `deliver` at n1 (0.030 s, stamp [61 2]) is ahead of every clock before it; \
         the latest showed 60"
    );
    read(&mut t, 1, "deliver", Some((0, 7)), 90, 89);
    assert_eq!(t.status("events", DISTANCE), Violated);
}

#[test]
fn a_reading_beside_a_stamp_is_no_stamp() {
    let mut t = Tape::new(1);
    t.event(0, "local", None, Some(9), Value::List(vec![Value::Int(1), Value::Int(0)]));
    t.event(0, "local", None, Some(3), Value::List(vec![Value::Int(1), Value::Int(1)]));
    assert_eq!(t.status("events", "hybrid clock"), Unstressed);
}

/// Readings that are now and then off, of clocks that are.
fn readings(rng: &mut Rng, weather: Weather) -> Tape {
    let (mut next, mut sent) = (0, Vec::<(u16, u64, i64)>::new());
    let mut latest = [0i64; 4];
    let errs = if rng.chance(50) { 10 } else { 0 };
    draw::lawless(rng, weather, 16, |rng, tape, node| {
        let own = tape.0.records.len() as i64 * 3 + 40 * i64::from(node % 2);
        let received = rng.pick(&sent).copied().filter(|_| rng.chance(40));
        let theirs = received.map_or(0, |(_, _, time)| time);
        let latest = &mut latest[usize::from(node)];
        *latest = own.max(*latest).max(theirs);
        let time = *latest + i64::from(rng.chance(errs)) - i64::from(rng.chance(errs));
        let (own, number) = (own as u64, next + 1);
        match received {
            Some((from, message, _)) => {
                read(tape, node, "deliver", Some((from, message)), own, time);
            }
            None if rng.chance(60) => {
                next = number;
                read(tape, node, "send", Some((0, number)), own, time);
                sent.push((node, number, *latest));
            }
            None => read(tape, node, "local", None, own, time),
        }
    })
}

/// Whether some time is before its own reading, or after every reading that it follows from.
fn strays(world: &World) -> bool {
    let events: Vec<&Ev> = world.events.iter().filter(|e| world.honest(e.node)).collect();
    let steps = |j: usize| {
        let event = events[j];
        events[..j].iter().enumerate().filter(move |(_, e)| {
            let sent = e.kind == "send"
                && event.kind == "deliver"
                && event.peer == Some(e.node)
                && e.instance == event.instance;
            e.same_life(event) || sent
        })
    };
    let mut past: Vec<Vec<usize>> = Vec::new();
    for j in 0..events.len() {
        let mut all: Vec<usize> = steps(j).flat_map(|(i, _)| past[i].clone()).collect();
        all.push(j);
        past.push(all);
    }
    events.iter().zip(&past).any(|(event, past)| {
        let time = event.value.as_list().and_then(|v| v[0].as_int()).unwrap_or(0).max(0) as u64;
        let latest = past.iter().filter_map(|&i| events[i].number).max();
        Some(time) < event.number || Some(time) > latest
    })
}

#[test]
fn distance_agrees_with_the_definition() {
    let weather = Weather { restarts: false, liars: true, instances: false };
    compare("events", DISTANCE, weather, readings, |_| true, |w, _| strays(w));
}

fn right_readings(rng: &mut Rng) -> History {
    loop {
        let tape = readings(rng, Weather { restarts: false, liars: false, instances: false });
        let world = World::new(&tape.0, schism_checkers::properties::Faults::CrashStop);
        if !strays(&world) && world.events.len() > 4 {
            return tape.0;
        }
    }
}

/// Moves the time of the last stamped event.
fn moved(history: &mut History, by: i64) -> bool {
    let last = history.records.iter_mut().rev().find_map(event_mut);
    let Some(Value::List(stamp)) = last.map(|e| &mut e.value) else { return false };
    stamp[0] = Value::Int(stamp[0].as_int().unwrap_or(0) + by);
    true
}

#[test]
fn edited_readings_are_caught() {
    edits(
        "events",
        right_readings,
        &[DISTANCE],
        &[
            ("alter: far ahead", |h, _| moved(h, 10_000), &[DISTANCE]),
            ("alter: far behind", |h, _| moved(h, -10_000), &[DISTANCE]),
        ],
    );
}

const BOUND: &str = "clock bound";
/// How long one entry of a history is after the one before.
const STEP: i64 = 10_000_000;

fn pair(reading: i64, error: i64) -> Value {
    Value::List(vec![Value::Int(reading), Value::Int(error)])
}

#[test]
fn a_clock_may_be_off_by_what_it_announces() {
    let mut t = Tape::new(2);
    assert_eq!(t.status("clock", BOUND), Vacuous);
    t.whole(1, 0, "read", Value::Nil, pair(15_000_000, 0));
    assert_eq!(t.status("clock", BOUND), Unstressed);
    t.fault_begins(0);
    // From 40 to 50 ms: 7 ms too late, 2 ms too early.
    let mut good = t.clone();
    good.whole(2, 1, "read", Value::Nil, pair(57_000_000, 7_000_000));
    good.whole(1, 0, "read", Value::Nil, pair(58_000_000, 2_000_000));
    let finding = good.judge("clock", BOUND);
    assert_eq!(finding.status, Holds);
    assert_eq!(finding.details["largest_error_ns"], 7_000_000);
    // One clock is 7 ms ahead at least, the other 2 behind.
    assert_eq!(finding.details["precision_ns"], 9_000_000);
    t.whole(2, 1, "read", Value::Nil, pair(57_000_001, 7_000_000));
    let finding = t.judge("clock", BOUND);
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n1 read 57000001 ns between 40000000 and 50000000 ns, at least 7000001 ns off, but \
         announced at most 7000000 ns"
    );
}

/// Clocks that are off, mostly by no more than they say.
fn times(rng: &mut Rng, weather: Weather) -> Tape {
    let mut process = 0;
    let errs = if rng.chance(50) { 15 } else { 0 };
    draw::lawless(rng, weather, 12, |rng, tape, node| {
        process += 1;
        let begin = (tape.0.records.len() as i64 + 1) * STEP;
        let within = begin + rng.below(2 * STEP as usize) as i64;
        tape.op(process, node, OpKind::Invoke, "read", Value::Nil);
        if rng.chance(30) {
            tape.numbered(node, "other", 0, 0);
        }
        let error = rng.below(20_000_000) as i64;
        let off = if rng.chance(errs) { 2 * error } else { error * rng.below(101) as i64 / 100 };
        let reading = if rng.chance(50) { within + off } else { within - off };
        let kind = if rng.chance(90) { OpKind::Ok } else { OpKind::Info };
        tape.op(process, node, kind, "read", pair(reading, error));
    })
}

/// Whether some reading was off by more than its error at every time it may have been made.
fn off(world: &World, tape: &Tape) -> bool {
    let records = &tape.0.records;
    records.iter().enumerate().any(|(i, end)| {
        let Entry::Op(op) = &end.entry else { return false };
        let began = records[..i].iter().rev().find(|r| match &r.entry {
            Entry::Op(begin) => begin.process == op.process,
            _ => false,
        });
        let (OpKind::Ok, Some(began), Some([reading, error])) =
            (op.kind, began, op.value.as_list())
        else {
            return false;
        };
        let (reading, error) = (reading.as_int().unwrap(), error.as_int().unwrap());
        let honest = op.node.is_some_and(|n| world.honest(usize::from(n.0)));
        let early = reading + error < began.time as i64;
        honest && (early || reading - error > end.time as i64)
    })
}

#[test]
fn bounds_agree_with_the_definition() {
    let weather = Weather { restarts: true, liars: true, instances: false };
    compare("clock", BOUND, weather, times, |_| true, off);
}

fn right_times(rng: &mut Rng) -> History {
    loop {
        let tape = times(rng, Weather { restarts: true, liars: false, instances: false });
        let world = World::new(&tape.0, schism_checkers::properties::Faults::CrashStop);
        let answered = |r: &schism_history::Record| match &r.entry {
            Entry::Op(op) => op.kind == OpKind::Ok,
            _ => false,
        };
        if !off(&world, &tape) && tape.0.records.iter().any(answered) {
            return tape.0;
        }
    }
}

/// Alters a reading or its error.
fn altered(history: &mut History, alter: impl Fn(&mut Vec<Value>)) -> bool {
    history.records.iter_mut().rev().any(|record| match &mut record.entry {
        Entry::Op(op) if op.kind == OpKind::Ok => {
            let Value::List(pair) = &mut op.value else { return false };
            alter(pair);
            true
        }
        _ => false,
    })
}

#[test]
fn edited_times_are_caught() {
    edits(
        "clock",
        right_times,
        &[BOUND],
        &[
            (
                "alter: an hour ahead",
                |h, _| altered(h, |pair| pair[0] = Value::Int(3_600_000_000_000)),
                &[BOUND],
            ),
            (
                "forge: sure of a wrong time",
                |h, _| altered(h, |pair| (pair[0], pair[1]) = (Value::Int(0), Value::Int(0))),
                &[BOUND],
            ),
        ],
    );
}
