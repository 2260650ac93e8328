//! A core from below.
//!
//! Nothing is asked at first but that the failing operation happened. As long as there is an order
//! that explains what is asked, something that did happen has no place in it; that is asked for
//! too. Every question but the last one has an answer, and answers are found fast, so this is the
//! way where an object has so many states that refuting anything takes long.

use super::super::model::{Call, Spec, Step};
use super::super::options::Deadline;
use super::{Weakened, spend};
use std::cell::Cell;

/// How many places an operation is tried in.
const PLACES: usize = 64;
/// Into how many pieces an order is cut at most, to leave one out.
const CHUNKS: usize = 64;
/// How many operations are tried, beginning with the last.
const TRIED: usize = 400;

/// Steps of the model that may still be taken.
pub(super) struct Steps(Cell<u64>);

impl Steps {
    pub(super) fn new(steps: u64) -> Steps {
        Steps(Cell::new(steps))
    }

    /// Whether there was one left.
    fn take(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

/// The operation to ask for next: the last one to return that has no place in an order of some of
/// these calls, or, if each has one by itself, the last one that is missing. What is `asked` for
/// already is in the order.
pub(super) fn next<M: Spec>(
    model: &M,
    whole: &Weakened<M::Op>,
    starts: &[M::State],
    order: Vec<u32>,
    asked: &[bool],
    steps: &Steps,
    deadline: &Deadline,
) -> Option<usize> {
    let calls = &whole.calls;
    let order = &thinned(model, calls, starts, order, asked, steps, deadline);
    let mut candidates: Vec<usize> =
        (0..calls.len()).filter(|i| !asked[*i] && !calls[*i].optional()).collect();
    candidates.sort_unstable_by_key(|i| std::cmp::Reverse(calls[*i].returned));
    let states = along(model, calls, starts, order, steps, deadline)?;
    let fits = Fits { model, calls, order, states: &states, steps, deadline };
    let misfit = candidates.iter().take(TRIED).find(|i| !fits.has_place(**i as u32));
    let missing = || candidates.iter().find(|i| !order.contains(&(**i as u32)));
    misfit.or_else(missing).copied()
}

/// The order without what need not be in it: many operations at once at first, then fewer.
fn thinned<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    starts: &[M::State],
    mut order: Vec<u32>,
    asked: &[bool],
    steps: &Steps,
    deadline: &Deadline,
) -> Vec<u32> {
    let needed = |i: &u32| asked[*i as usize];
    let mut chunk = (order.len() / 2).max(1);
    loop {
        let mut at = order.len();
        while at > 0 {
            let begin = at.saturating_sub(chunk);
            let mut thinner = order[..begin].to_vec();
            thinner.extend(order[begin..at].iter().filter(|i| needed(i)));
            thinner.extend_from_slice(&order[at..]);
            if thinner.len() < order.len()
                && along(model, calls, starts, &thinner, steps, deadline).is_some()
            {
                order = thinner;
            }
            at = begin;
        }
        if chunk == 1 || order.len() / chunk > CHUNKS {
            return order;
        }
        chunk /= 2;
    }
}

/// The states before and after each operation of an order, if each leads to one state only.
fn along<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    starts: &[M::State],
    order: &[u32],
    steps: &Steps,
    deadline: &Deadline,
) -> Option<Vec<M::State>> {
    starts.iter().find_map(|start| {
        let mut states = vec![start.clone()];
        for i in order {
            if !steps.take() || deadline.expired() {
                return None;
            }
            spend(model, states.last()?, deadline);
            let Step::To(next) = model.step(states.last()?, &calls[*i as usize].op, deadline)
            else {
                return None;
            };
            states.push(next);
        }
        Some(states)
    })
}

struct Fits<'a, M: Spec> {
    model: &'a M,
    calls: &'a [Call<M::Op>],
    order: &'a [u32],
    states: &'a [M::State],
    steps: &'a Steps,
    deadline: &'a Deadline,
}

impl<M: Spec> Fits<'_, M> {
    fn call(&self, i: u32) -> &Call<M::Op> {
        &self.calls[i as usize]
    }

    /// Whether an operation stands where it may, or could be put somewhere.
    fn has_place(&self, i: u32) -> bool {
        let call = self.call(i);
        let standing = self.order.iter().position(|j| *j == i);
        // Behind all that had returned before it, before all that were called after it.
        let first = self.order.iter().rposition(|j| self.call(*j).returned < call.called);
        let first = first.map_or(0, |at| at + 1);
        let last = self.order.iter().position(|j| call.returned < self.call(*j).called);
        let last = last.unwrap_or(self.order.len());
        match standing {
            Some(at) => first <= at && at < last,
            None => (first..=last).take(PLACES).any(|at| self.goes_on(i, at)),
        }
    }

    /// Whether everything after a place is still accepted if an operation is put there.
    fn goes_on(&self, i: u32, at: usize) -> bool {
        let step = |state: &M::State, i: u32| match self.model.step(
            state,
            &self.call(i).op,
            self.deadline,
        ) {
            Step::To(next) => Some(next),
            _ => None,
        };
        let Some(mut state) = step(&self.states[at], i) else { return false };
        for (j, before) in self.order[at..].iter().zip(&self.states[at..]) {
            // It may have a place, then.
            if state == *before || !self.steps.take() {
                return true;
            }
            spend(self.model, &state, self.deadline);
            let Some(next) = step(&state, *j) else { return false };
            state = next;
        }
        true
    }
}
