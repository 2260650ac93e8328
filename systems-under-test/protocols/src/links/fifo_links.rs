//! FIFO perfect links: sequence numbers.
//!
//! Model: fail-silent. Implements: perfect links that keep the order of sending. Uses: perfect
//! links.
//!
//! The links' counterpart of Algorithm 3.12. A sender numbers its messages for each receiver; a
//! receiver holds back what came too early. Nothing is lost below, so every gap is filled in the
//! end.

use crate::in_order::InOrder;
use schism_kernel::{Algorithm, Cx, Deliver, FifoLink, Never, PerfectLink, ProcessId, Send, Wire};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[DATA, sn, m]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Numbered<M> {
    /// Its number among those of its sender for its receiver.
    pub number: u64,
    /// The message itself.
    pub m: M,
}

/// Sequence numbers over perfect links.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumbers<M> {
    lsn: BTreeMap<ProcessId, u64>,
    pending: BTreeMap<ProcessId, InOrder<M>>,
    /// Defect: delivers what arrives when it arrives.
    pub skips_the_reorder_buffer: bool,
}

impl<M> Default for SequenceNumbers<M> {
    fn default() -> Self {
        let (lsn, pending) = (BTreeMap::new(), BTreeMap::new());
        SequenceNumbers { lsn, pending, skips_the_reorder_buffer: false }
    }
}

impl<M: Wire> Algorithm for SequenceNumbers<M> {
    type Implements = FifoLink<M>;
    type Uses = PerfectLink<Numbered<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ fpl, Send | q, m ⟩ do`
    fn upon_request(&mut self, Send(q, m): Send<M>, cx: &mut Cx<'_, Self>) {
        let lsn = self.lsn.entry(q).or_default();
        cx.trigger(Send(q, Numbered { number: *lsn, m }));
        *lsn += 1;
    }

    /// `upon event ⟨ pl, Deliver | p, [DATA, sn, m] ⟩ do`
    fn upon_indication(&mut self, event: Deliver<Numbered<M>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, Numbered { number, m }) = event;
        if self.skips_the_reorder_buffer {
            return cx.indicate(Deliver(p, m));
        }
        let pending = self.pending.entry(p).or_default();
        pending.insert(number, m);
        while let Some(m) = pending.pop() {
            cx.indicate(Deliver(p, m));
        }
    }
}
