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
use crate::seen::Seen;
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Never, ProcessId,
    UniformReliableBroadcast, Wire,
};
use std::collections::{BTreeMap, BTreeSet};

/// Algorithm 3.5.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MajorityAckUniformReliableBroadcast<M> {
    delivered: BTreeMap<ProcessId, Seen>,
    pending: BTreeMap<(ProcessId, u64), Pending<M>>,
    broadcasts: u64,
    /// Defect: takes one acknowledgement less than a majority for a majority.
    pub waits_for_one_ack_less: bool,
}

/// A message that was seen and not delivered, and who has seen it: `ack[m]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Pending<M> {
    m: M,
    ack: BTreeSet<ProcessId>,
}

impl<M> Default for MajorityAckUniformReliableBroadcast<M> {
    /// `upon event ⟨ urb, Init ⟩ do`
    fn default() -> Self {
        MajorityAckUniformReliableBroadcast {
            delivered: BTreeMap::new(),
            pending: BTreeMap::new(),
            broadcasts: 0,
            waits_for_one_ack_less: false,
        }
    }
}

impl<M: Wire> Algorithm for MajorityAckUniformReliableBroadcast<M> {
    type Implements = UniformReliableBroadcast<M>;
    type Uses = BestEffortBroadcast<Relay<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ urb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let (origin, number) = (cx.me, self.broadcasts);
        self.broadcasts += 1;
        self.pending.insert((origin, number), Pending { m: m.clone(), ack: BTreeSet::new() });
        cx.trigger(Broadcast(Relay { origin, number, m }));
    }

    /// `upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do`
    fn upon_indication(&mut self, Deliver(p, data): Deliver<Relay<M>>, cx: &mut Cx<'_, Self>) {
        let id = (data.origin, data.number);
        // What was delivered is no longer pending here, and needs no further acknowledgement.
        if self.delivered.entry(data.origin).or_default().contains(data.number) {
            return;
        }
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.ack.insert(p);
        } else {
            let pending = Pending { m: data.m.clone(), ack: BTreeSet::from([p]) };
            self.pending.insert(id, pending);
            cx.trigger(Broadcast(data));
        }
        self.deliver_if_acked(id, cx);
    }
}

impl<M: Wire> MajorityAckUniformReliableBroadcast<M> {
    /// `function candeliver(m) returns Boolean is return #(ack[m]) > N/2`
    fn can_deliver(&self, pending: &Pending<M>, cx: &Cx<'_, Self>) -> bool {
        pending.ack.len() + usize::from(self.waits_for_one_ack_less) >= cx.majority()
    }

    /// `upon exists (s, m) ∈ pending such that candeliver(m) ∧ m ∉ delivered do`, for the one
    /// message whose acknowledgements have just changed.
    fn deliver_if_acked(&mut self, id: (ProcessId, u64), cx: &mut Cx<'_, Self>) {
        if self.pending.get(&id).is_some_and(|pending| self.can_deliver(pending, cx))
            && let Some(Pending { m, .. }) = self.pending.remove(&id)
        {
            self.delivered.entry(id.0).or_default().insert(id.1);
            cx.indicate(Deliver(id.0, m));
        }
    }
}
