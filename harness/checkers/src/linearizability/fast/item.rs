//! What is put in and taken out once.

use super::NONE;
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::CollectionOp;

/// The two operations of a value, and their ends.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub put: u32,
    pub take: u32,
    pub put_called: u32,
    pub put_returned: u32,
    pub take_called: u32,
    pub take_returned: u32,
}

const ABSENT: Item = Item {
    put: NONE,
    take: NONE,
    put_called: NEVER,
    put_returned: NEVER,
    take_called: NEVER,
    take_returned: NEVER,
};

/// What is put in and taken out in a history.
pub(super) struct Items {
    /// Each value, by number.
    pub items: Vec<Item>,
    /// One more than the last position.
    pub positions: u32,
    /// How often nothing was found.
    pub empties: usize,
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
        let mut items: Vec<Item> = Vec::with_capacity(calls.len() / 2 + 1);
        let (mut positions, mut empties, mut twice, mut vague) = (0, 0, None, false);
        for (i, call) in (0..).zip(calls) {
            let end = if call.optional() { call.called } else { call.returned };
            positions = positions.max(end + 1);
            let (CollectionOp::Put(value) | CollectionOp::Take(value)) = call.op else {
                match call.op {
                    CollectionOp::TakeAny if call.optional() => vague = true,
                    CollectionOp::Empty if !call.optional() => empties += 1,
                    _ => return None,
                }
                continue;
            };
            if value as usize >= items.len() {
                if value as usize > most {
                    return None;
                }
                items.resize(value as usize + 1, ABSENT);
            }
            let item = &mut items[value as usize];
            if let CollectionOp::Put(_) = call.op {
                if item.put != NONE {
                    return None;
                }
                (item.put, item.put_called, item.put_returned) = (i, call.called, call.returned);
            } else if call.optional() {
                return None;
            } else if item.take != NONE {
                // Wrong only if it was put in once, which is not known before the end.
                twice.get_or_insert(value);
            } else {
                (item.take, item.take_called, item.take_returned) = (i, call.called, call.returned);
            }
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
