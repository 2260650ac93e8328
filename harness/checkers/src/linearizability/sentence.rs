//! What went wrong, in one sentence.
//!
//! It names the operation that cannot be explained, then what pins it down: what had completed
//! before it was invoked, what happened while it ran, what came after its return; and says what it
//! would have had to meet instead.

use super::core::FoundCore;
use super::model::{Call, Spec};
use super::options::Deadline;
use super::possible::possible_states;

/// How many operations and how many states a sentence can name.
const NAMED: usize = 3;
const STATES: usize = 6;

/// An operation and who performed it, as sentences name it.
pub(crate) fn named(process: u64, text: &str) -> String {
    format!("process {process}'s {text}")
}

/// A sentence about one of several objects.
pub(crate) fn of_object(object: Option<&String>, sentence: String) -> String {
    match object {
        Some(object) => format!("on object {object}, {sentence}"),
        None => sentence,
    }
}

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
    let name = |i: u32| named(process(i), &shortened(model.describe(&calls[i as usize].op)));
    let demanded = found.core.calls.iter().zip(&found.core.origin);
    let mut causes: Vec<u32> = demanded
        .filter(|(call, origin)| !call.optional() && **origin != told)
        .map(|(_, origin)| *origin)
        .collect();
    causes.sort_by_key(|i| calls[*i as usize].called);
    let size = causes.len() + 1;
    let more = causes.len().saturating_sub(NAMED);
    causes.drain(..more);
    let when = |i: &u32| {
        let call = &calls[*i as usize];
        if call.returned < culprit.called {
            0
        } else if culprit.returned < call.called {
            2
        } else {
            1
        }
    };
    let group =
        |at: usize| -> Vec<u32> { causes.iter().copied().filter(|i| when(i) == at).collect() };
    let (before, during, after) = (group(0), group(1), group(2));
    // What returned something of its own is a clause already.
    let verb = |i: u32, verb: &str| {
        let told = tells(model, &calls[i as usize].op);
        if told { name(i) } else { format!("{} {verb}", name(i)) }
    };
    let mut clauses: Vec<String> = Vec::new();
    if !before.is_empty() {
        let before = in_sequence(calls, &before, &|i| verb(i, "completed"));
        clauses.push(format!("before it was invoked, {before}"));
    }
    let listed = |ops: &[u32], word: &str| {
        joined(&ops.iter().map(|i| verb(*i, word)).collect::<Vec<_>>(), "and")
    };
    if !during.is_empty() {
        clauses.push(format!("while it was under way, {}", listed(&during, "was, too")));
    }
    if !after.is_empty() {
        clauses.push(format!("after it had returned, {}", listed(&after, "followed")));
    }
    if more > 0 {
        let others = if more == 1 { "operation" } else { "operations" };
        clauses.push(format!("{more} more {others} happened before these"));
    }
    let mut sentence = name(told);
    if !clauses.is_empty() {
        sentence.push_str(", but ");
        sentence.push_str(&joined(&clauses, "and"));
    }
    if size == 1 && found.core.calls.len() == 1 && model.pure(&culprit.op) {
        sentence.push_str(", which nothing that was invoked before it returned explains");
        return sentence;
    }
    let ending = match possible_states(model, found, told, deadline) {
        Some(states) if !states.is_empty() => {
            let mut reasons: Vec<String> = Vec::new();
            for state in &states {
                let reason = shortened(model.why_not(state, &culprit.op));
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            // The first ones are those that the fewest operations lead to.
            let many = if reasons.len() > STATES {
                let many = format!(", or one of {} others", reasons.len() - NAMED);
                reasons.truncate(NAMED);
                many
            } else {
                String::new()
            };
            reasons.sort();
            let reasons = either(&reasons);
            let link = if clauses.is_empty() { ", but" } else { ", so that" };
            format!("{link} at every moment between its invocation and its return {reasons}{many}")
        }
        _ if size == 1 => {
            ", which nothing that may have happened before it returned explains".into()
        }
        _ => {
            let after = match found.after {
                0 => String::new(),
                n => format!("after the {n} operations before, "),
            };
            format!(
                ": {after}no order in which these {size} operations may have happened explains \
                 what all of them returned"
            )
        }
    };
    sentence + &ending
}

/// Operations by their invocation, and which of them overlapped.
fn in_sequence<Op>(calls: &[Call<Op>], ops: &[u32], name: &dyn Fn(u32) -> String) -> String {
    let mut text = String::new();
    let mut over = 0;
    for (at, i) in ops.iter().enumerate() {
        let call = &calls[*i as usize];
        let link = match at {
            0 => "",
            _ if over < call.called && at + 1 == ops.len() => " and then ",
            _ if over < call.called => ", then ",
            _ => " and, overlapping it, ",
        };
        text.push_str(link);
        text.push_str(&name(*i));
        over = over.max(call.returned);
    }
    text
}

/// The operation to speak of: the failing one if it returned something of its own, else the
/// mandatory one of the core that was called last and did.
fn culprit<M: Spec>(model: &M, found: &FoundCore<M>, failing: u32) -> u32 {
    let core = || found.core.calls.iter().zip(&found.core.origin).filter(|(c, _)| !c.optional());
    let fails = core().find(|(_, origin)| **origin == failing);
    if let Some((call, _)) = fails
        && tells(model, &call.op)
    {
        return failing;
    }
    core()
        .filter(|(call, _)| tells(model, &call.op))
        .max_by_key(|(call, _)| call.called)
        .map_or(failing, |(_, origin)| *origin)
}

/// Whether an operation returned something of its own.
fn tells<M: Spec>(model: &M, op: &M::Op) -> bool {
    model.forget(op).is_none_or(|forgotten| forgotten != *op)
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

/// One of several reasons; what all begin with is said once, unless it opens a bracket.
fn either(reasons: &[String]) -> String {
    let words: Vec<Vec<&str>> = reasons.iter().map(|reason| reason.split(' ').collect()).collect();
    let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
    let alike = |at: &usize| {
        let word = words[0][*at];
        !word.contains(['[', '{', '"']) && words.iter().all(|own| own[*at] == word)
    };
    let shared = (0..shortest.saturating_sub(1)).take_while(alike).count();
    if shared == 0 || reasons.len() == 1 {
        return joined(reasons, "or");
    }
    let rest: Vec<String> = words.iter().map(|own| own[shared..].join(" ")).collect();
    format!("{} {}", words[0][..shared].join(" "), joined(&rest, "or"))
}

/// A list in words.
pub(crate) fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} {word} {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reasons_begin_with_is_said_once_and_values_stay_whole() {
        let reasons = |reasons: &[&str]| -> String {
            either(&reasons.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(reasons(&["the value was 1"]), "the value was 1");
        assert_eq!(reasons(&["the value was 1", "the value was 4"]), "the value was 1 or 4");
        assert_eq!(
            reasons(&["the set was #{1 2}", "the set was #{1 3}", "the set was #{}"]),
            "the set was #{1 2}, #{1 3} or #{}"
        );
        assert_eq!(
            reasons(&["the queue was empty", "7 was at the front"]),
            "the queue was empty or 7 was at the front"
        );
    }
}
