//! Algorithm 3.12: Broadcast with Sequence Number.
//!
//! Model: fail-silent. Implements: FIFO-order reliable broadcast. Uses: reliable broadcast.
//!
//! A sender numbers its messages; everybody holds back what came too early. It keeps whatever
//! promises the broadcast below makes, and costs no message more.

use crate::in_order::InOrder;
use crate::links::Numbered;
use schism_kernel::{
    Algorithm, Broadcast, Cx, Deliver, FifoBroadcast, Never, ProcessId, ReliableBroadcast, Wire,
};
use std::collections::BTreeMap;

/// Algorithm 3.12.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BroadcastWithSequenceNumber<M> {
    lsn: u64,
    pending: BTreeMap<ProcessId, InOrder<M>>,
    /// Defect: delivers what arrives when it arrives.
    pub holds_nothing_back: bool,
}

impl<M> Default for BroadcastWithSequenceNumber<M> {
    /// `upon event ⟨ frb, Init ⟩ do`
    fn default() -> Self {
        let pending = BTreeMap::new();
        BroadcastWithSequenceNumber { lsn: 0, pending, holds_nothing_back: false }
    }
}

impl<M: Wire> Algorithm for BroadcastWithSequenceNumber<M> {
    type Implements = FifoBroadcast<M>;
    type Uses = ReliableBroadcast<Numbered<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ frb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let number = self.lsn;
        self.lsn += 1;
        cx.trigger(Broadcast(Numbered { number, m }));
    }

    /// `upon event ⟨ rb, Deliver | p, [DATA, s, m, sn] ⟩ do`
    fn upon_indication(&mut self, event: Deliver<Numbered<M>>, cx: &mut Cx<'_, Self>) {
        let Deliver(s, Numbered { number, m }) = event;
        if self.holds_nothing_back {
            return cx.indicate(Deliver(s, m));
        }
        let of_sender = self.pending.entry(s).or_default();
        of_sender.insert(number, m);
        while let Some(m) = of_sender.pop() {
            cx.indicate(Deliver(s, m));
        }
    }
}
