//! Registers that promise less: regular and safe (Lamport), for any number of writers.
//!
//! Each read is judged by itself. A *regular* read returns what was written by a write that
//! overlaps it, or by one that completed before it and was not certainly replaced: no other write
//! came after that one and completed before the read. A *safe* read must do so only if no write
//! overlaps it, and may return anything otherwise. Writes that may never have happened overlap
//! everything after their invocation.

use super::explain::{Labels, Place};
use super::model::{Call, NEVER, Spec};
use super::models::{Register, RegisterOp};
use super::report::{Core, Described, Partial, Rejection, Verdict, Violation};
use super::sentence::{named, of_object};
use rustc_hash::FxHashMap;

/// Writes in some order of positions, each with the greatest of other positions so far.
struct Sweep {
    at: Vec<u32>,
    greatest: Vec<(u32, u32)>,
}

impl Sweep {
    /// From triples of a position to sort by, one to take the greatest of, and the write.
    fn new(mut writes: Vec<(u32, u32, u32)>) -> Sweep {
        writes.sort_unstable();
        let mut greatest: Vec<(u32, u32)> = Vec::with_capacity(writes.len());
        for (_, position, write) in &writes {
            let best = greatest.last().copied().filter(|(best, _)| best > position);
            greatest.push(best.unwrap_or((*position, *write)));
        }
        Sweep { at: writes.iter().map(|(at, ..)| *at).collect(), greatest }
    }

    /// The greatest position, and whose, of the writes sorted before this one.
    fn before(&self, position: u32) -> Option<(u32, u32)> {
        let count = self.at.partition_point(|at| *at < position);
        self.greatest[..count].last().copied()
    }
}

/// Judges the reads of every object.
pub(crate) fn weaker(
    model: &Register,
    calls: &[Call<RegisterOp>],
    safe: bool,
    labels: &dyn Labels,
) -> Verdict {
    let mut objects: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (i, call) in calls.iter().enumerate() {
        objects.entry(call.object).or_default().push(i as u32);
    }
    let mut numbers: Vec<u32> = objects.keys().copied().collect();
    numbers.sort_unstable();
    for object in numbers {
        if let Some(violation) = judge(model, calls, &objects[&object], safe, labels) {
            return Verdict::Violation(Box::new(violation));
        }
    }
    Verdict::Linearizable { orders: Vec::new() }
}

fn judge(
    model: &Register,
    calls: &[Call<RegisterOp>],
    members: &[u32],
    safe: bool,
    labels: &dyn Labels,
) -> Option<Violation> {
    let call = |i: u32| &calls[i as usize];
    let mut by_value: FxHashMap<u32, Vec<(u32, u32, u32)>> = FxHashMap::default();
    let (mut by_call, mut by_return) = (Vec::new(), Vec::new());
    for &i in members {
        let Call { called, returned, .. } = *call(i);
        if let RegisterOp::Write(value) = call(i).op {
            by_value.entry(value).or_default().push((called, returned, i));
            by_call.push((called, returned, i));
            if returned != NEVER {
                by_return.push((returned, called, i));
            }
        }
    }
    let by_value: FxHashMap<u32, Sweep> =
        by_value.into_iter().map(|(value, writes)| (value, Sweep::new(writes))).collect();
    let (by_call, by_return) = (Sweep::new(by_call), Sweep::new(by_return));
    for &i in members {
        let RegisterOp::Read(value) = call(i).op else { continue };
        let Call { called, returned, .. } = *call(i);
        let overlapped = by_call.before(returned).is_some_and(|(end, _)| end > called);
        if safe && overlapped {
            continue;
        }
        // The last write to begin, of those that had completed before the read.
        let replaced = by_return.before(called);
        let source = by_value.get(&value).and_then(|writes| writes.before(returned));
        let written = source.is_some_and(|(end, _)| replaced.is_none_or(|(last, _)| end > last));
        let initial = value == model.initial && replaced.is_none();
        if !written && !initial {
            let blame = Blame { read: i, source: source.map(|(_, i)| i), replaced };
            return Some(violation(model, calls, blame, safe, labels));
        }
    }
    None
}

struct Blame {
    read: u32,
    source: Option<u32>,
    replaced: Option<(u32, u32)>,
}

fn violation(
    model: &Register,
    calls: &[Call<RegisterOp>],
    blame: Blame,
    safe: bool,
    labels: &dyn Labels,
) -> Violation {
    let Blame { read, source, replaced } = blame;
    let mut mentioned = vec![read];
    mentioned.extend(source);
    mentioned.extend(replaced.map(|(_, i)| i));
    mentioned.sort_by_key(|i| calls[*i as usize].called);
    mentioned.dedup();
    let describe = |i: &u32| {
        let Place { process, invoked, completed } = labels.place(*i);
        let call = &calls[*i as usize];
        let returned = (call.returned != NEVER).then_some(call.returned);
        let text = model.describe(&call.op);
        Described { invoked, completed, called: call.called, returned, process, text }
    };
    let told = |i: u32| {
        let place = labels.place(i);
        named(place.process, &model.describe(&calls[i as usize].op))
    };
    let reason = match (source, replaced) {
        (Some(source), Some((_, last))) => format!(
            "{} had been replaced: {} was invoked after it and had completed before the read was \
             invoked",
            told(source),
            told(last)
        ),
        (None, Some((_, last))) => format!(
            "nobody had invoked a write of that before it returned, and {} had completed before \
             the read was invoked",
            told(last)
        ),
        (_, None) => "nobody had invoked a write of that before it returned".into(),
    };
    let overlap = if safe { ", and no write overlapped it" } else { "" };
    let object = labels.object(calls[read as usize].object);
    let sentence = format!("{}, but {reason}{overlap}", told(read));
    let fails_at = mentioned.iter().position(|i| *i == read).unwrap_or(0);
    Violation {
        sentence: of_object(object.as_ref(), sentence),
        object,
        operations: mentioned.iter().map(describe).collect(),
        fails_at,
        rejected: vec![Rejection { operation: fails_at, state: String::new(), reason }],
        partials: Vec::<Partial>::new(),
        only_these: false,
        core: Core {
            mandatory: (0..mentioned.len()).collect(),
            optional: Vec::new(),
            starts: vec![model.describe_state(&model.initial)],
            any_start: false,
            after: 0,
            confirmed: true,
            omitted: 0,
        },
    }
}
