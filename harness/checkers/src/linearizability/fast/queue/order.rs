//! An order of a queue's operations, where there is one.

use super::super::NONE;
use super::super::item::Item;
use super::super::zones::squeeze;
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;
use std::hint::select_unpredictable;

/// A value in line.
#[derive(Clone, Copy)]
struct Place {
    put: u32,
    take: u32,
    /// Of all values up to this one, the last call of an enqueue and of a dequeue.
    called: u32,
    out: u32,
    /// Of all values from this one on, the first return of an enqueue.
    due: u32,
}

/// An order: values in one that agrees with both their enqueues and their dequeues, cut where the
/// queue was found empty. `None` if there is none.
///
/// Values line up as their enqueues return. One that is out before others can be goes in before
/// them. None of those may have been in before its enqueue was called, so it passes no more values
/// than went in meanwhile.
pub(super) fn arrange(
    calls: &[Call<CollectionOp>],
    items: &[Item],
    positions: u32,
    empties: &[u32],
) -> Option<Vec<u32>> {
    // What is out was in, and what is in was called, which narrows both.
    let due = |item: &Item| item.put.returned.min(item.take.returned);
    let (mut values, mut early) = (vec![0; positions as usize], false);
    for (number, item) in (1..).zip(items).filter(|(_, item)| due(item) != NEVER) {
        values[due(item) as usize] = number;
        early |= item.take.returned < item.put.called;
    }
    if early {
        return None;
    }
    squeeze(&mut values);
    let mut line: Vec<Place> = Vec::with_capacity(values.len());
    for &value in &values {
        let Item { put, take } = items[value as usize];
        let called = put.called;
        let out = if take.call == NONE { NEVER } else { take.called.max(called) };
        let due = put.returned.min(take.returned);
        let mut place = Place { put: put.call, take: take.call, called, out, due };
        let mut at = line.len();
        line.push(place);
        while at > 0 && line[at - 1].out > take.returned {
            place.due = line[at - 1].due;
            line[at] = Place { called: called.max(line[at - 1].called), ..line[at - 1] };
            at -= 1;
        }
        if place.due < called {
            return None;
        }
        if at > 0 {
            place.called = called.max(line[at - 1].called);
            place.out = out.max(line[at - 1].out);
        }
        line[at] = place;
    }
    // Fresh memory costs time, and this is not needed any more.
    let mut order = values;
    order.clear();
    let mut begun = 0;
    let ends = |i: &u32| (calls[*i as usize].called, calls[*i as usize].returned, *i);
    let mut empties: Vec<(u32, u32, u32)> = empties.iter().map(ends).collect();
    empties.sort_unstable();
    let mut empties = empties.into_iter().peekable();
    while let Some((asked, ..)) = empties.peek() {
        // The first moment after the call at which all that must be in by then can be out.
        let moment = |at: usize| {
            let due = line.get(at).map_or(NEVER, |place| place.due);
            let out = at.checked_sub(1).map_or(0, |before| line[before].out);
            (*asked < due && out < due).then_some((at, out, due))
        };
        let (end, out, due) = (begun..=line.len()).find_map(moment)?;
        perform(&line[begun..end], &mut order);
        begun = end;
        while let Some((_, returned, i)) = empties.next_if(|(called, ..)| *called < due) {
            if returned < out {
                return None;
            }
            order.push(i);
        }
    }
    perform(&line[begun..], &mut order);
    Some(order)
}

/// Puts values in and takes them out in this order, each as early as can be. Which comes next
/// cannot be guessed, so nothing branches on it.
fn perform(line: &[Place], order: &mut Vec<u32>) {
    let (mut taken, mut at) = (0, 0);
    while at < line.len() {
        // Nothing is called out before it was called in.
        let out = line[taken].out < line[at].called;
        order.push(select_unpredictable(out, line[taken].take, line[at].put));
        taken += usize::from(out);
        at += usize::from(!out);
    }
    order.extend(line[taken..].iter().map(|place| place.take).filter(|take| *take != NONE));
}
