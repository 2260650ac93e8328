//! A queue whose values are unique, in time linear in the history.
//!
//! Let `u` be put in before `v` (its enqueue returned before the other's was called) and `v` be
//! taken out before `u` (its dequeue returned before the other's was called, or `u` never is):
//! that cannot be explained, and nothing else about values that came out can be wrong. A dequeue
//! that found nothing needs an instant at which no value must have been inside: one whose enqueue
//! had returned and whose dequeue was not called yet.
//!
//! Both are told by one number as positions go by: the last dequeue to be called of all values
//! whose enqueues have returned. A value whose enqueue is called now must not be out by then; and
//! while that dequeue is still to come, the queue is not empty.

mod order;

use super::item::{Item, Items, concerning};
use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;
use order::arrange;

/// What happens at a position, in the two lowest bits; above them, what matters about it. Nothing
/// is all zeros: memory that is costs nothing until it is looked at.
const PUT_CALLED: u32 = 1;
const PUT_RETURNED: u32 = 2;
const EMPTY_RETURNED: u32 = 3;
/// The last position there can be; a dequeue that never happened stands there.
const LAST: u32 = NEVER >> 2;

/// Checks a queue that is empty at first.
pub(crate) fn queue(calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<CollectionOp>> {
    let Items { items, positions, empties, twice, vague } = Items::of(calls)?;
    if positions >= LAST {
        return None;
    }
    let violation = |witness| if vague { None } else { Shortcut::violation(witness) };
    if let Some(value) = twice {
        return violation(concerning(calls, &[value]));
    }
    if order && let Some(order) = arrange(calls, &items, positions, &empties) {
        return Some(Shortcut::Linearizable(Some(order)));
    }
    let early = |item: &Item| item.take.returned < item.put.called;
    if let Some(value) = items.iter().position(early) {
        // Nobody put it in, or later.
        return violation(concerning(calls, &[value as u32]));
    }
    let mut events = vec![0; positions as usize];
    for item in &items {
        if item.put.call == NONE || (item.put.returned == NEVER && item.take.call == NONE) {
            continue;
        }
        events[item.put.called as usize] = item.take.returned.min(LAST) << 2 | PUT_CALLED;
        if item.put.returned != NEVER {
            events[item.put.returned as usize] = item.take.called.min(LAST) << 2 | PUT_RETURNED;
        }
    }
    for empty in empties.iter().map(|i| &calls[*i as usize]) {
        events[empty.returned as usize] = empty.called << 2 | EMPTY_RETURNED;
    }
    match sweep(&events) {
        None => (!order).then_some(Shortcut::Linearizable(None)),
        Some(position) => violation(witness(calls, &items, position)),
    }
}

/// Goes over all positions. Gives the one at which something is wrong, if there is one.
fn sweep(events: &[u32]) -> Option<u32> {
    // Of the values put in for certain, the last call of a dequeue.
    let mut latest = 0;
    // One more than the last position after which nothing had to be inside.
    let mut free = 0;
    for (position, &event) in events.iter().enumerate() {
        let (what, about) = (event & 3, event >> 2);
        latest = latest.max(if what == PUT_RETURNED { about } else { 0 });
        let wrong =
            (what == PUT_CALLED) & (latest > about) | (what == EMPTY_RETURNED) & (free <= about);
        if wrong {
            return Some(position as u32);
        }
        free = if latest <= position as u32 { position as u32 + 1 } else { free };
    }
    None
}

/// The operations that cannot be explained, by the position at which that shows.
fn witness(calls: &[Call<CollectionOp>], items: &[Item], position: u32) -> Vec<u32> {
    let here = |call: &Call<CollectionOp>| match call.op {
        CollectionOp::Put(_) => call.called == position,
        _ => call.returned == position,
    };
    let Some(at) = calls.iter().position(here) else { return Vec::new() };
    let CollectionOp::Put(value) = calls[at].op else {
        let mut witness = concerning(calls, &crowd(items, &calls[at]));
        witness.push(at as u32);
        return witness;
    };
    let before = items.iter().enumerate().filter(|(_, item)| item.put.returned < position);
    let latest = before.max_by_key(|(_, item)| item.take.called);
    let holder = latest.map_or(value, |(holder, _)| holder as u32);
    concerning(calls, &[holder, value])
}

/// Values of which one must have been inside at every moment of a dequeue that found nothing:
/// always the one that stays longest.
fn crowd(items: &[Item], empty: &Call<CollectionOp>) -> Vec<u32> {
    let Call { called, returned, .. } = *empty;
    let mut inside: Vec<(&Item, u32)> = items
        .iter()
        .zip(0..)
        .filter(|(item, _)| {
            item.put.returned < item.take.called.min(returned) && item.take.called > called
        })
        .collect();
    inside.sort_by_key(|(item, _)| item.put.returned);
    let mut crowd = Vec::new();
    let (mut at, mut covered) = (0, called);
    while covered < returned && at < inside.len() {
        let mut longest = inside[at];
        let mut next = at;
        while let Some(one) = inside.get(next).filter(|(item, _)| item.put.returned <= covered) {
            if one.0.take.called > longest.0.take.called {
                longest = *one;
            }
            next += 1;
        }
        crowd.push(longest.1);
        covered = covered.max(longest.0.take.called);
        at = next.max(at + 1);
    }
    crowd
}
