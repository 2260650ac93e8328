//! Identifiers that are given out once: any two that are alike are a violation.

use super::{NONE, Shortcut};
use crate::linearizability::model::Call;
use crate::linearizability::models::UniqueIdOp;

/// Checks a generator that has given out nothing at first.
pub(crate) fn unique(calls: &[Call<UniqueIdOp>]) -> Option<Shortcut<UniqueIdOp>> {
    let values = calls.iter().map(|call| call.op.0 as usize + 1).max().unwrap_or(0);
    let mut given = vec![NONE; values];
    for (i, call) in calls.iter().enumerate() {
        let first = &mut given[call.op.0 as usize];
        if *first != NONE {
            return Shortcut::violation(vec![*first, i as u32]);
        }
        *first = i as u32;
    }
    // As called, they come in an order that agrees with every return.
    Some(Shortcut::Linearizable(Some((0..calls.len() as u32).collect())))
}
