//! Algorithm 3.4: All-Ack Uniform Reliable Broadcast.
//!
//! Model: fail-stop. Implements: uniform reliable broadcast. Uses: best-effort broadcast, the
//! perfect failure detector.
//!
//! A message is delivered once everybody who has not crashed has passed it on. Any number of
//! processes may crash. Whoever is accused while alive is not waited for, and may never get
//! what the others delivered. One broadcast costs N² messages and two steps.

use crate::broadcast::Relay;
use crate::broadcast::acknowledged::{Acknowledged, Id};
use schism_kernel::Two::{A as Beb, B as P};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Crash, Cx, Deliver, Indication, Never,
    PerfectFailureDetector, ProcessId, UniformReliableBroadcast, Wire,
};
use std::collections::BTreeSet;

/// Algorithm 3.4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllAckUniformReliableBroadcast<M> {
    messages: Acknowledged<M>,
    correct: BTreeSet<ProcessId>,
    /// Defect: does not wait for the others' acknowledgements.
    pub waits_for_nobody: bool,
}

impl<M> Default for AllAckUniformReliableBroadcast<M> {
    fn default() -> Self {
        let (messages, correct) = (Acknowledged::default(), BTreeSet::new());
        AllAckUniformReliableBroadcast { messages, correct, waits_for_nobody: false }
    }
}

impl<M: Wire> Algorithm for AllAckUniformReliableBroadcast<M> {
    type Implements = UniformReliableBroadcast<M>;
    type Uses = (BestEffortBroadcast<Relay<M>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ urb, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
    }

    /// `upon event ⟨ urb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        cx.trigger(Beb(Broadcast(self.messages.broadcast(cx.me, m))));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do
            Beb(Deliver(p, data)) => {
                if let Some(relay) = self.messages.acknowledge(p, &data) {
                    cx.trigger(Beb(Broadcast(relay)));
                }
                self.deliver_if_acked((data.origin, data.number), cx);
            }
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(p)) => {
                self.correct.remove(&p);
                for id in self.messages.pending() {
                    self.deliver_if_acked(id, cx);
                }
            }
        }
    }
}

impl<M: Wire> AllAckUniformReliableBroadcast<M> {
    /// `function candeliver(m) returns Boolean is return correct ⊆ ack[m]`
    fn deliver_if_acked(&mut self, id: Id, cx: &mut Cx<'_, Self>) {
        let can_deliver =
            |ack: &BTreeSet<ProcessId>| self.waits_for_nobody || self.correct.is_subset(ack);
        if let Some(m) = self.messages.deliver(id, can_deliver) {
            cx.indicate(Deliver(id.0, m));
        }
    }
}
