//! A queue whose values are unique, in time linear in the history.
//!
//! Let `u` be put in before `v` (its enqueue returned before the other's was called) and `v` be
//! taken out before `u` (its dequeue returned before the other's was called, or `u` never is):
//! that cannot be explained, and nothing else about values that came out can be wrong. A dequeue
//! that found nothing needs an instant at which no value must have been inside: one whose enqueue
//! had returned and whose dequeue was not called yet.

use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;

/// The ends of a value's two operations.
#[derive(Clone, Copy)]
struct Item {
    put: u32,
    take: u32,
    put_called: u32,
    put_returned: u32,
    take_called: u32,
    take_returned: u32,
}

const ABSENT: Item = Item {
    put: NONE,
    take: NONE,
    put_called: NEVER,
    put_returned: NEVER,
    take_called: NEVER,
    take_returned: NEVER,
};

/// What happens at a position.
const PUT_CALLED: u32 = 0;
const PUT_RETURNED: u32 = 1;
const TAKE_CALLED: u32 = 2;
const EMPTY_RETURNED: u32 = 3;

/// Checks a queue that is empty at first.
pub(crate) fn queue(calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<CollectionOp>> {
    let value = |call: &Call<CollectionOp>| match call.op {
        CollectionOp::Put(value) | CollectionOp::Take(value) => value as usize + 1,
        CollectionOp::Empty | CollectionOp::TakeAny => 0,
    };
    let values = calls.iter().map(value).max().unwrap_or(0);
    if values > 16 * calls.len() + 1024 {
        return None;
    }
    let mut items = vec![ABSENT; values];
    let mut positions = 0;
    let mut empties = 0;
    let mut twice: Option<(u32, u32, u32)> = None;
    for (i, call) in calls.iter().enumerate() {
        let i = i as u32;
        let end = if call.optional() { call.called } else { call.returned };
        positions = positions.max(end as usize + 1);
        match call.op {
            CollectionOp::Put(value) => {
                let item = &mut items[value as usize];
                if item.put != NONE {
                    return None;
                }
                (item.put, item.put_called, item.put_returned) = (i, call.called, call.returned);
            }
            // Nobody knows what a dequeue took that may never have happened.
            CollectionOp::TakeAny => return None,
            _ if call.optional() => return None,
            CollectionOp::Take(value) => {
                let item = &mut items[value as usize];
                if item.take != NONE {
                    // Wrong only if it was put in once, which is not known before the end.
                    twice.get_or_insert((value, item.take, i));
                    continue;
                }
                (item.take, item.take_called, item.take_returned) = (i, call.called, call.returned);
            }
            CollectionOp::Empty => empties += 1,
        }
    }
    if let Some((value, first, second)) = twice {
        return Shortcut::violation(with_put(&items, value, vec![first, second]));
    }
    let mut events = vec![NONE; positions];
    let mut mark = |position: u32, what: u32, who: u32| {
        if let Some(event) = events.get_mut(position as usize) {
            *event = who << 2 | what;
        }
    };
    if values.max(calls.len()) >= (NONE >> 2) as usize {
        return None;
    }
    for (value, item) in items.iter().enumerate() {
        if item.put == NONE {
            if item.take != NONE {
                return Shortcut::violation(vec![item.take]);
            }
            continue;
        }
        if item.take_returned < item.put_called {
            return Shortcut::violation(vec![item.put, item.take]);
        }
        if item.put_returned == NEVER && item.take == NONE {
            continue;
        }
        let value = value as u32;
        mark(item.put_called, PUT_CALLED, value);
        mark(item.put_returned, PUT_RETURNED, value);
        mark(item.take_called, TAKE_CALLED, value);
    }
    if empties > 0 {
        for (i, call) in calls.iter().enumerate() {
            if call.op == CollectionOp::Empty {
                mark(call.returned, EMPTY_RETURNED, i as u32);
            }
        }
    }
    sweep(calls, &items, &events, empties, order)
}

fn with_put(items: &[Item], value: u32, mut calls: Vec<u32>) -> Vec<u32> {
    if items[value as usize].put != NONE {
        calls.push(items[value as usize].put);
    }
    calls
}

fn sweep(
    calls: &[Call<CollectionOp>],
    items: &[Item],
    events: &[u32],
    empties: usize,
    order: bool,
) -> Option<Shortcut<CollectionOp>> {
    // Of the values put in for certain, the one taken out last.
    let (mut latest, mut holder) = (0, NONE);
    // How many values must be inside, and the last gap between positions where none had to.
    let (mut inside, mut free) = (0u32, 0u32);
    // For every dequeue that found nothing, the gap it is put into.
    let mut gaps: Vec<(u32, u32)> = Vec::with_capacity(if order { empties } else { 0 });
    for (position, &event) in events.iter().enumerate() {
        let position = position as u32;
        let who = event >> 2;
        if event != NONE {
            match event & 3 {
                PUT_CALLED => {
                    if latest > items[who as usize].take_returned {
                        let (first, second) = (items[holder as usize], items[who as usize]);
                        let mut witness = vec![first.put, second.put, second.take];
                        if first.take != NONE {
                            witness.push(first.take);
                        }
                        return Shortcut::violation(witness);
                    }
                }
                PUT_RETURNED => {
                    let item = items[who as usize];
                    if item.take_called > latest {
                        (latest, holder) = (item.take_called, who);
                    }
                    inside += u32::from(item.put_returned < item.take_called);
                }
                TAKE_CALLED => {
                    let item = items[who as usize];
                    inside -= u32::from(item.put_returned < item.take_called);
                }
                _ => {
                    let called = calls[who as usize].called;
                    if free <= called {
                        return Shortcut::violation(crowd(items, calls, who));
                    }
                    if order {
                        gaps.push((free - 1, who));
                    }
                }
            }
        }
        // The gap after this position has its number plus one.
        if inside == 0 {
            free = position + 1;
        }
    }
    let order = order.then(|| arrange(calls, items, gaps));
    Some(Shortcut::Linearizable(order))
}

/// Values of which one must have been inside at every moment of a dequeue that found nothing:
/// always the one that stays longest.
fn crowd(items: &[Item], calls: &[Call<CollectionOp>], empty: u32) -> Vec<u32> {
    let Call { called, returned, .. } = calls[empty as usize];
    let mut inside: Vec<&Item> = items
        .iter()
        .filter(|item| {
            item.put != NONE
                && item.put_returned < item.take_called
                && item.put_returned < returned
                && item.take_called > called
        })
        .collect();
    inside.sort_by_key(|item| item.put_returned);
    let mut witness = vec![empty];
    let (mut at, mut covered) = (0, called);
    while covered < returned && at < inside.len() {
        let mut longest = inside[at];
        let mut next = at;
        while let Some(item) = inside.get(next).filter(|item| item.put_returned <= covered) {
            if item.take_called > longest.take_called {
                longest = item;
            }
            next += 1;
        }
        witness.push(longest.put);
        if longest.take != NONE {
            witness.push(longest.take);
        }
        covered = covered.max(longest.take_called);
        at = next.max(at + 1);
    }
    witness
}

/// An order: values in one that agrees with both their enqueues and their dequeues, cut at the
/// moments when the queue was found empty.
fn arrange(calls: &[Call<CollectionOp>], items: &[Item], mut gaps: Vec<(u32, u32)>) -> Vec<u32> {
    // A value is in before it is out, which narrows both.
    let narrowed = |item: &Item| Item {
        put_returned: item.put_returned.min(item.take_returned),
        take_called: if item.take == NONE { NEVER } else { item.take_called.max(item.put_called) },
        ..*item
    };
    let items: Vec<Item> = items.iter().map(narrowed).collect();
    let items = &items[..];
    gaps.sort_unstable();
    let mut cuts: Vec<u32> = gaps.iter().map(|(gap, _)| *gap).collect();
    cuts.dedup();
    // Whatever could be over by a cut is over by then.
    let mut segments: Vec<Vec<u32>> = vec![Vec::new(); cuts.len() + 1];
    for (value, item) in items.iter().enumerate() {
        if item.put == NONE || (item.put_returned == NEVER && item.take == NONE) {
            continue;
        }
        let over = if item.take == NONE { NEVER } else { item.put_called.max(item.take_called) };
        // The gap numbered g lies behind position g - 1 and before position g.
        let segment = cuts.partition_point(|cut| *cut < over);
        segments[segment].push(value as u32);
    }
    let mut order = Vec::with_capacity(calls.len());
    let mut empties = gaps.iter().peekable();
    let mut sorter = Sorter::new(items);
    for (segment, values) in segments.iter().enumerate() {
        emit(items, &sorter.sorted(values), &mut order);
        while let Some((_, empty)) =
            empties.next_if(|(gap, _)| cuts.get(segment).is_some_and(|cut| gap == cut))
        {
            order.push(*empty);
        }
    }
    order
}

/// Puts values in order, segment by segment.
struct Sorter<'a> {
    items: &'a [Item],
    /// Of how many of its two operations none that is left comes before.
    marks: Vec<u8>,
    placed: Vec<bool>,
}

impl<'a> Sorter<'a> {
    fn new(items: &'a [Item]) -> Self {
        Sorter { items, marks: vec![0; items.len()], placed: vec![false; items.len()] }
    }

    /// Values such that none comes before another that was put in, or taken out, before it.
    fn sorted(&mut self, values: &[u32]) -> Vec<u32> {
        let items = self.items;
        let put_called = by_position(values, |value| items[value as usize].put_called);
        let put_returned = by_position(values, |value| items[value as usize].put_returned);
        let take_called = by_position(values, |value| items[value as usize].take_called);
        let take_returned = by_position(values, |value| items[value as usize].take_returned);
        // One may come next once no other that is left was put in, or taken out, before it was
        // begun.
        let (marks, placed) = (&mut self.marks, &mut self.placed);
        let mut ready: Vec<u32> = Vec::new();
        let mut sorted = Vec::with_capacity(values.len());
        let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
        while sorted.len() < values.len() {
            while put_returned.get(b).is_some_and(|value| placed[*value as usize]) {
                b += 1;
            }
            while take_returned.get(d).is_some_and(|value| placed[*value as usize]) {
                d += 1;
            }
            let first_put = put_returned.get(b).map_or(NEVER, |v| items[*v as usize].put_returned);
            let first_take =
                take_returned.get(d).map_or(NEVER, |v| items[*v as usize].take_returned);
            let mut mark = |value: u32| {
                marks[value as usize] += 1;
                if marks[value as usize] == 2 {
                    ready.push(value);
                }
            };
            while let Some(value) =
                put_called.get(a).filter(|v| items[**v as usize].put_called <= first_put)
            {
                mark(*value);
                a += 1;
            }
            while let Some(value) =
                take_called.get(c).filter(|v| items[**v as usize].take_called <= first_take)
            {
                mark(*value);
                c += 1;
            }
            if ready.is_empty() {
                break;
            }
            for value in ready.drain(..) {
                placed[value as usize] = true;
                sorted.push(value);
            }
        }
        sorted
    }
}

/// Values by a position of theirs. No two have the same but those that have none, which come last.
fn by_position(values: &[u32], position: impl Fn(u32) -> u32) -> Vec<u32> {
    let positions = || values.iter().map(|value| position(*value)).filter(|p| *p != NEVER);
    let (first, last) = (positions().min().unwrap_or(0), positions().max().unwrap_or(0));
    let span = (last - first) as usize + 1;
    let mut sorted = values.to_vec();
    if span > 16 * values.len() {
        sorted.sort_unstable_by_key(|value| position(*value));
        return sorted;
    }
    // Where positions are dense they need not be compared.
    let mut at = vec![NONE; span];
    sorted.clear();
    let mut never = Vec::new();
    for &value in values {
        match position(value) {
            NEVER => never.push(value),
            position => at[(position - first) as usize] = value,
        }
    }
    sorted.extend(at.into_iter().filter(|value| *value != NONE));
    sorted.append(&mut never);
    sorted
}

/// Puts values in and takes them out in this order, each as early as can be.
fn emit(items: &[Item], sorted: &[u32], order: &mut Vec<u32>) {
    let (mut taken, mut now) = (0, 0);
    let mut take_now = 0;
    for (at, value) in sorted.iter().enumerate() {
        let item = items[*value as usize];
        now = now.max(item.put_called);
        // Everything that is out by now, of what is inside.
        while taken < at {
            let earlier = items[sorted[taken] as usize];
            if earlier.take == NONE || take_now.max(earlier.take_called) >= now {
                break;
            }
            take_now = take_now.max(earlier.take_called);
            order.push(earlier.take);
            taken += 1;
        }
        order.push(item.put);
    }
    for value in &sorted[taken..] {
        if items[*value as usize].take != NONE {
            order.push(items[*value as usize].take);
        }
    }
}
