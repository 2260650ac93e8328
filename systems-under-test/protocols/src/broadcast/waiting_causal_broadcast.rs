//! Algorithm 3.15: Waiting Causal Broadcast.
//!
//! Model: fail-silent. Implements: causal-order reliable broadcast. Uses: reliable broadcast.
//!
//! A message carries how many messages of each process its sender had delivered before; who has
//! delivered fewer waits. Messages grow by N numbers, and none is sent more than below.

use schism_kernel::{
    Algorithm, Broadcast, CausalBroadcast, Cx, Deliver, Never, ProcessId, ReliableBroadcast, Wire,
};
use serde::{Deserialize, Serialize};

/// `[DATA, W, m]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dated<M> {
    /// How many messages of each process must be delivered before.
    pub vector: Vec<u64>,
    /// The message itself.
    pub m: M,
}

/// Algorithm 3.15.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitingCausalBroadcast<M> {
    vector: Vec<u64>,
    lsn: u64,
    pending: Vec<(ProcessId, Dated<M>)>,
    /// Defect: waits for earlier messages of the same sender only.
    pub compares_only_the_senders_entry: bool,
}

impl<M> Default for WaitingCausalBroadcast<M> {
    fn default() -> Self {
        WaitingCausalBroadcast {
            vector: Vec::new(),
            lsn: 0,
            pending: Vec::new(),
            compares_only_the_senders_entry: false,
        }
    }
}

impl<M: Wire> Algorithm for WaitingCausalBroadcast<M> {
    type Implements = CausalBroadcast<M>;
    type Uses = ReliableBroadcast<Dated<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ crb, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.vector = vec![0; cx.n()];
    }

    /// `upon event ⟨ crb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let mut vector = self.vector.clone();
        vector[usize::from(cx.me.0)] = self.lsn;
        self.lsn += 1;
        cx.trigger(Broadcast(Dated { vector, m }));
    }

    /// `upon event ⟨ rb, Deliver | p, [DATA, W, m] ⟩ do`
    fn upon_indication(&mut self, Deliver(p, data): Deliver<Dated<M>>, cx: &mut Cx<'_, Self>) {
        self.pending.push((p, data));
        // while exists (p', W', m') ∈ pending such that W' ≤ V do
        while let Some(i) = self.pending.iter().position(|(p, data)| self.may_deliver(*p, data)) {
            let (p, data) = self.pending.swap_remove(i);
            self.vector[usize::from(p.0)] += 1;
            cx.indicate(Deliver(p, data.m));
        }
    }
}

impl<M> WaitingCausalBroadcast<M> {
    fn may_deliver(&self, p: ProcessId, data: &Dated<M>) -> bool {
        let entries = data.vector.iter().zip(&self.vector).enumerate();
        entries
            .filter(|(q, _)| !self.compares_only_the_senders_entry || *q == usize::from(p.0))
            .all(|(_, (wanted, delivered))| wanted <= delivered)
    }
}
