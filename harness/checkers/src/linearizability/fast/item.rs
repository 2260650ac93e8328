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

/// No value.
pub(super) const ABSENT: Item = Item {
    put: NONE,
    take: NONE,
    put_called: NEVER,
    put_returned: NEVER,
    take_called: NEVER,
    take_returned: NEVER,
};

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
