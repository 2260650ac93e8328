//! Logical clocks: stamps that tell what came before what.
//!
//! Events: `local`, `send` {peer: destination, instance: number of the message} and `deliver` {peer:
//! origin, instance: the same number}, all with the event's stamp: a scalar stamp in `number`, or
//! any other in `value` (a list: one entry per process for a vector clock, and compared entry by
//! entry from the left for a hybrid one). Message numbers are unique per sender.
//!
//! One event comes before another if both are in one life of a process, in that order, or if one
//! sends what the other delivers, or by a chain of such steps.
//!
//! * **lamport clock**, **hybrid clock**: what comes before has the smaller stamp. It is enough that
//!   every single step raises the stamp. Antecedent: such a step. Stress: a delivery whose
//!   sender's clock was ahead of the receiver's.
//! * **vector clock**: one event comes before another exactly if its stamp is at most as large in
//!   every entry and differs; concurrent events have incomparable stamps. Along one process stamps
//!   only grow, so for each event it is enough to look, per other life, at the first event that
//!   does not come before it. O(events × lives × entries). Antecedent: an event. Stress: one with a
//!   concurrent event.
//!
//! **clock bound**: events `clock` {number: the node's reading of the common time in nanoseconds since
//! the run began, value: the error it announces}. The true time, by the record, is at most that far
//! away; the fact `clock-slack-ns` of the history allows for how late events of real processes are
//! recorded. Antecedent: a reading of an honest node. Stress: one made after a fault had begun.
//! Details: the largest error, and the precision: the largest difference of the errors of two nodes.

use super::run::{Breaches, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::Value;
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
            (Some(number), _) => Stamp::Scalar(number),
            (None, Value::Nil) => continue,
            (None, value) => Stamp::Value(value),
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
    let slack = run.fact("clock-slack-ns").and_then(|f| f.parse().ok()).unwrap_or(0);
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut largest: u64 = 0;
    let mut errors: Vec<Option<i64>> = vec![None; run.nodes()];
    let mut precision = 0;
    for told in run.events() {
        let event = told.event;
        let (true, Some(reading)) = (event.kind == "clock" && run.honest(told.node), event.number)
        else {
            continue;
        };
        let Some(bound) = event.value.as_int().and_then(|b| u64::try_from(b).ok()) else {
            continue;
        };
        antecedents += 1;
        stress += u64::from(run.spells.begun_by(told.time));
        let error = reading.abs_diff(told.time);
        largest = largest.max(error);
        let signed = reading.wrapping_sub(told.time) as i64;
        errors[told.node] = Some(signed);
        let others = errors.iter().flatten().map(|&other| other.abs_diff(signed));
        precision = precision.max(others.max().unwrap_or(0));
        if error > bound.saturating_add(slack) {
            breaches.add(|| {
                let text = format!(
                    "{} read {reading} ns at {} ({} ns), {error} ns off, but announced at most {bound} ns",
                    name(told.node),
                    run.at(told.index),
                    told.time,
                );
                (text, vec![told.index])
            });
        }
    }
    let stressor = "made after a fault had begun";
    let mut finding = run.verdict(Status::Violated, breaches, antecedents, stress, stressor);
    finding.details = serde_json::json!({ "largest_error_ns": largest, "precision_ns": precision });
    finding
}
