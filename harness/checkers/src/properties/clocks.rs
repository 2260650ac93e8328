//! Logical clocks: stamps that tell what came before what.
//!
//! Events: `local`, `send` {peer: destination, instance: number of the message} and `deliver` {peer:
//! origin, instance: the same number}, all with the event's stamp: a scalar stamp in `number`, or
//! any other in `value` (a list: one entry per process for a vector clock, and compared entry by
//! entry from the left for a hybrid one, with the node's reading of its own clock in `number`).
//! Message numbers are unique per sender.
//!
//! One event comes before another if both are in one life of a process, in that order, or if one
//! sends what the other delivers, or by a chain of such steps.
//!
//! * **lamport clock**, **hybrid clock**: what comes before has the smaller stamp. It is enough that
//!   every single step raises the stamp. Antecedent: such a step. Stress: a delivery whose
//!   sender's clock was ahead of the receiver's.
//! * **wall clock distance**: the first entry of a hybrid stamp is a time that some clock showed at
//!   an event that comes before this one or is it, and no earlier than what the node's own clock
//!   shows. So it is off by no more than clocks are. It lies between the event's own reading
//!   and the latest among all that come before, which is handed on from event to event. Antecedent:
//!   an event with a reading and a stamp. Stress: an earlier one had a later reading.
//! * **vector clock**: one event comes before another exactly if its stamp is at most as large in
//!   every entry and differs; concurrent events have incomparable stamps. Along one process stamps
//!   only grow, so for each event it is enough to look, per other life, at the first event that
//!   does not come before it. O(events × lives × entries). Antecedent: an event. Stress: one with a
//!   concurrent event.
//!
//! **clock bound**: operations `read` that return `[reading, error]`, in nanoseconds since the run
//! began. At some time between its invocation and its completion, the reading is off by no more
//! than the error that it announces. Antecedent: an answered reading of an honest node. Stress: one
//! made after a fault had begun. Details: the largest error, and the precision: the largest
//! difference of the errors of two nodes; both as far as they are certain.

use super::operations::operations;
use super::run::{Breaches, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Outcome, Value};
use std::cmp::Ordering;

/// A stamp: what an event's time is by its own clock.
#[derive(Clone, Copy, PartialEq)]
enum Stamp<'h> {
    Scalar(u64),
    Value(&'h Value),
}

impl Stamp<'_> {
    /// Scalars by size, anything else as values, lists from the left.
    fn total(&self, other: &Stamp<'_>) -> Ordering {
        match (self, other) {
            (Stamp::Scalar(a), Stamp::Scalar(b)) => a.cmp(b),
            (Stamp::Value(a), Stamp::Value(b)) => a.cmp(b),
            (Stamp::Scalar(_), Stamp::Value(_)) => Ordering::Less,
            (Stamp::Value(_), Stamp::Scalar(_)) => Ordering::Greater,
        }
    }

    /// Whether every entry is at most that of the other.
    fn at_most(&self, other: &Stamp<'_>) -> bool {
        match (self, other) {
            (Stamp::Value(a), Stamp::Value(b)) => match (a.as_list(), b.as_list()) {
                (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a <= b),
                _ => a <= b,
            },
            _ => self.total(other).is_le(),
        }
    }
}

impl std::fmt::Display for Stamp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stamp::Scalar(s) => s.fmt(f),
            Stamp::Value(v) => v.fmt(f),
        }
    }
}

/// A stamped event: where it stands in its life, and the event that caused it, if it is a delivery.
struct Stamped<'h> {
    told: Told<'h>,
    stamp: Stamp<'h>,
    previous: Option<usize>,
    cause: Option<usize>,
    rank: usize,
}

/// All stamped events of honest processes, each with the steps that lead to it.
fn stamped<'h>(run: &Run<'h>) -> Vec<Stamped<'h>> {
    let mut events: Vec<Stamped<'h>> = Vec::new();
    let mut sent: FxHashMap<(usize, u64), usize> = FxHashMap::default();
    let mut latest: Vec<Option<usize>> = vec![None; run.lives()];
    for told in run.events().filter(|t| run.honest(t.node)) {
        let event = told.event;
        let kind = event.kind.as_str();
        let stamp = match (event.number, &event.value) {
            (None, Value::Nil) => continue,
            (Some(number), Value::Nil) => Stamp::Scalar(number),
            (_, value) => Stamp::Value(value),
        };
        let position = events.len();
        let cause = match (kind, event.instance, event.peer) {
            ("local", ..) => None,
            ("send", Some(message), _) => {
                sent.entry((told.node, message)).or_insert(position);
                None
            }
            ("deliver", Some(message), Some(peer)) => {
                sent.get(&(usize::from(peer.0), message)).copied()
            }
            _ => continue,
        };
        let previous = latest[told.life].replace(position);
        let rank = previous.map_or(0, |p| events[p].rank + 1);
        events.push(Stamped { told, stamp, previous, cause, rank });
    }
    events
}

/// Judges the condition of Lamport's clocks.
pub(super) fn lamport(run: &Run<'_>) -> Finding {
    let events = stamped(run);
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for event in &events {
        let own = event.previous.map(|p| &events[p]);
        let cause = event.cause.map(|c| &events[c]);
        for before in own.iter().chain(&cause) {
            antecedents += 1;
            if before.stamp.total(&event.stamp).is_ge() {
                breaches.add(|| not_after(run, before, event));
            }
        }
        let behind = |c: &Stamped<'_>| own.is_none_or(|own| own.stamp.total(&c.stamp).is_le());
        stress += u64::from(cause.is_some_and(behind));
    }
    let stressor = "delivering from a sender whose clock was ahead";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

fn described(run: &Run<'_>, event: &Stamped<'_>) -> String {
    let told = &event.told;
    let kind = &told.event.kind;
    format!("`{kind}` at {} ({}, stamp {})", name(told.node), run.at(told.index), event.stamp)
}

fn not_after(run: &Run<'_>, before: &Stamped<'_>, event: &Stamped<'_>) -> (String, Vec<u64>) {
    let text = format!(
        "{} came before {}, but its stamp is not smaller",
        described(run, before),
        described(run, event),
    );
    (text, vec![before.told.index, event.told.index])
}

/// Judges how far hybrid clocks are from what clocks show.
pub(super) fn wall_clock_distance(run: &Run<'_>) -> Finding {
    let events = stamped(run);
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    // Per event: the latest reading among those that come before it, and its own.
    let mut latest: Vec<u64> = Vec::with_capacity(events.len());
    for event in &events {
        let before = event.previous.iter().chain(&event.cause).map(|&i| latest[i]).max();
        let before = before.unwrap_or(0);
        let told = event.told.event;
        let time = told.value.as_list().and_then(|stamp| stamp.first()?.as_int());
        let (Some(own), Some(time)) = (told.number, time) else {
            latest.push(before);
            continue;
        };
        antecedents += 1;
        stress += u64::from(before > own);
        latest.push(before.max(own));
        let text = match u64::try_from(time).unwrap_or(0) {
            time if time < own => format!("is behind its own clock, which showed {own}"),
            time if time > before.max(own) => {
                format!("is ahead of every clock before it; the latest showed {}", before.max(own))
            }
            _ => continue,
        };
        breaches.add(|| {
            let text = format!("the time of {} {text}", described(run, event));
            let steps = event.previous.iter().chain(&event.cause);
            let steps = steps.map(|&i| events[i].told.index).chain([event.told.index]);
            (text, steps.collect())
        });
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "after one with a later reading")
}

/// Judges the condition of vector clocks.
pub(super) fn vector(run: &Run<'_>) -> Finding {
    let events = stamped(run);
    let lives = run.lives();
    // Per event and life: how many of the life's events come before it or are it.
    let mut known = vec![0u32; events.len() * lives];
    let mut of_life: Vec<Vec<usize>> = vec![Vec::new(); lives];
    for (i, event) in events.iter().enumerate() {
        of_life[event.told.life].push(i);
        let (done, here) = known.split_at_mut(i * lives);
        for before in event.previous.iter().chain(&event.cause) {
            let row = &done[before * lives..(before + 1) * lives];
            here.iter_mut().zip(row).for_each(|(k, &r)| *k = r.max(*k));
        }
        here[event.told.life] = event.rank as u32 + 1;
    }
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for (i, event) in events.iter().enumerate() {
        antecedents += 1;
        for before in event.previous.iter().chain(&event.cause).map(|&b| &events[b]) {
            if !before.stamp.at_most(&event.stamp) || before.stamp == event.stamp {
                breaches.add(|| not_after(run, before, event));
            }
        }
        let mut concurrent = false;
        for life in (0..lives).filter(|&l| l != event.told.life) {
            let Some(&other) = of_life[life].get(known[i * lives + life] as usize) else {
                continue;
            };
            // Unless the other comes after this one, they are concurrent.
            if known[other * lives + event.told.life] as usize > event.rank {
                continue;
            }
            concurrent = true;
            let other = &events[other];
            if other.stamp.at_most(&event.stamp) {
                breaches.add(|| {
                    let text = format!(
                        "{} and {} are concurrent, but their stamps are ordered",
                        described(run, other),
                        described(run, event),
                    );
                    (text, vec![other.told.index, event.told.index])
                });
            }
        }
        stress += u64::from(concurrent);
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "with a concurrent event")
}

/// Judges the announced bounds of synchronised clocks.
pub(super) fn clock_bound(run: &Run<'_>) -> Finding {
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut largest: u64 = 0;
    // Per node: how far ahead it last was, at least and at most.
    let mut ahead: Vec<Option<(i64, i64)>> = vec![None; run.nodes()];
    let mut precision = 0;
    for op in operations(run.history) {
        let (true, Outcome::Ok, Some(node)) = (op.f == "read", op.outcome, op.node) else {
            continue;
        };
        let pair = op.output.as_list().unwrap_or_default();
        let number = |i: usize| pair.get(i).and_then(Value::as_int);
        let (Some(reading), Some(bound), true) = (number(0), number(1), run.honest(node)) else {
            continue;
        };
        antecedents += 1;
        stress += u64::from(run.spells.begun_by(op.begin));
        let end = run.record(op.end).map_or(op.begin, |r| r.time);
        let (least, most) = (reading - end.cast_signed(), reading - op.begin.cast_signed());
        let error = least.max(-most).max(0);
        largest = largest.max(error.unsigned_abs());
        let apart = |&(low, high): &(i64, i64)| (low - most).max(least - high).max(0);
        precision = precision.max(ahead.iter().flatten().map(apart).max().unwrap_or(0));
        ahead[node] = Some((least, most));
        if error > bound {
            breaches.add(|| {
                let text = format!(
                    "{} read {reading} ns between {} and {} ns, at least {error} ns off, but \
                     announced at most {bound} ns",
                    name(node),
                    op.begin,
                    end,
                );
                (text, vec![op.invoked, op.end])
            });
        }
    }
    let stressor = "made after a fault had begun";
    let mut finding = run.verdict(Status::Violated, breaches, antecedents, stress, stressor);
    finding.details = serde_json::json!({ "largest_error_ns": largest, "precision_ns": precision });
    finding
}
