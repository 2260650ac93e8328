//! A stack whose values are unique, in time that grows with the operations and how deep it is.
//!
//! A value is inside for certain from the return of its push to the call of its pop. Where such
//! times of several values overlap or follow without a gap, from `s` to `e`, the stack is never
//! empty, so some value lies at the bottom all along: one whose push was called before `s` and
//! whose pop returned after `e`, and it is one of these values, as the others could be left out.
//! If there is none, nothing explains it, and neither the few values whose times reach from `s` to
//! `e`. If there is one, it may as well lie there: pushed just before `s` and popped just after
//! `e` it is in nobody's way. Without it, the times of the rest fall apart, and so on.
//!
//! A value whose pop was called before its push returned can come and go in one instant. A pop that
//! found nothing needs an instant outside of all those times.

use super::item::{Item, Items, concerning};
use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;

/// Values looked at beyond which it takes too long: the stack is too deep.
const DEEP: usize = 100_000_000;

/// A time without a gap: its ends, and where its values are in the list of all.
struct Spell {
    from: u32,
    to: u32,
    begin: usize,
    end: usize,
}

/// Where an operation goes: just before, just after or somewhat after a position, and its place
/// among those there.
type Place = (u32, u8, u32);
const BEFORE: u8 = 0;
const AFTER: u8 = 1;
const LATER: u8 = 2;

/// Checks a stack that is empty at first.
pub(crate) fn stack(calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<CollectionOp>> {
    let Items { items, empties, twice, vague, .. } = Items::of(calls)?;
    let violation = |values: &[u32], other: Option<u32>| {
        let mut witness = concerning(calls, values);
        witness.extend(other);
        if vague { None } else { Shortcut::violation(witness) }
    };
    let early = |item: &Item| item.take.returned < item.put.called;
    let early = || items.iter().position(early).map(|value| value as u32);
    if let Some(value) = twice.or_else(early) {
        return violation(&[value], None);
    }
    let mut inside: Vec<u32> = (0..items.len() as u32)
        .filter(|value| items[*value as usize].put.returned < items[*value as usize].take.called)
        .collect();
    inside.sort_unstable_by_key(|value| items[*value as usize].put.returned);
    let mut places = vec![None; if order { calls.len() } else { 0 }];
    let mut spells = Vec::new();
    split(&items, &inside, 0, &mut spells);
    for i in empties {
        let Call { called, returned, .. } = calls[i as usize];
        let during = spells[..spells.partition_point(|spell| spell.from < called)].last();
        let free = during.map_or(called, |spell| called.max(spell.to));
        if free >= returned {
            return violation(&cover(&items, &inside, called, returned), Some(i));
        }
        if order {
            places[i as usize] = Some((free, LATER, 0));
        }
    }
    match peel(&items, &mut inside, spells, &mut places) {
        Peeled::All => {}
        Peeled::Stuck(chain) => return violation(&chain, None),
        Peeled::TooDeep => return None,
    }
    Some(Shortcut::Linearizable(order.then(|| arrange(&items, places))))
}

enum Peeled {
    All,
    /// Values of which none can lie at the bottom.
    Stuck(Vec<u32>),
    TooDeep,
}

/// Takes away whatever can lie at the bottom until nothing is left.
fn peel(
    items: &[Item],
    inside: &mut [u32],
    mut spells: Vec<Spell>,
    places: &mut [Option<Place>],
) -> Peeled {
    let (mut looked, mut level) = (0, 0);
    while let Some(Spell { from, to, begin, end }) = spells.pop() {
        looked += end - begin;
        if looked > DEEP {
            return Peeled::TooDeep;
        }
        let mut left = begin;
        for at in begin..end {
            let value = inside[at];
            let item = &items[value as usize];
            // Each of them can lie at the bottom of those that are left then.
            if item.put.called < from && item.take.returned >= to {
                level += 1;
                if !places.is_empty() {
                    places[item.put.call as usize] = Some((from, BEFORE, level));
                    if item.take.call != NONE {
                        places[item.take.call as usize] = Some((to, AFTER, NEVER - level));
                    }
                }
            } else {
                inside[left] = value;
                left += 1;
            }
        }
        if left == end {
            return Peeled::Stuck(cover(items, &inside[begin..end], from, to));
        }
        split(items, &inside[begin..left], begin, &mut spells);
    }
    Peeled::All
}

/// The times without a gap of some values, which come in the order of their pushes' returns.
fn split(items: &[Item], values: &[u32], offset: usize, spells: &mut Vec<Spell>) {
    let known = spells.len();
    for (at, value) in (offset..).zip(values) {
        let Item { put, take } = items[*value as usize];
        let (from, to) = (put.returned, take.called);
        match spells[known..].last_mut() {
            Some(spell) if from < spell.to => {
                (spell.to, spell.end) = (spell.to.max(to), at + 1);
            }
            _ => spells.push(Spell { from, to, begin: at, end: at + 1 }),
        }
    }
}

/// The fewest of some values of which one is inside at every moment in between: always the one
/// that stays longest. They come in the order of their pushes' returns.
fn cover(items: &[Item], values: &[u32], from: u32, to: u32) -> Vec<u32> {
    let (mut cover, mut covered, mut longest) = (Vec::new(), from, None);
    let mut values = values.iter().peekable();
    while covered < to {
        while let Some(value) =
            values.next_if(|value| items[**value as usize].put.returned <= covered)
        {
            let stays = items[*value as usize].take.called;
            if longest.is_none_or(|(_, longest)| stays > longest) {
                longest = Some((*value, stays));
            }
        }
        let Some((value, stays)) = longest.filter(|(_, stays)| *stays > covered) else { break };
        cover.push(value);
        covered = stays;
    }
    cover
}

/// The operations in order. What comes and goes in one instant goes where the later of its
/// operations is called.
fn arrange(items: &[Item], mut places: Vec<Option<Place>>) -> Vec<u32> {
    for item in items.iter().filter(|item| item.take.called < item.put.returned) {
        let at = item.put.called.max(item.take.called);
        places[item.put.call as usize] = Some((at, LATER, 0));
        places[item.take.call as usize] = Some((at, LATER, 1));
    }
    let mut order: Vec<u32> =
        (0..places.len() as u32).filter(|i| places[*i as usize].is_some()).collect();
    order.sort_unstable_by_key(|i| places[*i as usize]);
    order
}
