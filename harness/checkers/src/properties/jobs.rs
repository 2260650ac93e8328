//! Job handlers: what becomes of a job that was submitted.
//!
//! Operations: `submit` (argument: the job), which is acknowledged when the handler has confirmed the
//! job and fails when it has refused it. Events: `process` {value: the job}. Jobs are unique.
//!
//! * **no lost job**: a job that a node confirmed is done by this node, before the deadline, if the
//!   node is correct. Antecedent: a job confirmed by a correct node. Stress: the node crashed after
//!   that.
//! * **refused is not done**: a job that was refused is never done. Antecedent: a refused job, which
//!   is the stress at the same time.
//! * **no made-up job**: a job that is done was submitted before, to this node. Antecedent and
//!   stress: a job that was done.
//!
//! That every submission is answered is the termination of operations.

use super::operations::{Op, operations};
use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Outcome, Value};

/// A job that was done, and where first.
type Done<'h> = FxHashMap<(usize, &'h Value), u64>;

fn done<'h>(run: &Run<'h>, in_time: bool) -> Done<'h> {
    let mut done = Done::default();
    for told in run.events().filter(|t| t.event.kind == "process") {
        if !in_time || run.in_time(told.index) {
            done.entry((told.node, &told.event.value)).or_insert(told.index);
        }
    }
    done
}

/// Every job, and the node it was submitted to.
fn submitted<'h>(run: &Run<'h>) -> impl Iterator<Item = (usize, Op<'h>)> {
    let submits = operations(run.history).into_iter().filter(|op| op.f == "submit");
    submits.filter_map(|op| op.node.map(|node| (node, op)))
}

/// Judges that no confirmed job is lost.
pub(super) fn no_lost_job(run: &Run<'_>) -> Finding {
    let done = done(run, true);
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for (node, op) in submitted(run) {
        if op.outcome != Outcome::Ok || !run.correct(node) || !run.in_time(op.end) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(run.crashes_after(node, op.end));
        if !done.contains_key(&(node, op.input)) {
            breaches.add(|| {
                let crash = run.crashes(node).iter().find(|&&(at, _)| at > op.end);
                let then = crash.map_or(String::new(), |&(at, _)| {
                    format!(", crashed at {}, came back", run.at(at))
                });
                let text = format!(
                    "{} confirmed job {} at {}{then} and never did it",
                    name(node),
                    op.input,
                    run.at(op.end),
                );
                (text, vec![op.invoked, op.end, crash.map_or(u64::MAX, |c| c.0)])
            });
        }
    }
    let stressor = "confirmed by a node that crashed later";
    run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor)
}

/// Judges that what was refused is not done.
pub(super) fn refused_is_not_done(run: &Run<'_>) -> Finding {
    let done = done(run, false);
    let (mut antecedents, mut breaches) = (0, Breaches::default());
    for (node, op) in submitted(run).filter(|(_, op)| op.outcome == Outcome::Fail) {
        antecedents += 1;
        if let Some(&at) = done.get(&(node, op.input)) {
            breaches.add(|| {
                let text = format!(
                    "{} refused job {} at {}, but did it at {}",
                    name(node),
                    op.input,
                    run.at(op.end),
                    run.at(at),
                );
                (text, vec![op.invoked, op.end, at])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, antecedents, "refused")
}

/// Judges that what is done was submitted.
pub(super) fn no_made_up_job(run: &Run<'_>) -> Finding {
    let submitted: FxHashMap<(usize, &Value), u64> =
        submitted(run).map(|(node, op)| ((node, op.input), op.invoked)).collect();
    let (mut antecedents, mut breaches) = (0, Breaches::default());
    for told in run.events().filter(|t| t.event.kind == "process") {
        antecedents += 1;
        let submit = submitted.get(&(told.node, &told.event.value));
        if submit.is_none_or(|&at| at > told.index) {
            breaches.add(|| {
                let text = format!(
                    "{} did job {} at {}, which had not been submitted to it",
                    name(told.node),
                    told.event.value,
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, antecedents, "done")
}
