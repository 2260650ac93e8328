//! A healthy run: a leader with followers keeps its promises through six faults.

use super::{MILLI, Rng, SECOND, Sample, Story, facts};
use schism_checkers::Finding;
use schism_history::{Fate, Nanos, NodeChange, OpKind, Value};

const NODES: u16 = 5;
const CLIENTS: u64 = 10;
const TIMEOUT: Nanos = 5 * SECOND;
const CHAOS: Nanos = 200 * MILLI;

/// When nobody leads, and who leads from when on.
const OUTAGES: [(Nanos, Nanos); 3] = [(18_000, 19_400), (33_000, 33_300), (52_000, 53_600)];
const LEADERS: [(Nanos, u16); 3] = [(0, 0), (19_400, 3), (53_600, 1)];

fn leader(time: Nanos) -> u16 {
    LEADERS.iter().rev().find(|(from, _)| from * MILLI <= time).map_or(0, |(_, n)| *n)
}

fn outage(time: Nanos) -> Option<Nanos> {
    OUTAGES
        .iter()
        .find(|(from, until)| (from * MILLI..until * MILLI).contains(&time))
        .map(|(_, until)| until * MILLI)
}

/// How long an operation takes that nothing holds up.
fn pace(rng: &mut Rng, time: Nanos) -> Nanos {
    let base = 900_000 + rng.around(500_000);
    let seconds = time / SECOND;
    let slow = match seconds {
        28..36 if rng.unit() < 0.2 => 45 * MILLI + rng.around(30 * MILLI),
        42..50 => 22 * MILLI + rng.around(6 * MILLI),
        _ if rng.unit() < 0.004 => rng.around(12 * MILLI),
        _ => 0,
    };
    base + slow
}

/// A run of 60 s with about this many operations; `traffic` records the protocol's messages.
pub fn healthy_raft(operations: u64, traffic: bool) -> Sample {
    let mut story = Story::new(7);
    let end = 60 * SECOND;
    story.phases(CHAOS, end, end + 4 * SECOND);
    story.start(NODES);
    story.event(150 * MILLI, 0, "lead", None, Some(1), Value::Nil);
    story.event(19_400 * MILLI, 3, "lead", None, Some(2), Value::Nil);
    story.event(53_600 * MILLI, 1, "lead", None, Some(3), Value::Nil);
    let s = SECOND;
    let one = |n| vec![n];
    let faults = [
        ("partition halves n0 n1 n2 | n3 n4", vec![], (8 * s, 14 * s), 1204, "1 204 messages cut"),
        ("kill n0, disk kept", one(0), (18 * s, 24 * s), 1, "n0 seen dead"),
        ("loss 20 %", vec![], (28 * s, 36 * s), 3120, "3 120 messages lost"),
        ("pause n3", one(3), (33 * s, 33 * s + 300 * MILLI), 1, "n3 seen stopped"),
        ("delay 20 ms ± 5 ms", vec![], (42 * s, 50 * s), 20_450, "20 450 messages delayed"),
        ("partition isolate n3", one(3), (52 * s, 57 * s), 402, "402 messages cut"),
        ("duplicate 5 % around n4", one(4), (55 * s, 55 * s + 80 * MILLI), 0, "no message met it"),
    ];
    for (id, (what, targets, times, touched, detail)) in faults.into_iter().enumerate() {
        story.fault(id as u32, what, &targets, times, touched, detail);
    }
    story.node(18 * s, 0, NodeChange::Killed);
    story.node(24 * s, 0, NodeChange::Started { incarnation: 1, with_disk: true });
    story.node(24 * s + 45 * MILLI, 0, NodeChange::Ready);
    story.node(33 * s, 3, NodeChange::Paused);
    story.node(33 * s + 300 * MILLI, 3, NodeChange::Resumed);

    let each = operations / CLIENTS;
    let gap = (end - CHAOS) / each.max(1);
    let mut processes: Vec<u64> = (0..CLIENTS).collect();
    let mut clock: Vec<Nanos> = (0..CLIENTS).map(|c| CHAOS + c * gap / CLIENTS).collect();
    let mut registers = [0i64; 8];
    let mut next = 0;
    while let Some(client) =
        (0..CLIENTS as usize).filter(|&c| clock[c] < end).min_by_key(|&c| clock[c])
    {
        let begin = clock[client];
        let process = processes[client];
        let (key, node) = (story.rng.below(8) as usize, leader(begin));
        let took = pace(&mut story.rng, begin);
        let reads = story.rng.unit() < 0.5;
        let f = if reads { "read" } else { "write" };
        next += i64::from(!reads);
        let input = if reads { None } else { Some(next) };
        story.op(begin, process, OpKind::Invoke, f, Some(key as i64), input, node);
        let held = outage(begin).or_else(|| outage(begin + took));
        let (kind, done) = match held {
            None => (OpKind::Ok, begin + took),
            Some(_) if story.rng.unit() < 0.35 => {
                (OpKind::Fail, begin + took + story.rng.around(150 * MILLI))
            }
            Some(_) if story.rng.unit() < 0.05 => (OpKind::Info, begin + TIMEOUT),
            Some(until) => (OpKind::Ok, until.max(begin) + took + story.rng.around(40 * MILLI)),
        };
        if kind == OpKind::Ok {
            if !reads {
                registers[key] = next;
            }
            story.op(done, process, kind, f, Some(key as i64), registers[key], node);
            if traffic && held.is_none() {
                replicate(&mut story, node, begin, took);
            }
        } else {
            story.op(done, process, kind, f, Some(key as i64), Value::Nil, node);
        }
        if kind == OpKind::Info {
            processes[client] += CLIENTS;
        }
        clock[client] = done.max(begin + story.rng.around(gap).min(20 * gap)) + 1;
    }
    if traffic {
        heartbeats(&mut story, end);
    }
    let kept = |property, cases, stress, stressor| Finding::kept(property, cases, stress, stressor);
    let n = operations;
    let findings = vec![
        kept("linearizable", n, n / 5, "concurrent with a fault"),
        kept("election safety", 3, 2, "with an old leader that was isolated, not dead"),
        kept("log matching", n / 2, 120, "in two terms"),
        kept("state machine safety", n / 2, 44, "after a crash"),
        kept("availability", n, n / 3, "under faults"),
    ];
    Sample { history: story.tell("raft", "kv", 7, NODES), findings, facts: facts("raft", 7) }
}

/// One round of replication within an operation.
fn replicate(story: &mut Story, leader: u16, begin: Nanos, took: Nanos) {
    for follower in (0..NODES).filter(|&n| n != leader) {
        let (way, sent) = (took / 3, begin + took / 6);
        let fate = fate(story, leader, follower, sent);
        story.message(leader, follower, "AppendEntries", sent, way, fate);
        if fate == Fate::Delivered {
            let back = self::fate(story, follower, leader, sent + way);
            story.message(follower, leader, "Appended", sent + way, took / 4, back);
        }
    }
}

fn heartbeats(story: &mut Story, end: Nanos) {
    let mut time = CHAOS;
    while time < end {
        let from = leader(time);
        for to in (0..NODES).filter(|&n| n != from) {
            let fate = fate(story, from, to, time);
            story.message(from, to, "Heartbeat", time, 300_000, fate);
        }
        time += 50 * MILLI;
    }
}

/// What the faults of this run do to a message.
fn fate(story: &mut Story, src: u16, dest: u16, time: Nanos) -> Fate {
    let side = |n: u16| n < 3;
    match time / SECOND {
        8..14 if side(src) != side(dest) => Fate::Cut,
        18..24 if dest == 0 => Fate::Dead,
        28..36 if story.rng.unit() < 0.2 => Fate::Lost,
        52..57 if (src == 3) != (dest == 3) => Fate::Cut,
        _ => Fate::Delivered,
    }
}
