//! Convergence: when everything is quiet, all replicas say the same.
//!
//! Operations: `read` per key, at several nodes. In the final phase (in a history without phases:
//! after the last operation other than a read has ended), all acknowledged reads of a key return the
//! same, whichever correct node answers. Antecedent: a key read at two nodes or more. Stress: it was
//! changed while a fault was in force.

use super::operations::{Op, operations};
use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Entry, Outcome, Phase, Value};

/// What is known of one key.
#[derive(Default)]
struct Key<'h> {
    stressed: bool,
    first: Option<Op<'h>>,
    elsewhere: bool,
    differs: Option<Op<'h>>,
}

/// A result in a line: of a long list, only how it begins.
pub(super) fn brief(value: &Value) -> String {
    const SHOWN: usize = 6;
    match value {
        Value::List(list) if list.len() > SHOWN + 2 => {
            let shown: Vec<String> = list[..SHOWN].iter().map(Value::to_string).collect();
            format!("[{} and {} more]", shown.join(" "), list.len() - SHOWN)
        }
        value => value.to_string(),
    }
}

/// The record from which on reads show how it ended.
pub(super) fn finale(run: &Run<'_>, ops: &[Op<'_>]) -> u64 {
    let finale = Entry::Phase(Phase::Final);
    let finale = run.history.records.iter().find(|r| r.entry == finale).map(|r| r.index);
    let last_change = ops.iter().filter(|o| o.f != "read").map(|o| match o.end {
        u64::MAX => o.invoked,
        end => end,
    });
    finale.unwrap_or(last_change.max().unwrap_or(0))
}

/// Judges convergence.
pub(super) fn convergence(run: &Run<'_>) -> Finding {
    let ops = operations(run.history);
    let finale = finale(run, &ops);
    let mut keys: FxHashMap<&Value, Key<'_>> = FxHashMap::default();
    for &op in &ops {
        let key = keys.entry(op.key.unwrap_or(&Value::Nil)).or_default();
        if op.f != "read" {
            let end = run.record(op.end).map_or(run.deadline(), |r| r.time);
            key.stressed |= run.spells.meet(op.begin, end);
            continue;
        }
        let Some(node) = op.node.filter(|&n| run.correct(n)) else { continue };
        if op.invoked < finale || op.outcome != Outcome::Ok {
            continue;
        }
        let first = *key.first.get_or_insert(op);
        key.elsewhere |= first.node != Some(node);
        if first.output != op.output {
            key.differs.get_or_insert(op);
        }
    }
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut differing = Vec::new();
    for (key, state) in &keys {
        let single = !state.elsewhere && state.differs.is_none();
        let Some(first) = state.first.filter(|_| !single) else { continue };
        antecedents += 1;
        stress += u64::from(state.stressed);
        if let Some(other) = state.differs {
            differing.push((first, other, *key));
        }
    }
    differing.sort_unstable_by_key(|(first, ..)| first.invoked);
    for (first, other, key) in differing {
        breaches.add(|| {
            let of = if key.is_nil() { String::new() } else { format!(" for {key}") };
            let node = |o: &Op<'_>| o.node.map_or("a node".into(), |n| name(n).to_string());
            let text = format!(
                "in the end {} said {}{of} (at {}) and {} said {} (at {})",
                node(&first),
                brief(first.output),
                run.at(first.end),
                node(&other),
                brief(other.output),
                run.at(other.end),
            );
            (text, vec![first.invoked, first.end, other.invoked, other.end])
        });
    }
    let stressor = "changed while a fault was in force";
    run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor)
}
