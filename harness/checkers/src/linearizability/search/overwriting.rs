//! **Overwriting**: operations that go unseen.
//!
//! An operation that leads every state to the same one makes everything before it unseen. So any
//! pending operation that every state accepts may be put just before one without being noticed.
//! From then on it is a resource and no obligation: it may still be used, but it may also return
//! unseen. Those still owed are kept in `fresh`.

use super::expand::{Configuration, Graph, Settled};
use super::mask::Mask;
use super::space::NO_STATE;

/// Marks a step of a trail: the operation returned unseen.
pub(super) const UNSEEN: u32 = 1 << 31;

impl Graph<'_, '_> {
    /// The pending operations at each layer that may go unseen, which dominance looks at. Nothing
    /// if it need not.
    pub fn overwrites<M: Mask>(&self) -> Vec<M> {
        let prepared = self.prepared;
        if !self.rules.overwriting || !self.rules.dominance || !prepared.overwrites {
            return Vec::new();
        }
        let at = |layer| {
            let mut overwrites = M::none();
            for pending in prepared.mutators(layer) {
                if prepared.ops[pending.operation as usize].fades {
                    overwrites.set(pending.slot);
                }
            }
            overwrites
        };
        (0..prepared.layers.len() as u32).map(at).collect()
    }

    /// Lets the operation that is due go unseen, if it may.
    pub(super) fn unseen<M: Mask>(
        &mut self,
        from: &Configuration<M>,
        trail: &mut Vec<u32>,
    ) -> Option<(Configuration<M>, Settled)> {
        let layer = &self.prepared.layers[from.layer as usize];
        if !layer.fades || !self.rules.overwriting || from.fresh.has(layer.slot) {
            return None;
        }
        let mut to = from.clone();
        trail.push(layer.due | UNSEEN);
        let settled = match self.pass(&mut to, trail) {
            Settled::Open => self.settle(&mut to, false, trail),
            ended => ended,
        };
        if trail.len() > 1 {
            to.unjustified = NO_STATE;
        }
        let settled = match settled {
            Settled::Open => self.look_ahead(&mut to),
            settled => settled,
        };
        Some((to, settled))
    }

    /// What may go unseen and was called since the return before is owed.
    #[inline(always)]
    pub(super) fn note_called<M: Mask>(&mut self, at: &mut Configuration<M>) {
        if self.rules.overwriting && self.prepared.overwrites {
            for &operation in self.prepared.called(at.layer) {
                let op = &self.prepared.ops[operation as usize];
                if op.fades {
                    at.fresh.set(op.slot);
                }
            }
        }
    }
}
