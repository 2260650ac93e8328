//! A counter, followed by what it can have come to.
//!
//! Of what was added between two results of which one had returned before the other was called, it
//! is known what must have been: what was called after the first returned, and returned before the
//! second was called; and what can have been: what was called before the second returned, and had
//! not returned when the first was called. So the second is at least the first with all that must
//! have increased it and all that can have decreased it, and at most the opposite. As long as
//! nothing decreases the counter, no result exceeds another by more than can have been added,
//! whichever came first.
//!
//! Whatever contradicts that is wrong. But which numbers make up a sum is not looked at, nor more
//! than two results at once: not everything that is wrong is told.
//!
//! Results that returned while the same additions were open change alike from then on, so the
//! tightest of them is enough.

use super::rule::{End, Followed, Rule};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{Counter, CounterOp};
use std::collections::BTreeMap;

/// What increases a counter, and what decreases it.
#[derive(Clone, Copy, Default)]
struct Sums {
    up: i128,
    down: i128,
}

impl Sums {
    fn add(&mut self, delta: i128) {
        self.up += delta.max(0);
        self.down += delta.min(0);
    }

    /// It did not happen.
    fn take_back(&mut self, delta: i128) {
        self.up -= delta.max(0);
        self.down -= delta.min(0);
    }
}

/// The least and the most that earlier results allow, with what must have been added since, and
/// without what can have been.
#[derive(Clone, Copy)]
struct Bounds {
    least: i128,
    most: i128,
}

impl Bounds {
    fn tighten(&mut self, other: Bounds) {
        self.least = self.least.max(other.least);
        self.most = self.most.min(other.most);
    }
}

/// An operation that is open.
struct Open {
    called: u32,
    /// What it adds, if it is an addition.
    delta: Option<i128>,
    /// What had returned when it was called, and what earlier results allowed then.
    returned: Sums,
    bounds: Bounds,
}

pub(super) struct Range {
    initial: i128,
    /// All that was called and did not fail, and of that, what returned.
    called: Sums,
    returned: Sums,
    open: BTreeMap<u32, Open>,
    /// By the return of results, after which additions count that are called.
    known: BTreeMap<u32, Bounds>,
    /// The same for results in any order, as long as nothing decreases the counter.
    any: Bounds,
}

impl Range {
    /// A counter that holds `initial` at first.
    pub fn new(initial: i64) -> Range {
        let initial = i128::from(initial);
        let any = Bounds { least: initial, most: initial };
        let (called, returned) = (Sums::default(), Sums::default());
        let known = BTreeMap::from([(0, any)]);
        Range { initial, called, returned, open: BTreeMap::new(), known, any }
    }

    /// An addition that was called at this position has returned.
    fn added(&mut self, called: u32, delta: i128) {
        self.returned.add(delta);
        for (_, bounds) in self.known.range_mut(..called) {
            bounds.least += delta.max(0);
            bounds.most += delta.min(0);
        }
    }

    /// Whether a result can be, which an addition of `own` made if it was one.
    fn found(&mut self, result: i128, own: i128, open: &Open, now: u32) -> Result<(), String> {
        // Before what increased it, and before what decreased it.
        let (lower, higher) = (result - own.max(0), result - own.min(0));
        let least = open.bounds.least + self.called.down;
        let most = open.bounds.most + self.called.up;
        if lower < least {
            let least = least + own.max(0);
            return Err(format!("but it must have been {least} at least by then"));
        }
        if higher > most {
            let most = most + own.min(0);
            return Err(format!("but it can have been {most} at most by then"));
        }
        let own = Bounds { least: higher - open.returned.down, most: lower - open.returned.up };
        if self.called.down == 0 {
            let any = Bounds { least: result - self.called.up, most: own.most };
            if own.most < self.any.least || result > self.any.most + self.called.up {
                return Err("but another read found what is too far from that".into());
            }
            self.any.tighten(any);
        }
        self.known.entry(now).and_modify(|bounds| bounds.tighten(own)).or_insert(own);
        self.put_together();
        Ok(())
    }

    /// Puts together what no addition that is open tells apart.
    fn put_together(&mut self) {
        if self.known.len() <= 2 * self.open.len() + 16 {
            return;
        }
        let adding = self.open.values().filter(|open| open.delta.is_some());
        let mut calls = adding.map(|open| open.called).peekable();
        let mut together: Vec<(u32, Bounds)> = Vec::new();
        for (since, bounds) in std::mem::take(&mut self.known) {
            let mut apart = together.is_empty();
            while calls.next_if(|called| *called < since).is_some() {
                apart = true;
            }
            match together.last_mut().filter(|_| !apart) {
                Some((_, last)) => last.tighten(bounds),
                None => together.push((since, bounds)),
            }
        }
        self.known = together.into_iter().collect();
    }
}

impl Range {
    /// An operation begins, which adds this if it is an addition. False if sums become so large
    /// that nothing can be said.
    pub fn begin(&mut self, number: u32, called: u32, delta: Option<i64>) -> bool {
        let delta = delta.map(i128::from);
        self.called.add(delta.unwrap_or(0));
        let mut bounds = Bounds { least: i128::MIN / 2, most: i128::MAX / 2 };
        self.known.values().for_each(|known| bounds.tighten(*known));
        self.open.insert(number, Open { called, delta, returned: self.returned, bounds });
        let (least, most) = (self.initial + self.called.down, self.initial + self.called.up);
        i64::try_from(least).and(i64::try_from(most)).is_ok()
    }

    /// An operation returned with this result, if that is known. `Err` with what is wrong.
    pub fn end(&mut self, number: u32, now: u32, result: Option<i64>) -> Result<(), String> {
        let Some(open) = self.open.remove(&number) else { return Ok(()) };
        let delta = open.delta.unwrap_or(0);
        self.added(open.called, delta);
        match result {
            Some(result) => self.found(result.into(), delta, &open, now),
            None => Ok(()),
        }
    }

    /// An operation did not happen, or tells nothing.
    pub fn take_back(&mut self, number: u32) {
        let delta = self.open.remove(&number).and_then(|open| open.delta);
        self.called.take_back(delta.unwrap_or(0));
    }

    /// Nobody will know whether an operation happened.
    pub fn lose(&mut self, number: u32) {
        self.open.remove(&number);
    }
}

impl Rule<Counter, CounterOp> for Range {
    fn called(&mut self, _: &Counter, end: &End<'_, CounterOp>) -> Followed {
        let delta = match end.op {
            Some(CounterOp::Add(delta, _)) => Some(*delta),
            _ => None,
        };
        let sayable = self.begin(end.number, end.position, delta);
        if sayable { Followed::Well } else { Followed::Lost }
    }

    fn returned(&mut self, model: &Counter, end: &End<'_, CounterOp>) -> Followed {
        let result = match end.op {
            None => {
                self.take_back(end.number);
                return Followed::Well;
            }
            Some(CounterOp::Read(result)) => Some(*result),
            Some(CounterOp::Add(_, result)) => *result,
        };
        match self.end(end.number, end.position, result) {
            Err(but) => end.says(|op| model.describe(op), &but),
            Ok(()) => Followed::Well,
        }
    }

    fn lost(&mut self, _: &Counter, end: &End<'_, CounterOp>) -> Followed {
        self.lose(end.number);
        Followed::Well
    }

    fn tells_all(&self) -> bool {
        false
    }
}
