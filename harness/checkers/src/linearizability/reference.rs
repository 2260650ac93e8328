//! A plain search, against which the engine is tested and measured.
//!
//! Wing and Gong's search with Lowe's memory, as the general checkers of the field do it: take
//! any operation that may come first, remember the set of operations taken together with the
//! state, and undo when the next event is a return that was not taken. No rule, no hint, no trick
//! but a linked list of events and a hash set.

use super::model::{Call, Spec, Step};
use super::options::Deadline;
use std::collections::HashSet;

/// What the plain search says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// An order of all operations that must have happened, and of some that may have.
    Linearizable(Vec<usize>),
    /// There is none.
    Violation,
    /// It visited as many configurations as it was allowed.
    Unknown,
}

struct Entry {
    previous: usize,
    next: usize,
    operation: usize,
    returns: bool,
    partner: usize,
}

/// Events as a list that entries are taken out of and put back into. Entry 0 is its head.
struct Events(Vec<Entry>);

impl Events {
    fn new<Op>(calls: &[Call<Op>]) -> Events {
        let mut order: Vec<(u32, bool, usize)> = Vec::with_capacity(2 * calls.len());
        for (i, call) in calls.iter().enumerate() {
            order.push((call.called, false, i));
            order.push((call.returned, true, i));
        }
        // Operations that may never have happened return after everything else.
        order.sort_unstable();
        let blank = || Entry { previous: 0, next: 0, operation: 0, returns: false, partner: 0 };
        let mut entries = vec![blank()];
        let mut calls_at = vec![0; calls.len()];
        for (_, returns, operation) in order {
            let at = entries.len();
            entries[at - 1].next = at;
            let partner = calls_at[operation];
            if returns {
                entries[partner].partner = at;
            } else {
                calls_at[operation] = at;
            }
            entries.push(Entry { previous: at - 1, next: 0, operation, returns, partner });
        }
        Events(entries)
    }

    fn take(&mut self, at: usize) {
        for at in [at, self.0[at].partner] {
            let (previous, next) = (self.0[at].previous, self.0[at].next);
            self.0[previous].next = next;
            self.0[next].previous = previous;
        }
    }

    fn put_back(&mut self, at: usize) {
        for at in [self.0[at].partner, at] {
            let (previous, next) = (self.0[at].previous, self.0[at].next);
            self.0[previous].next = at;
            self.0[next].previous = at;
        }
    }
}

/// Searches for an order of the calls of one object, over at most so many configurations.
pub fn check<M: Spec>(model: &M, calls: &[Call<M::Op>], configurations: usize) -> Plain {
    for initial in model.init() {
        match search(model, calls, initial, configurations) {
            Plain::Violation => {}
            other => return other,
        }
    }
    Plain::Violation
}

fn search<M: Spec>(model: &M, calls: &[Call<M::Op>], initial: M::State, limit: usize) -> Plain {
    let deadline = Deadline::never();
    let mut events = Events::new(calls);
    let mut taken = vec![0u64; calls.len().div_ceil(64)];
    let mut seen: HashSet<(Vec<u64>, M::State)> = HashSet::new();
    // The entry taken, the state before it, and the states it led to that are still to be tried.
    let mut stack: Vec<(usize, M::State, Vec<M::State>)> = Vec::new();
    let mut mandatory = calls.iter().filter(|call| !call.optional()).count();
    let mut state = initial;
    let mut at = events.0[0].next;
    loop {
        if mandatory == 0 {
            return Plain::Linearizable(
                stack.iter().map(|(entry, ..)| events.0[*entry].operation).collect(),
            );
        }
        if seen.len() > limit {
            return Plain::Unknown;
        }
        let entry = &events.0[at];
        let operation = entry.operation;
        if at != 0 && !entry.returns {
            let mut next = match model.step(&state, &calls[operation].op, &deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject | Step::Expired => Vec::new(),
            };
            taken[operation / 64] |= 1 << (operation % 64);
            let advanced = loop {
                let Some(next_state) = next.pop() else { break false };
                if seen.insert((taken.clone(), next_state.clone())) {
                    stack.push((at, std::mem::replace(&mut state, next_state), next));
                    break true;
                }
            };
            if advanced {
                events.take(at);
                mandatory -= usize::from(!calls[operation].optional());
                at = events.0[0].next;
            } else {
                taken[operation / 64] &= !(1 << (operation % 64));
                at = events.0[at].next;
            }
            continue;
        }
        // A return that was not taken, or the end: undo the last choice that has alternatives.
        let Some((entry, before, mut next)) = stack.pop() else { return Plain::Violation };
        let operation = events.0[entry].operation;
        let alternative = loop {
            match next.pop() {
                None => break None,
                Some(other) if seen.insert((taken.clone(), other.clone())) => break Some(other),
                Some(_) => {}
            }
        };
        if let Some(other) = alternative {
            state = other;
            stack.push((entry, before, next));
            at = events.0[0].next;
        } else {
            events.put_back(entry);
            taken[operation / 64] &= !(1 << (operation % 64));
            mandatory += usize::from(!calls[operation].optional());
            state = before;
            at = events.0[entry].next;
        }
    }
}
