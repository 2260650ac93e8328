//! Algorithm 3.5: Majority-Ack Uniform Reliable Broadcast.
//!
//! Model: fail-silent, N > 2f. Implements: uniform reliable broadcast. Uses: best-effort
//! broadcast.
//!
//! A message is delivered only once a majority has passed it on: one of them is correct and
//! will reach everybody, so that nobody delivers, not even just before it crashes, what the
//! others will not. With half of the processes down nothing is delivered any more. One broadcast
//! costs N² messages and two steps.

use crate::broadcast::Relay;
use crate::broadcast::acknowledged::Acknowledged;
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Never, UniformReliableBroadcast, Wire,
};

/// Algorithm 3.5.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MajorityAckUniformReliableBroadcast<M> {
    messages: Acknowledged<M>,
    /// Defect: takes one acknowledgement less than a majority for a majority.
    pub waits_for_one_ack_less: bool,
}

impl<M> Default for MajorityAckUniformReliableBroadcast<M> {
    fn default() -> Self {
        let messages = Acknowledged::default();
        MajorityAckUniformReliableBroadcast { messages, waits_for_one_ack_less: false }
    }
}

impl<M: Wire> Algorithm for MajorityAckUniformReliableBroadcast<M> {
    type Implements = UniformReliableBroadcast<M>;
    type Uses = BestEffortBroadcast<Relay<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ urb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        cx.trigger(Broadcast(self.messages.broadcast(cx.me, m)));
    }

    /// `upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do`
    fn upon_indication(&mut self, Deliver(p, data): Deliver<Relay<M>>, cx: &mut Cx<'_, Self>) {
        if let Some(relay) = self.messages.acknowledge(p, &data) {
            cx.trigger(Broadcast(relay));
        }
        // function candeliver(m) returns Boolean is return #(ack[m]) > N/2
        let enough = cx.majority() - usize::from(self.waits_for_one_ack_less);
        let id = (data.origin, data.number);
        if let Some(m) = self.messages.deliver(id, |ack| ack.len() >= enough) {
            cx.indicate(Deliver(data.origin, m));
        }
    }
}
