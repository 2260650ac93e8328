//! **Look-ahead**: operations that no order can reach any more.
//!
//! If a pure operation that must come before any reset yet to be called can no longer be accepted,
//! neither from this state nor from where a pending overwrite leads, there is no way on.

use super::expand::{Configuration, Graph};
use super::mask::Mask;
use super::prepare::NONE;
use super::space::STOP;

impl Graph<'_, '_> {
    /// Whether something that must come before any reset yet to be called is out of reach.
    pub(super) fn out_of_reach<M: Mask>(&mut self, at: &Configuration<M>) -> bool {
        let prepared = self.prepared;
        let next_reset = prepared.next_reset(at.layer);
        let goal = prepared.layers[at.layer as usize].goal;
        if goal != NONE && self.space.hopeless(at.state, goal) && !self.reset_helps(at, goal) {
            return true;
        }
        // Those due first come first.
        let ended = prepared.pures(at.layer).iter().find(|pure| {
            !at.done.has(pure.slot)
                && prepared.ops[pure.operation as usize].returned < next_reset
                && self.space.hopeless(at.state, pure.class)
                && !self.reset_helps(at, pure.class)
        });
        let ended = ended.map(|pure| prepared.ops[pure.operation as usize].returned);
        self.ended = self.ended.max(ended);
        ended.is_some()
    }

    /// Whether after a reset that is pending a class may be in reach.
    fn reset_helps<M: Mask>(&mut self, at: &Configuration<M>, class: u32) -> bool {
        let prepared = self.prepared;
        let returned = prepared.layers[at.layer as usize].returned;
        for pending in prepared.mutators(at.layer) {
            if prepared.resets[pending.class as usize]
                && !at.done.has(pending.slot)
                && self.leads_to_hope(at.state, pending.operation, class)
            {
                return true;
            }
        }
        for optional in prepared.optional.iter().take_while(|o| o.calls[0].0 < returned) {
            let available = optional.calls.get(self.used.count(at.used, optional.class));
            if let Some(&(_, operation)) = available.filter(|(called, _)| *called < returned)
                && optional.reset
                && self.leads_to_hope(at.state, operation, class)
            {
                return true;
            }
        }
        false
    }

    /// Whether a class may be in reach after a reset. An overwrite leads to one state only.
    fn leads_to_hope(&mut self, state: u32, reset: u32, class: u32) -> bool {
        let op = self.prepared.ops[reset as usize];
        if !op.overwrite {
            return true;
        }
        let next = self.space.step(state, op.class);
        next == STOP || self.space.fan(next).is_some() || !self.space.hopeless(next, class)
    }
}
