//! What went wrong, in one sentence.

use super::core::FoundCore;
use super::model::{Call, Spec, Step};
use super::options::Deadline;
use rustc_hash::FxHashSet;

/// Configurations that may be looked at to tell which states were possible.
const EFFORT: usize = 20_000;
/// How many states and how many operations a sentence can name.
const NAMED: usize = 3;

/// What went wrong: which operation cannot be explained, after what, and what it would have had
/// to meet instead.
pub(crate) fn sentence<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    found: &FoundCore<M>,
    failing: u32,
    deadline: &Deadline,
    process: &dyn Fn(u32) -> u64,
) -> String {
    let told = culprit(model, found, failing);
    let culprit = &calls[told as usize];
    let describe = |op: &M::Op| shortened(model.describe(op));
    let mut sentence = format!("{} by process {}", describe(&culprit.op), process(told));
    let mut causes: Vec<(u32, &Call<M::Op>)> = found
        .core
        .calls
        .iter()
        .zip(&found.core.origin)
        .filter(|(call, origin)| !call.optional() && **origin != told)
        .map(|(_, origin)| (*origin, &calls[*origin as usize]))
        .collect();
    causes.sort_by_key(|(_, call)| call.called);
    let mut clauses: Vec<String> = causes
        .iter()
        .rev()
        .take(NAMED)
        .map(|(i, call)| {
            let when = if call.returned < culprit.called {
                "had completed before"
            } else if culprit.returned < call.called {
                "came after"
            } else {
                "overlapped it"
            };
            format!("{} by process {} {when}", describe(&call.op), process(*i))
        })
        .collect();
    clauses.reverse();
    let more = causes.len() - clauses.len();
    if !clauses.is_empty() {
        sentence.push_str(", but ");
        sentence.push_str(&joined(&clauses, "and"));
    }
    if more > 0 {
        let others = if more == 1 { "operation" } else { "operations" };
        sentence.push_str(&format!(", and with {more} more {others} before these"));
    }
    if found.core.calls.len() == 1 && model.pure(&culprit.op) {
        sentence.push_str(", which nothing called before it returned explains");
        return sentence;
    }
    match possible_states(model, found, told, deadline) {
        Some(states) if !states.is_empty() && states.len() <= NAMED => {
            let mut reasons: Vec<String> =
                states.iter().map(|state| shortened(model.why_not(state, &culprit.op))).collect();
            reasons.sort();
            reasons.dedup();
            let link = if clauses.is_empty() { ", but" } else { ", so that" };
            sentence
                .push_str(&format!("{link} at every possible moment {}", joined(&reasons, "or")));
        }
        _ if more > 0 => sentence.push_str(", no order explains all of their results"),
        _ => sentence.push_str(": no order of these operations explains all of their results"),
    }
    sentence
}

/// The operation to speak of: the failing one if it returned something of its own, else the
/// mandatory one of the core that was called last and did.
fn culprit<M: Spec>(model: &M, found: &FoundCore<M>, failing: u32) -> u32 {
    let core = || found.core.calls.iter().zip(&found.core.origin).filter(|(c, _)| !c.optional());
    let tells = |op: &M::Op| model.forget(op).is_none_or(|forgotten| forgotten != *op);
    let fails = core().find(|(_, origin)| **origin == failing);
    if let Some((call, _)) = fails
        && tells(&call.op)
    {
        return failing;
    }
    core()
        .filter(|(call, _)| tells(&call.op))
        .max_by_key(|(call, _)| call.called)
        .map_or(failing, |(_, origin)| *origin)
}

/// Every state in which the operation may have found the object, given the rest of the core.
/// `None` if there are too many ways to tell.
fn possible_states<M: Spec>(
    model: &M,
    found: &FoundCore<M>,
    culprit: u32,
    deadline: &Deadline,
) -> Option<Vec<M::State>> {
    let core = &found.core;
    let at = core.origin.iter().position(|origin| *origin == culprit)?;
    let told = &core.calls[at];
    let others: Vec<&Call<M::Op>> =
        core.calls.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c).collect();
    if others.len() > 64 {
        return None;
    }
    let mut open: Vec<(u64, M::State)> = found.starts.iter().map(|s| (0, s.clone())).collect();
    let mut seen: FxHashSet<(u64, M::State)> = open.iter().cloned().collect();
    let mut states = Vec::new();
    let mut known: FxHashSet<M::State> = FxHashSet::default();
    while let Some((taken, state)) = open.pop() {
        let missing = |i: usize| taken >> i & 1 == 0;
        let due = |by: u32| (0..others.len()).any(|i| missing(i) && others[i].returned < by);
        if !due(told.called) && known.insert(state.clone()) {
            states.push(state.clone());
        }
        for (i, call) in others.iter().enumerate() {
            // Nothing that was called after the operation returned can come before it.
            if !missing(i) || call.called > told.returned || due(call.called) {
                continue;
            }
            let next = match model.step(&state, &call.op, deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject => Vec::new(),
                Step::Expired => return None,
            };
            for next in next {
                let next = (taken | 1 << i, next);
                if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
            if seen.len() > EFFORT {
                return None;
            }
        }
    }
    // Where it is accepted, something else in the core is what fails.
    states.retain(|state| model.step(state, &told.op, deadline) == Step::Reject);
    Some(states)
}

/// A text without its middle, if it is long.
fn shortened(text: String) -> String {
    const LONG: usize = 90;
    let count = text.chars().count();
    if count <= LONG {
        return text;
    }
    let begin: String = text.chars().take(LONG / 2).collect();
    let end: String = text.chars().skip(count - LONG / 3).collect();
    format!("{begin} … {end}")
}

fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}
