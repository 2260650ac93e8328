//! A priority queue, in time that hardly grows faster than the history.
//!
//! A value comes out at a moment when nothing greater is inside. A value is inside for certain while
//! more insertions of it have returned than removals were called; a removal that is under way only
//! while something greater is inside for certain has no place. If each value is put in once, nothing
//! else can be wrong: from the greatest value to the least, each is put in as late and taken out as
//! early as can be. Where greater values keep it in for longer, lesser ones have to wait for those
//! already.
//!
//! If a value is put in more often, which of its removals comes when makes a difference. Then some
//! order is tried: whatever is inside is taken as soon as can be, by whoever must return first of
//! those that wait; where nothing is inside they wait until the last moment, and take one whose
//! insertion must return first. If that leads nowhere, nothing is said.
//!
//! Moments are told by the position before them. Each has three parts: in the first, values are
//! taken out, the greatest first; in the second, nothing is found; in the third, values are put in.

use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;
use std::cmp::Ordering;

/// Which moments are free of greater values, and what was inside at the others.
struct Moments {
    /// For each that is taken, one closer to the next and the last that are not.
    next: Vec<u32>,
    last: Vec<u32>,
    /// By what rank.
    taken_by: Vec<u32>,
}

impl Moments {
    fn new(count: u32) -> Moments {
        let numbers = || (0..=count + 1).collect();
        Moments { next: numbers(), last: numbers(), taken_by: vec![NONE; count as usize + 1] }
    }

    fn follow(steps: &mut [u32], mut at: u32) -> u32 {
        while steps[at as usize] != at {
            let further = steps[steps[at as usize] as usize];
            steps[at as usize] = further;
            at = further;
        }
        at
    }

    /// The first free one from this one on.
    fn first(&mut self, at: u32) -> u32 {
        Self::follow(&mut self.next, at)
    }

    /// The last free one before this one.
    fn before(&mut self, at: u32) -> Option<u32> {
        Self::follow(&mut self.last, at).checked_sub(1)
    }

    fn take(&mut self, from: u32, to: u32, rank: u32) {
        let mut at = self.first(from);
        while at < to {
            self.taken_by[at as usize] = rank;
            self.next[at as usize] = at + 1;
            self.last[at as usize + 1] = at;
            at = self.first(at + 1);
        }
    }
}

/// Where an operation goes: its moment, the part of it, its rank there and its place among those
/// of its rank.
type Place = (u32, u8, u32, u32);
const TAKEN: u8 = 0;
const FOUND_EMPTY: u8 = 1;
const PUT: u8 = 2;

/// Checks a priority queue that is empty at first, whose values compare like this.
pub(crate) fn priority(
    calls: &[Call<CollectionOp>],
    compare: impl Fn(u32, u32) -> Ordering,
    order: bool,
) -> Option<Shortcut<CollectionOp>> {
    let (mut values, mut count, mut vague): (Vec<u32>, _, _) = (Vec::new(), 0, false);
    for call in calls {
        let end = if call.optional() { call.called } else { call.returned };
        count = count.max(end + 1);
        match call.op {
            // It explains nothing if all is explained without it.
            CollectionOp::TakeAny if call.optional() => vague = true,
            CollectionOp::TakeAny => return None,
            CollectionOp::Take(_) | CollectionOp::Empty if call.optional() => return None,
            CollectionOp::Empty => {}
            CollectionOp::Take(value) | CollectionOp::Put(value) => values.push(value),
        }
    }
    values.sort_unstable();
    values.dedup();
    values.sort_by(|a, b| compare(*b, *a));
    let most = values.iter().max().map_or(0, |value| *value as usize + 1);
    let equal = values.windows(2).any(|two| compare(two[0], two[1]) == Ordering::Equal);
    if equal || most > 16 * calls.len() + 1024 {
        return None;
    }
    let mut ranks = vec![NONE; most];
    for (rank, value) in (0..).zip(&values) {
        ranks[*value as usize] = rank;
    }
    let rank = |call: &Call<CollectionOp>| match call.op {
        CollectionOp::Take(value) | CollectionOp::Put(value) => ranks[value as usize],
        CollectionOp::Empty | CollectionOp::TakeAny => NONE,
    };
    let mut ends: Vec<End> = Vec::with_capacity(2 * calls.len());
    for (call, i) in calls.iter().zip(0..) {
        let rank = rank(call);
        if rank != NONE {
            let put = matches!(call.op, CollectionOp::Put(_));
            ends.push(End { rank, position: call.called, call: i, put, returned: false });
            if !call.optional() {
                ends.push(End { rank, position: call.returned, call: i, put, returned: true });
            }
        }
    }
    ends.sort_unstable_by_key(|end| (end.rank, end.position));
    let empties = || calls.iter().zip(0..).filter(|(call, _)| call.op == CollectionOp::Empty);
    let mut certain = Certain { calls, moments: Moments::new(count), once: true };
    let of_value = |a: &End, b: &End| a.rank == b.rank;
    let mut misfit = ends.chunk_by(of_value).find_map(|ends| certain.value(ends, count));
    if misfit.is_none() {
        let mut full = |call: &Call<_>| certain.moments.first(call.called) >= call.returned;
        misfit = empties().find_map(|(call, i)| full(call).then_some(i));
    }
    if let Some(misfit) = misfit {
        // All that concerns its value, and those that were inside meanwhile.
        let at = &calls[misfit as usize];
        let meanwhile = &certain.moments.taken_by[at.called as usize..at.returned as usize];
        let mut ranks: Vec<u32> = meanwhile.to_vec();
        ranks.push(rank(at));
        ranks.sort_unstable();
        let concerns = |(call, i): (&Call<_>, u32)| {
            let rank = rank(call);
            let concerns = i == misfit || rank != NONE && ranks.binary_search(&rank).is_ok();
            concerns.then_some(i)
        };
        let witness = calls.iter().zip(0..).filter_map(concerns).collect();
        return if vague { None } else { Shortcut::violation(witness) };
    }
    if certain.once && !order {
        return Some(Shortcut::Linearizable(None));
    }
    let mut sweep = Sweep {
        calls,
        moments: Moments::new(count),
        places: vec![None; calls.len()],
        placed: 0,
        pending: Vec::new(),
        inside: Vec::new(),
        waiting: Vec::new(),
    };
    for ends in ends.chunk_by(of_value) {
        sweep.value(ends, count)?;
    }
    for (call, i) in empties() {
        let free = sweep.moments.first(call.called);
        if free >= call.returned {
            return None;
        }
        sweep.places[i as usize] = Some((free, FOUND_EMPTY, 0, 0));
    }
    let places = sweep.places;
    let mut sorted: Vec<u32> = (0..).zip(&places).filter_map(|(i, at)| at.map(|_| i)).collect();
    sorted.sort_unstable_by_key(|i| places[*i as usize]);
    Some(Shortcut::Linearizable(order.then_some(sorted)))
}

/// An end of an operation on a value.
struct End {
    rank: u32,
    position: u32,
    call: u32,
    put: bool,
    returned: bool,
}

/// What is known for certain.
struct Certain<'a> {
    calls: &'a [Call<CollectionOp>],
    moments: Moments,
    /// Whether no value is put in twice.
    once: bool,
}

impl Certain<'_> {
    /// Goes over the ends of all that concerns a value. Returns a removal that has no place.
    fn value(&mut self, ends: &[End], count: u32) -> Option<u32> {
        let (mut put, mut certain, mut taken) = (0, 0, 0);
        let (mut since, mut inside, mut put_called) = (0, Vec::new(), NEVER);
        for end in ends {
            if certain > taken {
                inside.push((since, end.position));
            }
            since = end.position;
            match (end.put, end.returned) {
                (true, false) => {
                    put += 1;
                    put_called = put_called.min(end.position);
                }
                (true, true) => certain += 1,
                (false, false) => taken += 1,
                (false, true) => {}
            }
        }
        if certain > taken {
            inside.push((since, count));
        }
        self.once &= put <= 1;
        let (mut put, mut over) = (0, 0);
        for end in ends {
            put += u32::from(end.put && !end.returned);
            if !end.put && end.returned {
                over += 1;
                let from = self.calls[end.call as usize].called.max(put_called);
                if over > put || self.moments.first(from) >= end.position {
                    return Some(end.call);
                }
            }
        }
        for (from, to) in inside {
            self.moments.take(from, to, ends[0].rank);
        }
        None
    }
}

/// An order in the making.
struct Sweep<'a> {
    calls: &'a [Call<CollectionOp>],
    moments: Moments,
    places: Vec<Option<Place>>,
    placed: u32,
    /// Insertions of the value that have not returned and that nobody needed yet.
    pending: Vec<u32>,
    /// Those that did, of values that are still inside.
    inside: Vec<u32>,
    /// Removals of the value that have not happened.
    waiting: Vec<u32>,
}

impl Sweep<'_> {
    /// Finds a place for all that concerns a value, if it can.
    fn value(&mut self, ends: &[End], count: u32) -> Option<()> {
        let rank = ends.first()?.rank;
        let (mut since, mut inside) = (0, Vec::new());
        self.pending.clear();
        self.inside.clear();
        self.waiting.clear();
        for end in ends {
            self.serve(rank, since, end.position);
            if !self.inside.is_empty() {
                inside.push((since, end.position));
            }
            since = end.position;
            let list = if end.put { &mut self.pending } else { &mut self.waiting };
            if !end.returned {
                list.push(end.call);
            } else if let Some(at) = list.iter().position(|other| *other == end.call) {
                list.swap_remove(at);
                if end.put {
                    self.inside.push(end.call);
                    self.place(rank, end.call, end.position - 1, PUT);
                } else {
                    self.last_moment(rank, end.call)?;
                }
            }
        }
        if !self.inside.is_empty() {
            inside.push((since, count));
        }
        for (from, to) in inside {
            self.moments.take(from, to, rank);
        }
        Some(())
    }

    /// Takes out what is waited for at the first free moment, if there is one.
    fn serve(&mut self, rank: u32, from: u32, to: u32) {
        if self.inside.is_empty() || self.waiting.is_empty() {
            return;
        }
        let free = self.moments.first(from);
        while free < to && !self.inside.is_empty() {
            let due = |at: &usize| self.calls[self.waiting[*at] as usize].returned;
            let Some(first) = (0..self.waiting.len()).min_by_key(due) else { return };
            let take = self.waiting.swap_remove(first);
            self.inside.pop();
            self.place(rank, take, free, TAKEN);
        }
    }

    /// Lets a removal that must return happen at the last free moment, together with an insertion.
    fn last_moment(&mut self, rank: u32, take: u32) -> Option<()> {
        let call = &self.calls[take as usize];
        let free = self.moments.before(call.returned).filter(|free| *free >= call.called)?;
        let returned = |i: &u32| self.calls[*i as usize].returned;
        let fits = |i: &&u32| self.calls[**i as usize].called <= free && returned(i) > free;
        let lists = self.inside.iter().chain(&self.pending);
        let put = *lists.filter(fits).min_by_key(|i| returned(i))?;
        self.inside.retain(|i| *i != put);
        self.pending.retain(|i| *i != put);
        self.place(rank, put, free, TAKEN);
        self.place(rank, take, free, TAKEN);
        Some(())
    }

    fn place(&mut self, rank: u32, i: u32, moment: u32, part: u8) {
        self.placed += 1;
        self.places[i as usize] = Some((moment, part, rank, self.placed));
    }
}
