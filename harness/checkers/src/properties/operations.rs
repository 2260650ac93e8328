//! Operations by reference, and the promises any workload makes about them.
//!
//! [`operations`] pairs invocations with completions like
//! [`History::operations`](schism_history::History::operations), but borrows from the history, so
//! that a million operations are paired in a fraction of a second.
//!
//! * **enough operations**: every function that was tried was acknowledged at least once, and all
//!   together at least as often as asked for. Otherwise the run is vacuous: no other verdict on it
//!   means anything.
//! * **termination** (of operations): what is invoked at a correct node completes. A client gives up
//!   after a while, and during faults that proves nothing, so this obliges only operations invoked
//!   after the healing (all, in a history without phases), and those that have no completion
//!   at all. Antecedent: an operation at a correct node that is obliged or completed. Stress: a
//!   fault had begun when it was invoked.
//! * **availability**: after the faults are undone, operations succeed: at least half of those
//!   invoked after the healing are answered (acknowledged, or refused for a reason of the data, like
//!   a failed comparison). Antecedent: such an operation. Stress: the same, if a fault landed before.
//! * **echo**: an acknowledged `echo` returns what it was sent. Every such operation counts.
//! * **unique ids**: no two acknowledged `generate`s return the same. Antecedent: an id. Stress: one
//!   generated while another client was waiting for one.

use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Entry, History, Nanos, OpKind, Outcome, Value, Worker};

/// An invocation with its completion, borrowed.
#[derive(Clone, Copy)]
pub struct Op<'h> {
    /// Who performed it.
    pub process: Worker,
    /// The node it was sent to, as an index.
    pub node: Option<usize>,
    /// The function.
    pub f: &'h str,
    /// The object.
    pub key: Option<&'h Value>,
    /// Argument.
    pub input: &'h Value,
    /// Result.
    pub output: &'h Value,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end `ok`.
    pub error: Option<&'h str>,
    /// Index of its invocation.
    pub invoked: u64,
    /// Index of its completion; `u64::MAX` if there is none or it is in doubt.
    pub end: u64,
    /// Whether there is a completion of any kind.
    pub completed: bool,
    /// When it was invoked.
    pub begin: Nanos,
}

/// Invocations paired with their completions, in the order of invocation.
pub fn operations(history: &History) -> Vec<Op<'_>> {
    let mut operations: Vec<Op<'_>> = Vec::with_capacity(history.records.len() / 2);
    let mut open: FxHashMap<Worker, usize> = FxHashMap::default();
    for record in &history.records {
        let Entry::Op(op) = &record.entry else { continue };
        if op.kind == OpKind::Invoke {
            open.insert(op.process, operations.len());
            operations.push(Op {
                process: op.process,
                node: op.node.map(|n| usize::from(n.0)),
                f: &op.f,
                key: op.key.as_ref(),
                input: &op.value,
                output: &Value::Nil,
                outcome: Outcome::Info,
                error: None,
                invoked: record.index,
                end: u64::MAX,
                completed: false,
                begin: record.time,
            });
        } else if let Some(i) = open.remove(&op.process) {
            let operation = &mut operations[i];
            operation.completed = true;
            operation.output = &op.value;
            operation.error = op.error.as_deref();
            operation.outcome = match op.kind {
                OpKind::Ok => Outcome::Ok,
                OpKind::Fail => Outcome::Fail,
                OpKind::Info | OpKind::Invoke => Outcome::Info,
            };
            if operation.outcome != Outcome::Info {
                operation.end = record.index;
            }
        }
    }
    operations
}

/// Judges whether enough was acknowledged: in all at least `at_least` operations.
pub(super) fn enough_operations(run: &Run<'_>, at_least: u64) -> Finding {
    let mut functions: FxHashMap<&str, (u64, u64)> = FxHashMap::default();
    for op in operations(run.history) {
        let (tried, acknowledged) = functions.entry(op.f).or_default();
        *tried += 1;
        *acknowledged += u64::from(op.outcome == Outcome::Ok);
    }
    let acknowledged: u64 = functions.values().map(|c| c.1).sum();
    let mut never: Vec<_> = functions.iter().filter(|(_, c)| c.1 == 0).collect();
    never.sort_unstable();
    let mut finding = run.verdict(
        Status::Vacuous,
        Breaches::default(),
        acknowledged,
        acknowledged,
        "acknowledged operations",
    );
    if let Some((f, (tried, _))) = never.first() {
        finding.status = Status::Vacuous;
        finding.explanation = format!("none of {tried} `{f}` operations was acknowledged");
    } else if acknowledged < at_least {
        finding.status = Status::Vacuous;
        finding.explanation =
            format!("only {acknowledged} operations were acknowledged, {at_least} are asked for");
    } else {
        finding.explanation = format!("{acknowledged} operations were acknowledged");
    }
    let functions: std::collections::BTreeMap<_, _> = functions.into_iter().collect();
    finding.details = serde_json::json!({ "functions": functions });
    finding
}

/// Judges the termination of operations.
pub(super) fn termination(run: &Run<'_>) -> Finding {
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let calm = run.heal().map_or(0, |(index, _)| index);
    for op in operations(run.history) {
        let Some(node) = op.node.filter(|&n| run.correct(n)) else { continue };
        let obliged = op.invoked >= calm || !op.completed;
        let done = op.end != u64::MAX;
        if !obliged && !done {
            continue;
        }
        antecedents += 1;
        stress += u64::from(run.spells.begun_by(op.begin));
        if !done {
            breaches.add(|| {
                let text = format!(
                    "`{}` {}invoked by process {} at correct {} at {} never completed",
                    op.f,
                    argument(&op),
                    op.process,
                    name(node),
                    run.at(op.invoked),
                );
                (text, vec![op.invoked])
            });
        }
    }
    run.verdict(Status::NotByDeadline, breaches, antecedents, stress, "after a fault had begun")
}

/// The argument of an operation, with a space, unless it has none.
fn argument(op: &Op<'_>) -> String {
    if op.input.is_nil() { String::new() } else { format!("{} ", op.input) }
}

/// Whether the service answered: success, or a refusal that concerns the data only.
fn answered(op: &Op<'_>) -> bool {
    let about_data = |e: &str| {
        ["key-does-not-exist", "key-already-exists", "precondition-failed"]
            .iter()
            .any(|refusal| e.contains(refusal))
    };
    match op.outcome {
        Outcome::Ok => true,
        Outcome::Fail => op.error.map_or(op.f == "cas", about_data),
        Outcome::Info => false,
    }
}

/// Judges availability.
pub(super) fn availability(run: &Run<'_>) -> Finding {
    let calm = run.heal().map_or(0, |(index, _)| index);
    let (mut before, mut before_ok, mut tried, mut ok) = (0u64, 0u64, 0u64, 0u64);
    let mut unanswered = Vec::new();
    for op in operations(run.history) {
        let answered = u64::from(answered(&op));
        if op.invoked < calm {
            before += 1;
            before_ok += answered;
        } else {
            tried += 1;
            ok += answered;
            if answered == 0 && unanswered.len() < 8 {
                unanswered.push(op.invoked);
            }
        }
    }
    let mut breaches = Breaches::default();
    if ok * 2 < tried {
        breaches.add(|| {
            let after = if calm == 0 { "" } else { " invoked after the faults were undone" };
            (format!("only {ok} of {tried} operations{after} were answered"), unanswered)
        });
    }
    let fault = run.spells.begun_by(run.heal().map_or(run.deadline(), |(_, t)| t));
    let stress = if fault { tried } else { 0 };
    let stressor = "invoked after a fault was undone";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, tried, stress, stressor);
    finding.details = serde_json::json!({
        "during_chaos": { "operations": before, "answered": before_ok },
        "after_healing": { "operations": tried, "answered": ok },
    });
    finding
}

/// Judges echo.
pub(super) fn echo(run: &Run<'_>) -> Finding {
    let (mut antecedents, mut breaches) = (0, Breaches::default());
    for op in operations(run.history) {
        if op.f != "echo" || op.outcome != Outcome::Ok {
            continue;
        }
        antecedents += 1;
        if op.input != op.output {
            breaches.add(|| {
                let text = format!("{} came back as {}", op.input, op.output);
                (text, vec![op.invoked, op.end])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, antecedents, "answered")
}

/// Judges unique ids.
pub(super) fn unique_ids(run: &Run<'_>) -> Finding {
    let mut seen: FxHashMap<&Value, Op<'_>> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut latest = 0;
    for op in operations(run.history) {
        if op.f != "generate" {
            continue;
        }
        let together = op.invoked < latest;
        latest = latest.max(op.end);
        if op.outcome != Outcome::Ok {
            continue;
        }
        antecedents += 1;
        stress += u64::from(together);
        if let Some(first) = seen.insert(op.output, op) {
            breaches.add(|| {
                let node = |o: &Op<'_>| o.node.map_or("a node".into(), |n| name(n).to_string());
                let text = format!(
                    "{} was generated by {} at {} and by {} at {}",
                    op.output,
                    node(&first),
                    run.at(first.end),
                    node(&op),
                    run.at(op.end),
                );
                (text, vec![first.end, op.end])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "generated concurrently")
}
