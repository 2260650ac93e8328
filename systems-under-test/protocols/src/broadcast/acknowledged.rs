//! What the two uniform reliable broadcasts have in common: everybody passes on what they see,
//! and delivers it when enough others have.
//!
//! The book gives Algorithm 3.5 as Algorithm 3.4 with another `candeliver`; so it is here.

use crate::broadcast::Relay;
use crate::seen::Seen;
use schism_kernel::{ProcessId, Wire};
use std::collections::{BTreeMap, BTreeSet};

/// `delivered`, `pending` and `ack` of both algorithms.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Acknowledged<M> {
    delivered: BTreeMap<ProcessId, Seen>,
    pending: BTreeMap<Id, Pending<M>>,
    broadcasts: u64,
}

/// The name of a message: its origin, and its number among those of its origin.
pub(super) type Id = (ProcessId, u64);

/// A message that was seen and not delivered, and who has seen it: `ack[m]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Pending<M> {
    m: M,
    ack: BTreeSet<ProcessId>,
}

impl<M> Default for Acknowledged<M> {
    /// `upon event ⟨ urb, Init ⟩ do`
    fn default() -> Self {
        Acknowledged { delivered: BTreeMap::new(), pending: BTreeMap::new(), broadcasts: 0 }
    }
}

impl<M: Wire> Acknowledged<M> {
    /// `upon event ⟨ urb, Broadcast | m ⟩ do`: what to broadcast.
    pub(super) fn broadcast(&mut self, origin: ProcessId, m: M) -> Relay<M> {
        let number = self.broadcasts;
        self.broadcasts += 1;
        self.pending.insert((origin, number), Pending { m: m.clone(), ack: BTreeSet::new() });
        Relay { origin, number, m }
    }

    /// `upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do`: what to pass on, if it is new.
    pub(super) fn acknowledge(&mut self, p: ProcessId, data: &Relay<M>) -> Option<Relay<M>> {
        // What was delivered is no longer pending here, and needs no further acknowledgement.
        if self.delivered.entry(data.origin).or_default().contains(data.number) {
            return None;
        }
        let id = (data.origin, data.number);
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.ack.insert(p);
            return None;
        }
        let pending = Pending { m: data.m.clone(), ack: BTreeSet::from([p]) };
        self.pending.insert(id, pending);
        Some(data.clone())
    }

    /// `upon exists (s, m) ∈ pending such that candeliver(m) ∧ m ∉ delivered do`, for one message.
    pub(super) fn deliver(
        &mut self,
        id: Id,
        can_deliver: impl Fn(&BTreeSet<ProcessId>) -> bool,
    ) -> Option<M> {
        if !can_deliver(&self.pending.get(&id)?.ack) {
            return None;
        }
        self.delivered.entry(id.0).or_default().insert(id.1);
        self.pending.remove(&id).map(|pending| pending.m)
    }

    /// Everything that was seen and not delivered.
    pub(super) fn pending(&self) -> Vec<Id> {
        self.pending.keys().copied().collect()
    }
}
