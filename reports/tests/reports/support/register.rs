//! A run that fails: a register that is only regular, asked for linearizability.

use super::{MILLI, SECOND, Sample, Story, facts};
use schism_checkers::linearizability::{Linearizable, Model};
use schism_checkers::{Budget, Check, Finding};
use schism_history::{Entry, Fate, OpKind, Value};

/// Reads on both sides of a slow write: the second returns the older value.
pub fn failing_register() -> Sample {
    let mut story = Story::new(11);
    let (begin, end) = (200 * MILLI, 12 * SECOND);
    story.phases(begin, end, end + 2 * SECOND);
    story.start(3);
    let bad = 6 * SECOND;
    story.fault(
        0,
        "delay 40 ms around n2",
        &[2],
        (5 * SECOND, 8 * SECOND),
        914,
        "914 messages delayed",
    );
    story.fault(1, "loss 10 %", &[], (9 * SECOND, 11 * SECOND), 131, "131 messages lost");
    // The ordinary course of things: one writer, three readers.
    let mut clock = begin;
    let mut written = 0;
    while clock < end {
        let around_bad = (bad - 8 * MILLI..bad + 90 * MILLI).contains(&clock);
        let slow = (5 * SECOND..8 * SECOND).contains(&clock);
        let took = 900_000 + story.rng.around(600_000) + if slow { 3 * MILLI } else { 0 };
        if !around_bad {
            written += 1;
            quorum(&mut story, 0, clock, took, "Write", "WriteAck", slow);
            story.op(clock, 0, OpKind::Invoke, "write", None, written, 0);
            story.op(clock + took, 0, OpKind::Ok, "write", None, written, 0);
            for reader in 1..4u64 {
                let at = clock + took + story.rng.around(MILLI) + 100_000;
                let (reading, node) = (700_000 + story.rng.around(400_000), (reader % 3) as u16);
                quorum(&mut story, node, at, reading, "Read", "Value", slow);
                story.op(at, reader, OpKind::Invoke, "read", None, Value::Nil, node);
                story.op(at + reading, reader, OpKind::Ok, "read", None, written, node);
            }
        }
        clock += 14 * MILLI + story.rng.around(4 * MILLI);
    }
    // The write that reaches n1 long before n2.
    let old = story.entries.iter().filter(|(t, e)| *t < bad && wrote(e)).count() as i64;
    let new = 1_000_000 + old;
    story.op(bad, 0, OpKind::Invoke, "write", None, new, 0);
    story.message(0, 1, "Write", bad + 100_000, 600_000, Fate::Delivered);
    story.message(0, 2, "Write", bad + 100_000, 43 * MILLI, Fate::Delivered);
    story.message(2, 0, "WriteAck", bad + 43 * MILLI, 12 * MILLI, Fate::Delivered);
    story.message(1, 0, "WriteAck", bad + 800_000, 54 * MILLI, Fate::Delivered);
    story.op(bad + 60 * MILLI, 0, OpKind::Ok, "write", None, new, 0);
    let read = |story: &mut Story, at, process, node, from, value: i64| {
        story.op(at, process, OpKind::Invoke, "read", None, Value::Nil, node);
        story.message(node, from, "Read", at + 50_000, 500_000, Fate::Delivered);
        story.message(from, node, "Value", at + 600_000, 500_000, Fate::Delivered);
        story.op(at + 2 * MILLI, process, OpKind::Ok, "read", None, value, node);
    };
    read(&mut story, bad + 6 * MILLI, 1, 1, 0, new);
    read(&mut story, bad + 15 * MILLI, 2, 2, 1, old);

    let history = story.tell("majority-register", "register", 11, 3);
    let budget = Budget::default();
    let linearizable = Linearizable::new(Model::Register).check(&history, &budget);
    let findings = vec![
        Finding::kept("regular register", 2400, 310, "reading while a write was open"),
        linearizable,
        Finding::kept("availability", 3200, 640, "under faults"),
    ];
    Sample { history, findings, facts: facts("majority-register", 11) }
}

fn wrote(entry: &Entry) -> bool {
    matches!(entry, Entry::Op(op) if op.kind == OpKind::Ok && op.f == "write" && op.value != Value::Nil)
}

fn quorum(story: &mut Story, from: u16, at: u64, took: u64, ask: &str, answer: &str, slow: bool) {
    for to in (0..3).filter(|&n| n != from) {
        let extra = if slow && (to == 2 || from == 2) { 30 * MILLI } else { 0 };
        let lost = (9 * SECOND..11 * SECOND).contains(&at) && story.rng.unit() < 0.1;
        let fate = if lost { Fate::Lost } else { Fate::Delivered };
        story.message(from, to, ask, at + took / 10, took / 3 + extra, fate);
        if !lost {
            story.message(to, from, answer, at + took / 2 + extra, took / 3, Fate::Delivered);
        }
    }
}
