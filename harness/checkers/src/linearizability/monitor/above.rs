//! A stack or a priority queue, followed by what was certainly above what came out.
//!
//! A value comes out at a moment when nothing above it is inside: nothing greater, or nothing that
//! was pushed after it. A value is inside for certain from the return of its insertion to the call
//! of its removal. A removal with something above its value at every moment while it was open is
//! wrong, and so is one that found nothing with anything inside all the time; besides, whatever
//! nobody put in, or was out already. Of a priority queue whose values are unique nothing else can
//! be wrong, as long as no removal is lost (see `fast/priority.rs`). Of a stack, what was put in
//! between has an order too that is not looked at: what this says is wrong is wrong, but it does
//! not tell of everything.
//!
//! A removal that is open may have taken something already. So a removal is wrong as soon as there
//! is more above its value, at every moment, than there are removals of which nobody knows yet, and
//! right once there is none at some moment.
//!
//! A value that is out, and was when all that is open was called, is forgotten: whoever removes it
//! again is treated as if nobody had put it in.

use super::super::sentence::named;
use super::rule::{End, Followed, Rule};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{CollectionOp, PriorityQueue, Stack};
use rustc_hash::FxHashMap;
use schism_history::Value;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Removals that wait for a decision; beyond that, the oldest go without.
const WAITING: usize = 256;

/// Where a value stands among the others: by what it is, or by when it was put in.
type Rank = (Option<Value>, u32);

/// What there is of a value.
#[derive(Default)]
struct Item {
    rank: Rank,
    /// How many insertions of it were called and did not fail, and how many of those are open.
    put: usize,
    open: usize,
    /// The first call of an insertion, the returns of all, and the calls of its removals; each in
    /// their order.
    called: u32,
    entered: SmallVec<[u32; 2]>,
    left: SmallVec<[u32; 2]>,
}

/// A removal that is open, or was lost.
struct Removal {
    called: u32,
    lost: bool,
}

/// A removal that has returned and may still be wrong.
struct Waiting {
    process: u64,
    op: CollectionOp,
    /// Whatever stands higher must not be inside.
    rank: Option<Rank>,
    called: u32,
    returned: u32,
}

/// What is known of a removal.
#[derive(PartialEq)]
enum Judged {
    Right,
    Wrong,
    Open,
}

/// How a kind of collection is followed.
pub(super) trait Piled: Spec<Op = CollectionOp> + 'static {
    /// What stands above what, in words.
    const ABOVE: &'static str;
    /// Whether values stand by what they are; else by when they were put in.
    const BY_VALUE: bool;
    /// The value of a number.
    fn value(&self, number: u32) -> &Value;
}

impl Piled for PriorityQueue {
    const ABOVE: &'static str = "something greater";
    const BY_VALUE: bool = true;
    fn value(&self, number: u32) -> &Value {
        self.symbols.value(number)
    }
}

impl Piled for Stack {
    const ABOVE: &'static str = "something pushed after it";
    const BY_VALUE: bool = false;
    fn value(&self, number: u32) -> &Value {
        self.symbols.value(number)
    }
}

#[derive(Default)]
pub(super) struct Above {
    items: FxHashMap<u32, Item>,
    ranks: BTreeMap<Rank, u32>,
    /// Insertions that are open, and what they put in.
    puts: FxHashMap<u32, u32>,
    /// In the order of their calls.
    removals: BTreeMap<u32, Removal>,
    waiting: Vec<Waiting>,
    /// Whether a value was put in again, or a removal was lost.
    vague: bool,
    patience: usize,
}

impl Above {
    /// An insertion begins.
    fn put<M: Piled>(&mut self, model: &M, value: u32, called: u32) -> Followed {
        let by_value = M::BY_VALUE.then(|| model.value(value).clone());
        let rank = if M::BY_VALUE { (by_value, 0) } else { (None, called) };
        if let Some(item) = self.items.get_mut(&value) {
            if !M::BY_VALUE {
                return Followed::Lost;
            }
            self.vague = true;
            item.put += 1;
            item.open += 1;
            return Followed::Well;
        }
        if self.ranks.insert(rank.clone(), value).is_some() {
            // They compare as equal, but are not the same.
            return Followed::Lost;
        }
        let item = Item { rank, put: 1, open: 1, called, ..Item::default() };
        self.items.insert(value, item);
        Followed::Well
    }

    /// An insertion ended: it returned there, or failed, or was lost.
    fn put_ended<M: Piled>(
        &mut self,
        model: &M,
        value: u32,
        returned: Option<u32>,
        failed: bool,
    ) -> Followed {
        let Some(item) = self.items.get_mut(&value) else { return Followed::Lost };
        item.open -= 1;
        item.entered.extend(returned);
        if failed {
            item.put -= 1;
            if item.left.len() > item.put {
                let value = model.value(value);
                return Followed::Wrong(format!("{value} came out, but its insertion failed"));
            }
            if item.put == 0 {
                self.ranks.remove(&item.rank);
                self.items.remove(&value);
            }
        }
        Followed::Well
    }

    /// Whether a removal that returned is known to be right or wrong.
    fn judge(&self, one: &Waiting) -> Judged {
        let above = match &one.rank {
            Some(rank) => Bound::Excluded(rank),
            None => Bound::Unbounded,
        };
        // What changes the number of values above, and that of removals nobody knows of.
        let mut changes: SmallVec<[(u32, i32, i32); 16]> = SmallVec::new();
        for value in self.ranks.range::<Rank, _>((above, Bound::Unbounded)).map(|(_, v)| v) {
            let Some(item) = self.items.get(value) else { continue };
            for (at, entered) in item.entered.iter().enumerate() {
                let left = item.left.get(at).copied().unwrap_or(u32::MAX);
                if *entered < left && *entered < one.returned && left > one.called {
                    changes.push(((*entered).max(one.called), 1, 0));
                    if left < one.returned {
                        changes.push((left, -1, 0));
                    }
                }
            }
        }
        if changes.is_empty() {
            return Judged::Right;
        }
        let unknown = self.removals.values().filter(|removal| removal.called < one.returned);
        changes.extend(unknown.map(|removal| (removal.called.max(one.called), 0, 1)));
        changes.sort_unstable();
        let (mut inside, mut unknown, mut wrong) = (0, 0, true);
        let first = changes[0].0;
        if first > one.called {
            return Judged::Right;
        }
        for (at, change) in changes.iter().enumerate() {
            inside += change.1;
            unknown += change.2;
            let next = changes.get(at + 1).map_or(one.returned, |next| next.0);
            if next == change.0 {
                continue;
            }
            if inside == 0 {
                return Judged::Right;
            }
            wrong &= inside > unknown;
        }
        if wrong { Judged::Wrong } else { Judged::Open }
    }

    /// Judges all that wait.
    fn decide<M: Piled>(&mut self, model: &M, now: u32) -> Followed {
        let waiting = std::mem::take(&mut self.waiting);
        let open = |before: u32| self.removals.values().any(|r| !r.lost && r.called < before);
        let mut wrong = None;
        let mut left = Vec::new();
        for one in waiting {
            match self.judge(&one) {
                Judged::Wrong => wrong = wrong.or(Some(one)),
                // Nothing more will be known of what happened meanwhile.
                Judged::Open if open(one.returned) => left.push(one),
                Judged::Open | Judged::Right => {}
            }
        }
        if left.len() > WAITING {
            left.remove(0);
        }
        self.waiting = left;
        if let Some(Waiting { process, op, .. }) = wrong {
            let above = if op == CollectionOp::Empty { "something" } else { M::ABOVE };
            let what = named(process, &model.describe(&op));
            return Followed::Wrong(format!("{what}, but {above} was inside all the time"));
        }
        self.forget(now);
        Followed::Well
    }

    /// Forgets what was out before all that may still be judged.
    fn forget(&mut self, now: u32) {
        if self.items.len() <= self.patience {
            return;
        }
        let open = self.removals.values().filter(|removal| !removal.lost);
        let calls = open.map(|removal| removal.called);
        let oldest = calls.chain(self.waiting.iter().map(|one| one.called)).min().unwrap_or(now);
        let ranks = &mut self.ranks;
        self.items.retain(|_, item| {
            let mut ends = item.entered.iter().chain(&item.left);
            let out = item.open == 0 && item.left.len() == item.put && ends.all(|at| *at < oldest);
            if out {
                ranks.remove(&item.rank);
            }
            !out
        });
        self.patience = 2 * self.items.len() + 16;
    }
}

impl<M: Piled> Rule<M, CollectionOp> for Above {
    fn called(&mut self, model: &M, end: &End<'_, CollectionOp>) -> Followed {
        if let Some(CollectionOp::Put(value)) = end.op {
            self.puts.insert(end.number, *value);
            return self.put(model, *value, end.position);
        }
        self.removals.insert(end.number, Removal { called: end.position, lost: false });
        Followed::Well
    }

    fn returned(&mut self, model: &M, end: &End<'_, CollectionOp>) -> Followed {
        if let Some(value) = self.puts.remove(&end.number) {
            let returned = end.op.map(|_| end.position);
            return self.put_ended(model, value, returned, end.op.is_none());
        }
        let Some(Removal { called, .. }) = self.removals.remove(&end.number) else {
            return Followed::Lost;
        };
        let mut waiting = match end.op {
            Some(op @ (CollectionOp::Take(_) | CollectionOp::Empty)) => Waiting {
                process: end.process,
                op: *op,
                rank: None,
                called,
                returned: end.position,
            },
            _ => return self.decide(model, end.position),
        };
        if let CollectionOp::Take(value) = waiting.op {
            let but = "but nobody had put that in, or it was out already";
            let item = self.items.get_mut(&value).filter(|item| item.left.len() < item.put);
            let Some(item) = item else { return end.says(|op| model.describe(op), but) };
            item.left.push(called);
            item.left.sort_unstable();
            waiting.called = called.max(item.called);
            // What was pushed before its own push returned may be below.
            let pushed = item.entered.first().copied().unwrap_or(u32::MAX);
            waiting.rank = Some(if M::BY_VALUE { item.rank.clone() } else { (None, pushed) });
        }
        self.waiting.push(waiting);
        self.decide(model, end.position)
    }

    fn lost(&mut self, model: &M, end: &End<'_, CollectionOp>) -> Followed {
        if let Some(value) = self.puts.remove(&end.number) {
            return self.put_ended(model, value, None, false);
        }
        if let Some(removal) = self.removals.get_mut(&end.number) {
            removal.lost = true;
            self.vague = true;
        }
        self.decide(model, end.position)
    }

    fn tells_all(&self) -> bool {
        M::BY_VALUE && !self.vague
    }
}
