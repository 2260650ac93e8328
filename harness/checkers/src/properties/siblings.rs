//! Siblings: what is written is there until it is replaced, and not afterwards.
//!
//! Operations per key: `write` of a list, the new value first and then those that it replaces, which
//! its client had read; `read`, which returns a list. Looked at is the end: acknowledged reads at
//! correct nodes in the final phase (as for convergence). What is replaced by a write that may have
//! happened need not be there, and what is replaced by one that was acknowledged must not.
//!
//! * **no lost write**: a value whose write was acknowledged, and which nothing replaces, is found by
//!   some read in the end. Antecedent: such a value under a key that is read in the end. Stress: a
//!   fault was in force while it was written, or there is another one under the key.
//! * **no stale sibling**: a value that was replaced by an acknowledged write is not found by all
//!   reads in the end. Antecedent: such a value. Stress: a fault was in force while it was
//!   replaced, or there is another value under the key in the end.

use super::convergence::{brief, finale};
use super::operations::{Op, operations};
use super::run::{Breaches, Run};
use crate::{Finding, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::{Outcome, Value};

/// What is known of one key.
#[derive(Default)]
struct Key<'h> {
    /// Writes that may have happened, by value.
    writes: Vec<(&'h Value, Op<'h>)>,
    /// What they replace, and the acknowledged write that does, if one was.
    replaced: FxHashMap<&'h Value, Option<Op<'h>>>,
    /// The reads in the end.
    reads: Vec<Op<'h>>,
    /// How many of these found a value.
    found: FxHashMap<&'h Value, usize>,
}

fn keys<'h>(run: &Run<'h>) -> Vec<Key<'h>> {
    let ops = operations(run.history);
    let finale = finale(run, &ops);
    let mut names: FxHashMap<&Value, usize> = FxHashMap::default();
    let mut keys: Vec<Key<'_>> = Vec::new();
    for op in ops {
        let number = *names.entry(op.key.unwrap_or(&Value::Nil)).or_insert(keys.len());
        if number == keys.len() {
            keys.push(Key::default());
        }
        let key = &mut keys[number];
        if op.f == "write" && op.outcome != Outcome::Fail {
            let Value::List(list) = op.input else { continue };
            let Some((value, replaced)) = list.split_first() else { continue };
            key.writes.push((value, op));
            for value in replaced {
                let by = key.replaced.entry(value).or_default();
                *by = by.or(Some(op).filter(|op| op.outcome == Outcome::Ok));
            }
        } else if op.f == "read" && op.outcome == Outcome::Ok && op.invoked >= finale {
            let (Value::List(list), true) = (op.output, op.node.is_some_and(|n| run.correct(n)))
            else {
                continue;
            };
            key.reads.push(op);
            for value in list.iter().collect::<FxHashSet<_>>() {
                *key.found.entry(value).or_default() += 1;
            }
        }
    }
    keys.retain(|key| !key.reads.is_empty());
    keys
}

/// Whether a fault was in force while an operation was under way.
fn disturbed(run: &Run<'_>, op: &Op<'_>) -> bool {
    run.spells.meet(op.begin, run.record(op.end).map_or(run.deadline(), |record| record.time))
}

/// Judges that nothing is lost.
pub(super) fn no_lost_write(run: &Run<'_>) -> Finding {
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for key in keys(run) {
        let acknowledged = key.writes.iter().filter(|(_, op)| op.outcome == Outcome::Ok);
        let due: Vec<_> =
            acknowledged.filter(|(value, _)| !key.replaced.contains_key(value)).collect();
        for (value, op) in &due {
            antecedents += 1;
            stress += u64::from(due.len() > 1 || disturbed(run, op));
            if !key.found.contains_key(value) {
                let read = key.reads[0];
                breaches.add(|| {
                    let text = format!(
                        "{value} was acknowledged at {} and replaced by nothing, but in the end \
                         nobody has it{}: {} was read at {}",
                        run.at(op.end),
                        under(op),
                        brief(read.output),
                        run.at(read.end),
                    );
                    (text, vec![op.invoked, op.end, read.invoked, read.end])
                });
            }
        }
    }
    let stressor = "written while a fault was in force, or at the same time as another";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Judges that what is replaced goes away.
pub(super) fn no_stale_sibling(run: &Run<'_>) -> Finding {
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for key in keys(run) {
        // In the order of the writes, so that the same one is shown every time.
        for (value, _) in &key.writes {
            let Some(Some(by)) = key.replaced.get(value) else { continue };
            antecedents += 1;
            stress += u64::from(key.found.len() > 1 || disturbed(run, by));
            if key.found.get(value) == Some(&key.reads.len()) {
                let read = key.reads[0];
                breaches.add(|| {
                    let text = format!(
                        "{value} was replaced at {}, but in the end everybody still has it{}: {} \
                         was read at {}",
                        run.at(by.end),
                        under(by),
                        brief(read.output),
                        run.at(read.end),
                    );
                    (text, vec![by.invoked, by.end, read.invoked, read.end])
                });
            }
        }
    }
    let stressor = "replaced while a fault was in force, or beside another";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Where an operation took place, if there are several places.
fn under(op: &Op<'_>) -> String {
    op.key.map_or(String::new(), |key| format!(" under {key}"))
}
