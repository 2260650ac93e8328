//! Queues whose values may come again.
//!
//! What is put in first comes out first: the first enqueue goes with the first dequeue, the second
//! with the second. So two orders are looked for at once, one of the enqueues and one of the
//! dequeues, step by step: each step takes an enqueue and a dequeue of the same value. What is in
//! the queue is never looked at, and a wrong choice shows at once.
//!
//! Two such orders can be merged into one iff no dequeue returned before the enqueue of its value,
//! or one in front of that, was called. For suppose that the demands made a circle: it would go
//! from a dequeue to an enqueue called after its return, and from there along the orders to an
//! enqueue and on to a dequeue that is not behind the first one. If that is its own, the enqueue
//! was called too late. If it is one called after the enqueue had returned, it was called after
//! the first dequeue returned, and could not come before it.
//!
//! A dequeue that found nothing stands in the order of the dequeues. When it is taken, as many are
//! out as are in, and whatever is left must not have had to come before anything that is taken.
//!
//! **Dominance**: of two places with the same operations taken but for some that may not have
//! happened, the one with fewer of those can do whatever the other can.

use super::walk::{EMPTY, Move, Walk};
use super::{
    Effort, Found, NONE, Open, Searched, Spent, list_bytes, table_bytes, vague, worthwhile,
};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;
use crate::linearizability::report::Why;
use rustc_hash::FxHashMap;

/// Searches for an order of a queue that is empty at first. `None` if it cannot tell.
pub(crate) fn queue(calls: &[Call<CollectionOp>], effort: &Effort<'_>) -> Option<Searched> {
    if vague(calls) {
        return None;
    }
    let worthwhile = worthwhile(calls);
    let put = |call: &Call<CollectionOp>| matches!(call.op, CollectionOp::Put(_));
    let puts = Walk::new(calls, |call| put(call) && worthwhile(call), false, effort.deadline)?;
    let takes = Walk::new(calls, |call| !put(call) && worthwhile(call), false, effort.deadline)?;
    let mut search = Search {
        calls,
        puts,
        takes,
        seen: FxHashMap::default(),
        dominance: effort.dominance,
        places: Vec::new(),
        open: Open::default(),
        reached: 0,
    };
    let mut spent = Spent::new(effort);
    let answer = search.run(&mut spent);
    Some(spent.searched(answer))
}

struct Search<'a> {
    calls: &'a [Call<CollectionOp>],
    puts: Walk<CollectionOp>,
    takes: Walk<CollectionOp>,
    /// The places last reached at each pair of spots.
    seen: FxHashMap<(u32, u32), u32>,
    dominance: bool,
    places: Vec<Place>,
    open: Open,
    /// The last return of a dequeue that was waited for.
    reached: u32,
}

/// A pair of sets, and what led to it: the place before, an enqueue and a dequeue.
#[derive(Clone, Copy)]
struct Place {
    puts: u32,
    takes: u32,
    from: u32,
    put: Option<u32>,
    take: u32,
    /// The place reached before at the same spots.
    like: u32,
}

impl Search<'_> {
    fn run(&mut self, spent: &mut Spent<'_>) -> Result<Found, Why> {
        self.add(
            Place { puts: EMPTY, takes: EMPTY, from: NONE, put: None, take: NONE, like: NONE },
            false,
        );
        while let Some(at) = self.open.next() {
            let Place { puts, takes, .. } = self.places[at as usize];
            let moves = self.takes.moves(takes).len() + self.puts.moves(puts).len();
            spent.one(moves, || self.bytes())?;
            if self.takes.complete(takes) {
                return Ok(Found::Order(self.merged(at)));
            }
            self.reached = self.reached.max(self.takes.due(takes));
            // The last one added is looked at first.
            for take in self.takes.moves(takes).rev() {
                let take = self.takes.at(take);
                match self.takes.ops[take.class as usize] {
                    CollectionOp::Empty => self.find_empty(at, take),
                    CollectionOp::Take(value) => self.match_with(at, take, Some(value), spent)?,
                    CollectionOp::TakeAny => self.match_with(at, take, None, spent)?,
                    CollectionOp::Put(_) => {}
                }
            }
        }
        Ok(Found::Nothing(self.reached))
    }

    fn add(&mut self, place: Place, later: bool) {
        let spots = (self.puts.spot(place.puts), self.takes.spot(place.takes));
        let last = self.seen.entry(spots).or_insert(NONE);
        let mut at = *last;
        while at != NONE {
            let other = self.places[at as usize];
            if (other.puts, other.takes) == (place.puts, place.takes)
                || self.dominance
                    && self.puts.spent_within(other.puts, place.puts)
                    && self.takes.spent_within(other.takes, place.takes)
            {
                return;
            }
            at = other.like;
        }
        let number = self.places.len() as u32;
        let like = std::mem::replace(last, number);
        self.open.add(number, later);
        self.places.push(Place { like, ..place });
    }

    /// Takes a dequeue that found nothing, if that may be.
    fn find_empty(&mut self, from: u32, take: Move) {
        let puts = self.places[from as usize].puts;
        let returned = self.calls[take.operation as usize].returned;
        let over = self.puts.latest(puts) < returned;
        if over && self.puts.due(puts) > self.takes.latest(take.to) {
            let (takes, dequeue) = (take.to, take.operation);
            let place = Place { puts, takes, from, put: None, take: dequeue, like: NONE };
            self.add(place, take.optional);
        }
    }

    /// Takes a dequeue with each enqueue of its value that may come next.
    fn match_with(
        &mut self,
        from: u32,
        take: Move,
        value: Option<u32>,
        spent: &mut Spent<'_>,
    ) -> Result<(), Why> {
        let returned = self.calls[take.operation as usize].returned;
        for put in self.puts.moves(self.places[from as usize].puts).rev() {
            spent.step(|| self.bytes())?;
            let put = self.puts.at(put);
            let CollectionOp::Put(of) = self.puts.ops[put.class as usize] else { continue };
            let in_time = returned == NEVER || self.puts.latest(put.to) < returned;
            let worthwhile = !put.optional || !take.optional;
            if value.is_none_or(|value| value == of) && in_time && worthwhile {
                let (puts, takes) = (put.to, take.to);
                let (enqueue, dequeue) = (Some(put.operation), take.operation);
                let place = Place { puts, takes, from, put: enqueue, take: dequeue, like: NONE };
                self.add(place, put.optional || take.optional);
            }
        }
        Ok(())
    }

    /// One order of both, from the orders that led to a place.
    fn merged(&self, place: u32) -> Vec<u32> {
        let calls = self.calls;
        let mut taken: Vec<Place> = std::iter::successors(Some(place), |at| {
            Some(self.places[*at as usize].from).filter(|from| *from != NONE)
        })
        .map(|at| self.places[at as usize])
        .filter(|place| place.from != NONE)
        .collect();
        taken.reverse();
        let mut enqueues: Vec<u32> = taken.iter().filter_map(|place| place.put).collect();
        // What is left inside, as it returned.
        let mut inside = vec![true; calls.len()];
        for put in &enqueues {
            inside[*put as usize] = false;
        }
        let left = |i: &u32| {
            let call = &calls[*i as usize];
            inside[*i as usize] && !call.optional() && matches!(call.op, CollectionOp::Put(_))
        };
        let mut rest: Vec<u32> = (0..calls.len() as u32).filter(left).collect();
        rest.sort_unstable_by_key(|i| calls[*i as usize].returned);
        enqueues.append(&mut rest);
        // The earliest return of each enqueue and those behind it.
        let mut soonest: Vec<u32> = enqueues.iter().map(|i| calls[*i as usize].returned).collect();
        for at in (1..soonest.len()).rev() {
            soonest[at - 1] = soonest[at - 1].min(soonest[at]);
        }
        let mut order = Vec::with_capacity(calls.len());
        let (mut inserted, mut matched) = (0, 0);
        for Place { put, take, .. } in taken {
            matched += usize::from(put.is_some());
            let called = calls[take as usize].called;
            // Its own must be in by now, and what had returned.
            while inserted < matched || soonest.get(inserted).is_some_and(|soon| *soon < called) {
                order.push(enqueues[inserted]);
                inserted += 1;
            }
            order.push(take);
        }
        order.extend_from_slice(&enqueues[inserted..]);
        order
    }

    fn bytes(&self) -> usize {
        self.puts.bytes()
            + self.takes.bytes()
            + table_bytes(&self.seen)
            + list_bytes(&self.places)
            + self.open.bytes()
    }
}
