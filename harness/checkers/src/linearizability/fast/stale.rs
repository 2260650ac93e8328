//! Values that were no longer there, whatever else happened.
//!
//! An operation that found a value must come after one that left it, and nothing that left or found
//! another may come in between. Whatever completed before it began is a candidate for that: of
//! those, the one that began last. If everything that left the value and may come before was over
//! by then, there is no explanation, and three or four operations show it. Where there is none, this
//! says nothing.

use super::{NONE, Shortcut, Witness};
use crate::linearizability::model::{Call, NEVER};

/// What an operation found and what it left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passage {
    /// What it found.
    pub found: Option<u32>,
    /// What it may have left.
    pub left: Option<u32>,
    /// Whether it left that for certain once it happened.
    pub certain: bool,
}

/// Positions and values beyond which a table is not worth it, for each call.
const SPARSE: usize = 4;
/// No event.
const NOTHING: u32 = u32::MAX;

/// What was held for certain once an operation had completed.
#[derive(Clone, Copy)]
struct Over {
    /// When it began.
    called: u32,
    operation: u32,
    /// What was held at the end of it.
    held: u32,
    /// What it found, if it left nothing itself: the last that left this. Else `NONE`.
    source: u32,
}

/// Finds a value that was no longer there, of an object that holds `initial` at first. `put` leaves
/// a value whatever was there before.
pub(crate) fn stale<Op>(
    calls: &[Call<Op>],
    passage: impl Fn(&Op) -> Passage,
    put: impl Fn(u32) -> Op,
    initial: u32,
) -> Option<Shortcut<Op>> {
    let most = SPARSE * calls.len() + 64;
    let ends = calls.iter().flat_map(|call| [call.called, call.returned]);
    let last = ends.filter(|position| *position != NEVER).max()?;
    if last as usize >= most || initial as usize >= most {
        return None;
    }
    // Twice the number of the call, and one more where it returned.
    let mut events = vec![NOTHING; last as usize + 1];
    for (i, call) in (0u32..).zip(calls) {
        events[call.called as usize] = 2 * i;
        if !call.optional() {
            events[call.returned as usize] = 2 * i + 1;
        }
    }
    // Of those that left a value, the last return plus one, and whose.
    let mut sources: Vec<Option<(u32, u32)>> = vec![None; initial as usize + 1];
    sources[initial as usize] = Some((0, NONE));
    // Of those that completed, the one that began last, and the last that held something else; and
    // the same when each began.
    let mut over: [Option<Over>; 2] = [None; 2];
    let mut before: Vec<[Option<Over>; 2]> = vec![over; calls.len()];
    for event in events.into_iter().filter(|event| *event != NOTHING) {
        let i = event / 2;
        let call = &calls[i as usize];
        let Passage { found, left, certain } = passage(&call.op);
        if event % 2 == 0 {
            before[i as usize] = over;
            if let Some(value) = left {
                if value as usize >= sources.len() {
                    if value as usize >= most {
                        return None;
                    }
                    sources.resize(value as usize + 1, None);
                }
                let source = &mut sources[value as usize];
                *source = (*source).max(Some((call.returned.saturating_add(1), i)));
            }
            continue;
        }
        let mut held = left.filter(|_| certain).map(|value| (value, NONE));
        if let Some(value) = found {
            let Some((last, whose)) = sources.get(value as usize).copied().flatten() else {
                return Shortcut::violation(vec![i]);
            };
            let mut others = before[i as usize].into_iter().flatten();
            if let Some(over) = others.find(|over| over.held != value && last <= over.called) {
                return Some(witness(calls, &passage, put, whose, over, i));
            }
            if left.is_none() {
                held = Some((value, whose));
            }
        }
        if let Some((held, source)) = held {
            let new = Some(Over { called: call.called, operation: i, held, source });
            let sooner = |over: Option<Over>| over.is_none_or(|over| over.called < call.called);
            let alike = over[0].is_some_and(|over| over.held == held);
            match over {
                [first, _] if alike && !sooner(first) => {}
                [first, _] if alike || first.is_none() => over[0] = new,
                [first, _] if sooner(first) => over = [new, first],
                [_, second] if sooner(second) => over[1] = new,
                _ => {}
            }
        }
    }
    None
}

/// What left the value if anything did, what shows that it was replaced, and what found it all the
/// same; with what may have changed the value meanwhile and does not help.
fn witness<Op>(
    calls: &[Call<Op>],
    passage: impl Fn(&Op) -> Passage,
    put: impl Fn(u32) -> Op,
    source: u32,
    over: Over,
    found: u32,
) -> Shortcut<Op> {
    let shown = [source, over.source, over.operation, found];
    let mut witness = Witness::of(shown.into_iter().filter(|i| *i != NONE).collect());
    // Of those that left a value it does not matter what they found. What did is not shown.
    for &i in witness.mandatory.iter().filter(|i| **i != found) {
        if let Passage { found: Some(_), left: Some(value), .. } = passage(&calls[i as usize].op) {
            witness.weakened.push((i, put(value)));
        }
    }
    let (from, until) = (over.called, calls[found as usize].returned);
    let meanwhile = |(i, call): &(u32, &Call<Op>)| {
        let within = call.called < until && call.returned > from;
        within && passage(&call.op).left.is_some() && !shown.contains(i)
    };
    witness.optional = (0u32..).zip(calls).filter(meanwhile).map(|(i, _)| i).collect();
    Shortcut::Violation(witness)
}
