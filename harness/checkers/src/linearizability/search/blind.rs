//! **Blindness**: states that nothing will look at before they are overwritten.
//!
//! From a state from which nothing that is asked can be reached any more, there is a way on only if
//! an overwrite comes before whatever asks. Until then, only operations that every state accepts
//! have a place, and none of those brings back what is hopeless. So all such states are as good as
//! each other: as soon as the overwrite comes, nobody can tell which one it was. They are one in the
//! table of configurations visited. And the operations before the overwrite need no order: each may
//! wait until it is due, or until the overwrite, before which it goes unseen.

use super::expand::{Configuration, Graph};
use super::mask::Mask;
use super::prepare::Pending;

/// How many operations to come are asked whether they could see a state.
const ASKED: usize = 64;

impl Graph<'_, '_> {
    /// Whether nothing will look at the state before it is overwritten.
    pub(super) fn is_blind<M: Mask>(&mut self, at: &Configuration<M>) -> bool {
        let prepared = self.prepared;
        if !prepared.blinding || !self.rules.blindness || !self.rules.overwriting {
            return false;
        }
        // An overwrite comes before the first return of one that is owed or yet to be called.
        let mut end = prepared.layers[at.layer as usize].overwritten;
        for pending in prepared.mutators(at.layer).iter().filter(|p| !at.done.has(p.slot)) {
            let op = &prepared.ops[pending.operation as usize];
            if !op.blind {
                return false;
            }
            if op.overwrite && at.fresh.has(pending.slot) {
                end = end.min(op.returned);
            }
        }
        let space = &mut *self.space;
        let mut never =
            |class: u32| prepared.pure[class as usize] && space.hopeless(at.state, class);
        let mut pures = prepared.pures(at.layer).iter().filter(|p| !at.done.has(p.slot));
        let sights = prepared.sights(at.layer);
        let asking = sights.partition_point(|(called, _)| *called < end);
        prepared.optional_sight >= end
            && asking <= ASKED
            && pures.all(|pure| never(pure.class))
            && sights[..asking].iter().all(|(_, class)| never(*class))
    }

    /// Whether there is no need to take an operation in a state that nothing looks at: unless it
    /// overwrites it or is due.
    pub(super) fn waits<M: Mask>(&self, at: &Configuration<M>, candidate: &Pending) -> bool {
        let due = self.prepared.layers[at.layer as usize].due;
        let owed = candidate.operation == due && at.fresh.has(candidate.slot);
        !owed && !self.prepared.ops[candidate.operation as usize].overwrite
    }
}
