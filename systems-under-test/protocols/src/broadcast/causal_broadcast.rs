//! Algorithm 3.13: No-Waiting Causal Broadcast.
//!
//! Model: fail-silent. Implements: causal-order reliable broadcast. Uses: reliable broadcast.
//!
//! A message carries its whole past: everything that its sender had broadcast or delivered before,
//! in that order. Whoever gets it delivers at once what is new to them, so that nobody ever waits.
//! No message is sent more than below, but each is longer than the one before.

use crate::broadcast::Relay;
use crate::seen::Seen;
use schism_kernel::{
    Algorithm, Broadcast, CausalBroadcast, Cx, Deliver, Never, ProcessId, ReliableBroadcast, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[DATA, mpast, m]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WithPast<M> {
    /// `mpast`: what may have caused it, in an order in which that may be delivered.
    pub past: Vec<Relay<M>>,
    /// Its number among those of its origin.
    pub number: u64,
    /// The message itself.
    pub m: M,
}

/// Algorithm 3.13.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoWaitingCausalBroadcast<M> {
    delivered: BTreeMap<ProcessId, Seen>,
    past: Vec<Relay<M>>,
    broadcasts: u64,
    /// Defect: sends a message without what came before it.
    pub forgets_the_past: bool,
}

impl<M> Default for NoWaitingCausalBroadcast<M> {
    /// `upon event ⟨ crb, Init ⟩ do`
    fn default() -> Self {
        let (delivered, past) = (BTreeMap::new(), Vec::new());
        NoWaitingCausalBroadcast { delivered, past, broadcasts: 0, forgets_the_past: false }
    }
}

impl<M: Wire> Algorithm for NoWaitingCausalBroadcast<M> {
    type Implements = CausalBroadcast<M>;
    type Uses = ReliableBroadcast<WithPast<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ crb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let number = self.broadcasts;
        self.broadcasts += 1;
        let past = if self.forgets_the_past { Vec::new() } else { self.past.clone() };
        // Its own delivery, through the broadcast below, appends it to the past of what follows.
        cx.trigger(Broadcast(WithPast { past, number, m }));
    }

    /// `upon event ⟨ rb, Deliver | p, [DATA, mpast, m] ⟩ such that m ∉ delivered do`
    fn upon_indication(&mut self, event: Deliver<WithPast<M>>, cx: &mut Cx<'_, Self>) {
        let Deliver(origin, WithPast { past, number, m }) = event;
        for data in past.into_iter().chain([Relay { origin, number, m }]) {
            if self.delivered.entry(data.origin).or_default().insert(data.number) {
                cx.indicate(Deliver(data.origin, data.m.clone()));
                self.past.push(data);
            }
        }
    }
}
