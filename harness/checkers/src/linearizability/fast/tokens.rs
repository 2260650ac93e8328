//! Tokens of a lock, each greater than all before it.
//!
//! An acquisition that completed before another was called came before it and was given a lesser
//! token. Of all that completed before a call, the one with the greatest token tells. Where that is
//! less, this says nothing.

use super::{NONE, Shortcut, Witness};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::LockOp;

/// Finds a token that is not greater than one before it.
pub(crate) fn tokens(calls: &[Call<LockOp>]) -> Option<Shortcut<LockOp>> {
    let token = |i: u32| match calls[i as usize].op {
        LockOp::Acquire(_, token) => token,
        LockOp::Release(_) => None,
    };
    let given = (0..calls.len() as u32).filter(|i| token(*i).is_some());
    let mut called: Vec<u32> = given.collect();
    let mut returned: Vec<u32> =
        called.iter().copied().filter(|i| !calls[*i as usize].optional()).collect();
    called.sort_unstable_by_key(|i| calls[*i as usize].called);
    returned.sort_unstable_by_key(|i| calls[*i as usize].returned);
    let mut returned = returned.into_iter().peekable();
    let mut greatest = NONE;
    let mut found: Option<(u32, u32)> = None;
    for i in called {
        let call = &calls[i as usize];
        while let Some(before) =
            returned.next_if(|before| calls[*before as usize].returned < call.called)
        {
            if greatest == NONE || token(before) > token(greatest) {
                greatest = before;
            }
        }
        // The first one to return is the one that fails.
        let sooner = found.is_none_or(|(_, other)| call.returned < calls[other as usize].returned);
        if greatest != NONE && token(i) <= token(greatest) && call.returned != NEVER && sooner {
            found = Some((greatest, i));
        }
    }
    found.map(|(before, after)| Shortcut::Violation(witness(calls, before, after)))
}

/// Both, and what gave the lock back in between, which does not help.
fn witness(calls: &[Call<LockOp>], before: u32, after: u32) -> Witness<LockOp> {
    let mut witness = Witness::of(vec![before, after]);
    let LockOp::Acquire(owner, _) = calls[before as usize].op else { return witness };
    let returned = calls[before as usize].returned;
    let gives = |call: &Call<LockOp>| call.op == LockOp::Release(owner) && call.called > returned;
    let given = (0..calls.len() as u32).filter(|i| gives(&calls[*i as usize]));
    witness.optional.extend(given.min_by_key(|i| calls[*i as usize].called));
    witness
}
