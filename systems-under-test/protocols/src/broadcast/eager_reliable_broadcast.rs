//! Algorithm 3.3: Eager Reliable Broadcast.
//!
//! Model: fail-silent. Implements: regular reliable broadcast. Uses: best-effort broadcast.
//!
//! Everybody passes on what they see for the first time, so that what one correct process has
//! delivered reaches all of them, whatever became of its sender. Any number of processes may
//! crash; nobody needs to know who. A message is delivered before it is passed on, which is
//! why agreement is not uniform. One broadcast costs N² + N messages, since the origin passes its
//! own on, too.

use crate::broadcast::Relay;
use crate::seen::Seen;
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Never, ProcessId, ReliableBroadcast,
    Wire,
};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// Algorithm 3.3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EagerReliableBroadcast<M> {
    delivered: BTreeMap<ProcessId, Seen>,
    broadcasts: u64,
    messages: PhantomData<M>,
}

impl<M> Default for EagerReliableBroadcast<M> {
    /// `upon event ⟨ rb, Init ⟩ do`
    fn default() -> Self {
        let (delivered, broadcasts) = (BTreeMap::new(), 0);
        EagerReliableBroadcast { delivered, broadcasts, messages: PhantomData }
    }
}

impl<M: Wire> Algorithm for EagerReliableBroadcast<M> {
    type Implements = ReliableBroadcast<M>;
    type Uses = BestEffortBroadcast<Relay<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ rb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let (origin, number) = (cx.me, self.broadcasts);
        self.broadcasts += 1;
        cx.trigger(Broadcast(Relay { origin, number, m }));
    }

    /// `upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do`
    fn upon_indication(&mut self, Deliver(_, data): Deliver<Relay<M>>, cx: &mut Cx<'_, Self>) {
        if self.delivered.entry(data.origin).or_default().insert(data.number) {
            cx.indicate(Deliver(data.origin, data.m.clone()));
            cx.trigger(Broadcast(data));
        }
    }
}
