//! An order of a queue's operations, where there is one.

use super::super::NONE;
use super::super::item::Item;
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;

/// What happens at a position.
const CALLED: u32 = 1;
const DUE: u32 = 2;

/// An order: values in one that agrees with both their enqueues and their dequeues, cut at the
/// moments when the queue was found empty. `gaps` has the positions after which those are, in the
/// order in which the dequeues that found nothing returned.
///
/// A value goes in when its enqueue returns, and before it of those pending, as they come out,
/// those that came out before it could. No other has to: one that came out before one of those,
/// and goes in later, would have come out before this one too. At a moment when nothing is inside,
/// all that can be out by then go in and out.
pub(super) fn arrange(
    calls: &[Call<CollectionOp>],
    mut items: Vec<Item>,
    gaps: &[u32],
) -> Vec<u32> {
    let empty = |(call, i): (&Call<CollectionOp>, u32)| {
        (call.op == CollectionOp::Empty).then_some((call.returned, i))
    };
    let mut empties: Vec<(u32, u32)> = match gaps {
        [] => Vec::new(),
        _ => calls.iter().zip(0..).filter_map(empty).collect(),
    };
    empties.sort_unstable();
    let mut gaps: Vec<(u32, u32)> =
        gaps.iter().zip(empties).map(|(gap, (_, empty))| (*gap, empty)).collect();
    gaps.sort_unstable();
    // A value is in before it is out, which narrows both.
    for item in items.iter_mut().filter(|item| item.take != NONE) {
        item.put_returned = item.put_returned.min(item.take_returned);
        item.take_called = item.take_called.max(item.put_called);
    }
    let items = &items[..];
    let mut events: Vec<u32> = Vec::new();
    for (value, item) in items.iter().enumerate() {
        if item.put != NONE && item.put_returned != NEVER {
            let last = item.put_called.max(item.put_returned) as usize;
            if last >= events.len() {
                events.resize((last + 1).next_multiple_of(MORE), 0);
            }
            events[item.put_called as usize] = (value as u32) << 2 | CALLED;
            events[item.put_returned as usize] = (value as u32) << 2 | DUE;
        }
    }
    let mut order = Vec::with_capacity(calls.len());
    let mut sorted: Vec<u32> = Vec::with_capacity(items.len());
    let mut pending: Vec<u32> = Vec::new();
    let (mut begun, mut gaps) = (0, gaps.into_iter().peekable());
    let of = |value: u32| &items[value as usize];
    for (position, &event) in events.iter().enumerate() {
        let value = event >> 2;
        match event & 3 {
            CALLED => pending.push(value),
            DUE => {
                if let Some(at) = pending.iter().position(|other| *other == value) {
                    pending.swap_remove(at);
                    let called = of(value).take_called;
                    take_out(&mut pending, items, &mut sorted, |u| u.take_returned < called);
                    sorted.push(value);
                }
            }
            _ => {}
        }
        if gaps.peek().is_some_and(|(gap, _)| *gap as usize == position) {
            let now = position as u32;
            take_out(&mut pending, items, &mut sorted, |u| u.take_called <= now);
            emit(items, &sorted[begun..], &mut order);
            begun = sorted.len();
            while let Some((_, empty)) = gaps.next_if(|(gap, _)| *gap == now) {
                order.push(empty);
            }
        }
    }
    emit(items, &sorted[begun..], &mut order);
    order.extend(gaps.map(|(_, empty)| empty));
    order
}

/// By how many positions the table of events grows.
const MORE: usize = 4096;

/// Moves some of the values, as they came out.
fn take_out(
    pending: &mut Vec<u32>,
    items: &[Item],
    to: &mut Vec<u32>,
    which: impl Fn(&Item) -> bool,
) {
    let begin = to.len();
    pending.retain(|value| {
        let goes = which(&items[*value as usize]);
        if goes {
            to.push(*value);
        }
        !goes
    });
    if to.len() > begin + 1 {
        to[begin..].sort_unstable_by_key(|value| items[*value as usize].take_returned);
    }
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
