//! Values that were no longer there, whatever else happened.
//!
//! An operation that found a value must come after one that left it, and nothing that left another
//! may come in between. Whatever completed before it began is a candidate for that: of those, the
//! one that began last. If everything that left the value and may come before was over by then,
//! there is no explanation, and three operations show it. Where there is none, this says nothing.

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

/// Finds a value that was no longer there, of an object that holds `initial` at first.
pub(crate) fn stale<Op>(
    calls: &[Call<Op>],
    passage: impl Fn(&Op) -> Passage,
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
    // Of those that completed, the last call, and whose; and the same when each began.
    let mut over: Option<(u32, u32)> = None;
    let mut before: Vec<Option<(u32, u32)>> = vec![None; calls.len()];
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
        if let Some(value) = found {
            let Some((last, whose)) = sources.get(value as usize).copied().flatten() else {
                return Shortcut::violation(vec![i]);
            };
            let left = |over: u32| passage(&calls[over as usize].op).left;
            if let Some((called, over)) = before[i as usize]
                && last <= called
                && left(over) != Some(value)
            {
                return Some(witness(calls, &passage, [whose, over, i]));
            }
        }
        if certain {
            over = over.max(Some((call.called, i)));
        }
    }
    None
}

/// What left the value if anything did, what replaced it, and what found it all the same; with
/// what may have changed the value meanwhile and does not help.
fn witness<Op>(
    calls: &[Call<Op>],
    passage: impl Fn(&Op) -> Passage,
    [source, over, found]: [u32; 3],
) -> Shortcut<Op> {
    let shown = [source, over, found];
    let mut witness = Witness::of(shown.into_iter().filter(|i| *i != NONE).collect());
    let (from, until) = (calls[over as usize].called, calls[found as usize].returned);
    let meanwhile = |(i, call): &(u32, &Call<Op>)| {
        let within = call.called < until && call.returned > from;
        within && passage(&call.op).left.is_some() && !shown.contains(i)
    };
    witness.optional = (0u32..).zip(calls).filter(meanwhile).map(|(i, _)| i).collect();
    Shortcut::Violation(witness)
}
