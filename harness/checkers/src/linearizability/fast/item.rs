//! What is put in and taken out once.

use super::NONE;
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;

/// An operation of a value, and its ends.
#[derive(Clone, Copy)]
pub(super) struct Half {
    pub call: u32,
    pub called: u32,
    pub returned: u32,
}

/// The two operations of a value.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub put: Half,
    pub take: Half,
}

const MISSING: Half = Half { call: NONE, called: NEVER, returned: NEVER };
const ABSENT: Item = Item { put: MISSING, take: MISSING };
/// By how many values the table grows.
const MORE: usize = 64;

/// What is put in and taken out in a history.
pub(super) struct Items {
    /// Each value, by number.
    pub items: Vec<Item>,
    /// One more than the last position.
    pub positions: u32,
    /// The calls that found nothing.
    pub empties: Vec<u32>,
    /// A value that was put in once at most and taken out twice.
    pub twice: Option<u32>,
    /// Whether something may have been taken out without anybody knowing what. That explains
    /// nothing if all is explained without it.
    pub vague: bool,
}

impl Items {
    /// `None` if a value is put in twice, or something is said of which little is known.
    pub fn of(calls: &[Call<CollectionOp>]) -> Option<Items> {
        let most = 16 * calls.len() + 1024;
        let mut items: Vec<Item> = Vec::with_capacity(calls.len() / 2 + MORE);
        let (mut positions, mut empties, mut twice) = (0, Vec::new(), None);
        let (mut vague, mut unknown) = (false, false);
        for (i, call) in (0..).zip(calls) {
            let end = if call.optional() { call.called } else { call.returned };
            positions = positions.max(end + 1);
            let (CollectionOp::Put(value) | CollectionOp::Take(value)) = call.op else {
                match call.op {
                    CollectionOp::TakeAny if call.optional() => vague = true,
                    CollectionOp::Empty if !call.optional() => empties.push(i),
                    _ => return None,
                }
                continue;
            };
            if value as usize >= items.len() {
                if value as usize > most {
                    return None;
                }
                items.resize((value as usize + 1).next_multiple_of(MORE), ABSENT);
            }
            let item = &mut items[value as usize];
            // Puts and takes come in no order that a processor could guess.
            let put = matches!(call.op, CollectionOp::Put(_));
            let half = if put { &mut item.put } else { &mut item.take };
            unknown |= !put & call.optional();
            if half.call != NONE {
                if put {
                    return None;
                }
                // Wrong only if it was put in once, which is not known before the end.
                twice.get_or_insert(value);
                continue;
            }
            *half = Half { call: i, called: call.called, returned: call.returned };
        }
        if unknown {
            return None;
        }
        Some(Items { items, positions, empties, twice, vague })
    }
}

/// The operations on some values.
pub(super) fn concerning(calls: &[Call<CollectionOp>], values: &[u32]) -> Vec<u32> {
    let mut values = values.to_vec();
    values.sort_unstable();
    let concerns = |call: &Call<CollectionOp>| match call.op {
        CollectionOp::Put(value) | CollectionOp::Take(value) => {
            values.binary_search(&value).is_ok()
        }
        CollectionOp::Empty | CollectionOp::TakeAny => false,
    };
    (0..calls.len() as u32).filter(|i| concerns(&calls[*i as usize])).collect()
}
