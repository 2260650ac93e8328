//! **Supply**: operations that nothing left can bring about.
//!
//! If the state rejects a pending operation, another must come right before it, after which it is
//! accepted. An operation that always leaves the same state tells beforehand whether it may be that
//! one. Once all that may be have been taken, and no other is called before the pending one
//! returns, there is no way on. Looking costs more than it brings where orders are found at once,
//! so it is done only where they are not.

use super::expand::Graph;
use super::mask::Mask;
use super::prepare::{NO_SLOT, Prepared};
use super::space::{REJECT, Space};
use crate::linearizability::options::Deadline;

/// Suppliers that are so many that an operation hardly ever runs out of them.
const PLENTY: usize = 16;

/// An operation after which another may be accepted.
struct Supplier {
    called: u32,
    returned: u32,
    slot: u16,
}

/// For each operation, those after which it may be accepted.
pub(super) struct Supply {
    /// Where the suppliers of each operation begin.
    first: Vec<u32>,
    suppliers: Vec<Supplier>,
    /// Whether an operation need not be looked at.
    sure: Vec<bool>,
}

impl Supply {
    /// `None` if the deadline passes.
    pub(super) fn new(
        prepared: &Prepared,
        space: &mut Space<'_>,
        deadline: &Deadline,
    ) -> Option<Supply> {
        let count = prepared.ops.len();
        let mut supply = Supply {
            first: Vec::with_capacity(count + 1),
            suppliers: Vec::new(),
            sure: Vec::with_capacity(count),
        };
        for (i, op) in prepared.ops.iter().enumerate() {
            if i % 8192 == 8191 && deadline.expired() {
                return None;
            }
            let first = supply.suppliers.len();
            supply.first.push(first as u32);
            // What may never have happened is nowhere pending.
            let optional = &prepared.optional;
            let mut before = optional.iter().take_while(|o| o.calls[0].0 < op.returned);
            let sure = space.total(op.class)
                || op.slot == NO_SLOT
                || before.any(|o| space.may_follow(op.class, o.class));
            supply.sure.push(sure);
            if sure {
                continue;
            }
            // Pending when it was called, or called while it was pending.
            let layer = prepared.layers.partition_point(|layer| layer.returned < op.called);
            let pending = prepared.mutators(layer as u32).iter().map(|p| p.operation);
            let seen = prepared.layers[layer].returned;
            let later =
                prepared.by_call.partition_point(|j| prepared.ops[*j as usize].called < seen);
            let later = prepared.by_call[later..].iter().copied();
            let later = later.take_while(|j| prepared.ops[*j as usize].called < op.returned);
            for j in pending.chain(later) {
                let other = &prepared.ops[j as usize];
                if j != i as u32 && !other.pure && space.may_follow(op.class, other.class) {
                    let (called, returned, slot) = (other.called, other.returned, other.slot);
                    supply.suppliers.push(Supplier { called, returned, slot });
                    if supply.suppliers.len() - first > PLENTY {
                        supply.suppliers.truncate(first);
                        supply.sure[i] = true;
                        break;
                    }
                }
            }
        }
        supply.first.push(supply.suppliers.len() as u32);
        Some(supply)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.first.capacity() * 4
            + self.suppliers.capacity() * size_of::<Supplier>()
            + self.sure.capacity()
    }

    /// Whether one of those is still to be taken, at a layer that returns then.
    fn lasts<M: Mask>(&self, operation: u32, returned: u32, done: &M) -> bool {
        let at = operation as usize;
        let suppliers = &self.suppliers[self.first[at] as usize..self.first[at + 1] as usize];
        suppliers.iter().any(|supplier| {
            supplier.called > returned
                || (supplier.returned >= returned && !done.has(supplier.slot))
        })
    }
}

impl Graph<'_, '_> {
    /// Whether a pending operation can no longer be brought about.
    pub(super) fn starved<M: Mask>(&mut self, state: u32, layer: u32, done: &M) -> bool {
        let Some(supply) = &self.supply else { return false };
        let returned = self.prepared.layers[layer as usize].returned;
        self.prepared.pending(layer).iter().any(|pending| {
            !done.has(pending.slot)
                && !supply.sure[pending.operation as usize]
                && self.space.step(state, pending.class) == REJECT
                && !supply.lasts(pending.operation, returned, done)
        })
    }
}
