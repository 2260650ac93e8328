//! Consensus out of total-order broadcast (section 6.1, exercise 6.2): the two are equivalent.
//!
//! Model: that of the broadcast. Implements: uniform consensus (multiple instances). Uses:
//! total-order broadcast.
//!
//! Everybody broadcasts its proposal and decides on the first that is delivered. That is the same
//! for all, by total order. All instances share one broadcast, whose batches they then share too.

use schism_kernel::{
    Algorithm, Broadcast, Cx, Data, Decide, Deliver, Many, Never, Propose, TotalOrderBroadcast,
    UniformConsensus, Wire,
};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// Decides on whatever is delivered first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsensusFromTotalOrder<V> {
    decided: BTreeSet<u64>,
    of: PhantomData<V>,
}

impl<V> Default for ConsensusFromTotalOrder<V> {
    fn default() -> Self {
        ConsensusFromTotalOrder { decided: BTreeSet::new(), of: PhantomData }
    }
}

impl<V: Wire + Data> Algorithm for ConsensusFromTotalOrder<V> {
    type Implements = Many<u64, UniformConsensus<V>>;
    type Uses = TotalOrderBroadcast<(u64, V)>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ c.i, Propose | v ⟩ do`
    fn upon_request(&mut self, (i, Propose(v)): (u64, Propose<V>), cx: &mut Cx<'_, Self>) {
        // What is decided is decided: another proposal would only be a burden.
        if !self.decided.contains(&i) {
            cx.trigger(Broadcast((i, v)));
        }
    }

    /// `upon event ⟨ tob, Deliver | p, [i, v] ⟩ such that decided[i] = ⊥ do`
    fn upon_indication(&mut self, event: Deliver<(u64, V)>, cx: &mut Cx<'_, Self>) {
        let Deliver(_, (i, v)) = event;
        if self.decided.insert(i) {
            cx.indicate((i, Decide(v)));
        }
    }
}
