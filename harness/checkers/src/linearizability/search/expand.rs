//! From one configuration to the next, and the rules that decide which need not be visited.
//!
//! Each rule keeps at least one way to every order there is:
//!
//! * **Return order** only says what is tried first.
//! * **Absorption.** An operation that never changes a state can be moved to the earliest moment
//!   at which it is pending and accepted without disturbing anything else. So all that are
//!   accepted are taken at once, whenever the state changes or they are called.
//! * **Symmetry.** Of two pending operations with the same input and result, exchange them so that
//!   the one due first comes first. For one that may never have happened against one alike that
//!   returned: take the one that returned, the other may come later or never.
//! * **Justification.** Take an order with as few operations as possible of those that may never
//!   have happened. Had the step after one of them led to the same state without it, it could have
//!   been left out. So the next step must notice it: an operation that leads elsewhere than it
//!   would have from the state before, or one that is absorbed only now.
//! * **Overwriting.** See [`overwriting`](super::overwriting).
//! * **Look-ahead.** See [`reach`](super::reach).
//! * **Independence.** See [`apart`](super::apart).
//! * **Needs.** See [`needs`](super::needs).
//! * **Supply.** See [`supply`](super::supply).
//! * **Blindness.** See [`blind`](super::blind).
//!
//! Dominance is in [`visited`](super::visited).

use super::apart::{ALL, Apart};
use super::mask::Mask;
use super::needs::Needs;
use super::prepare::{NO_SLOT, Pending, Prepared};
use super::space::{NO_STATE, REJECT, STOP, Space};
use super::supply::Supply;
use super::used::{NOTHING, Used};
use crate::linearizability::options::Rules;

/// How far an order has come.
#[derive(Clone, Debug)]
pub(super) struct Configuration<M> {
    /// The first return that has not been reached.
    pub layer: u32,
    /// The state.
    pub state: u32,
    /// Pending operations that have been taken.
    pub done: M,
    /// Pending overwrites that have not been taken and cannot go unseen yet.
    pub fresh: M,
    /// Taken operations that may never have happened.
    pub used: u32,
    /// The state before the last one of those, if the next step has to justify it.
    pub unjustified: u32,
    /// Whether nothing will look at the state before it is overwritten.
    pub blind: bool,
}

/// Where the expansion of a configuration stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    begun: bool,
    /// Those of the pending operations that are tried.
    tried: u64,
    candidate: u32,
    branch: u32,
}

impl Cursor {
    /// Whether a pending operation is not tried.
    fn waits(&self, candidate: u32) -> bool {
        self.tried != ALL && self.tried >> candidate & 1 == 0
    }
}

/// The next configuration.
pub(super) enum Next<M> {
    /// One more.
    Open(Configuration<M>),
    /// Everything is in order.
    Complete,
    /// No more from here.
    None,
    /// The space stopped.
    Stopped,
}

/// The graph of configurations.
pub(super) struct Graph<'g, 's> {
    pub prepared: &'g Prepared,
    pub space: &'g mut Space<'s>,
    pub used: Used,
    pub rules: Rules,
    pub(super) lookahead: bool,
    /// The latest return by which a way ended that might have gone on.
    pub(super) ended: Option<u32>,
    /// What can wait for what, where that is looked at.
    pub(super) apart: Option<Apart>,
    /// What must come before what, where that is looked at.
    pub(super) needs: Option<Needs>,
    /// What brings about what, where that is looked at.
    pub(super) supply: Option<Supply>,
}

impl<'g, 's> Graph<'g, 's> {
    pub fn new(
        prepared: &'g Prepared,
        space: &'g mut Space<'s>,
        rules: Rules,
        lookahead: bool,
    ) -> Self {
        let lookahead = lookahead && rules.lookahead;
        let used = Used::new();
        Graph {
            prepared,
            space,
            used,
            rules,
            lookahead,
            ended: None,
            apart: None,
            needs: None,
            supply: None,
        }
    }

    /// The configuration in which nothing has been taken.
    pub fn start<M: Mask>(&mut self, state: u32, trail: &mut Vec<u32>) -> Next<M> {
        let mut start = Configuration {
            layer: 0,
            state,
            done: M::none(),
            fresh: M::none(),
            used: NOTHING,
            unjustified: NO_STATE,
            blind: false,
        };
        if self.prepared.layers.is_empty() {
            return Next::Complete;
        }
        self.note_called(&mut start);
        match self.arrive(&mut start, state, NO_STATE, trail) {
            Settled::Complete => Next::Complete,
            Settled::Open => Next::Open(start),
            Settled::DeadEnd => Next::None,
            Settled::Stopped => Next::Stopped,
        }
    }

    /// The next configuration after `from`. `trail` is empty and gets the operations taken on the
    /// way.
    pub fn next<M: Mask>(
        &mut self,
        from: &Configuration<M>,
        cursor: &mut Cursor,
        trail: &mut Vec<u32>,
    ) -> Next<M> {
        if !cursor.begun {
            cursor.begun = true;
            cursor.tried = self.tried(from);
            match self.unseen(from, trail) {
                Some((to, Settled::Open)) => return Next::Open(to),
                Some((_, Settled::Complete)) => return Next::Complete,
                Some((_, Settled::Stopped)) => return Next::Stopped,
                Some((_, Settled::DeadEnd)) | None => trail.clear(),
            }
        }
        let prepared = self.prepared;
        let pending = if self.rules.absorption {
            // Pure ones that the state accepts have been taken.
            prepared.mutators(from.layer)
        } else {
            prepared.pending(from.layer)
        };
        while let Some(candidate) = pending.get(cursor.candidate as usize) {
            if cursor.waits(cursor.candidate)
                || from.done.has(candidate.slot)
                || (self.rules.symmetry && self.comes_later(from, candidate))
                || (from.blind && self.waits(from, candidate))
            {
                cursor.candidate += 1;
                continue;
            }
            let Some(state) = self.branch(from, candidate.class, cursor) else { continue };
            if state == STOP {
                return Next::Stopped;
            }
            let mut to = from.clone();
            to.done.set(candidate.slot);
            to.fresh.unset(candidate.slot);
            if prepared.ops[candidate.operation as usize].overwrite {
                to.fresh.clear();
            }
            trail.push(candidate.operation);
            match self.arrive(&mut to, state, from.state, trail) {
                Settled::Open => return Next::Open(to),
                Settled::Complete => return Next::Complete,
                Settled::Stopped => return Next::Stopped,
                Settled::DeadEnd => trail.clear(),
            }
        }
        if cursor.tried != ALL {
            return Next::None;
        }
        self.next_optional(from, pending, cursor, trail)
    }

    /// Whether one alike comes first. If only the one alike may go unseen, it need not, unless
    /// both do then.
    fn comes_later<M: Mask>(&self, from: &Configuration<M>, candidate: &Pending) -> bool {
        candidate.like != NO_SLOT
            && !from.done.has(candidate.like)
            && (from.fresh.has(candidate.like)
                || !from.fresh.has(candidate.slot)
                || self.prepared.ops[candidate.operation as usize].overwrite)
    }

    /// The next configuration by operations that may never have happened.
    fn next_optional<M: Mask>(
        &mut self,
        from: &Configuration<M>,
        pending: &[Pending],
        cursor: &mut Cursor,
        trail: &mut Vec<u32>,
    ) -> Next<M> {
        let prepared = self.prepared;
        let returned = prepared.layers[from.layer as usize].returned;
        while let Some(optional) = prepared.optional.get(cursor.candidate as usize - pending.len())
        {
            if optional.calls[0].0 > returned {
                break;
            }
            let class = optional.class;
            if from.blind && !prepared.ops[optional.calls[0].1 as usize].overwrite {
                cursor.candidate += 1;
                continue;
            }
            let available = optional.calls.get(self.used.count(from.used, class));
            let Some(&(_, operation)) = available.filter(|(called, _)| *called < returned) else {
                cursor.candidate += 1;
                continue;
            };
            let alike = |p: &Pending| p.class == class && !from.done.has(p.slot);
            if self.rules.symmetry && cursor.branch == 0 && pending.iter().any(alike) {
                cursor.candidate += 1;
                continue;
            }
            let Some(state) = self.branch(from, class, cursor) else { continue };
            if state == STOP {
                return Next::Stopped;
            }
            if self.rules.justification && state == from.state {
                continue;
            }
            let mut to = from.clone();
            to.used = self.used.with(from.used, class);
            if prepared.ops[operation as usize].overwrite {
                to.fresh.clear();
            }
            trail.push(operation);
            match self.arrive(&mut to, state, from.state, trail) {
                // Nobody would notice.
                Settled::Open if to.blind && trail.len() == 1 => trail.clear(),
                Settled::Open => {
                    if self.rules.justification && trail.len() == 1 {
                        to.unjustified = from.state;
                    }
                    return Next::Open(to);
                }
                Settled::Complete => return Next::Complete,
                Settled::Stopped => return Next::Stopped,
                Settled::DeadEnd => trail.clear(),
            }
        }
        Next::None
    }

    /// The next state that a class leads to and that justifies what came before; moves on.
    #[inline(always)]
    fn branch<M: Mask>(
        &mut self,
        from: &Configuration<M>,
        class: u32,
        cursor: &mut Cursor,
    ) -> Option<u32> {
        let next = self.space.step(from.state, class);
        let state = match self.space.fan(next) {
            None => {
                cursor.candidate += 1;
                next
            }
            Some(states) => {
                let state = states[cursor.branch as usize];
                cursor.branch += 1;
                if cursor.branch as usize == states.len() {
                    cursor.branch = 0;
                    cursor.candidate += 1;
                }
                state
            }
        };
        if state == REJECT {
            return None;
        }
        if from.unjustified != NO_STATE && self.space.leads(from.unjustified, class, state) {
            return None;
        }
        Some(state)
    }

    /// Settles a configuration after a step.
    #[inline(always)]
    fn arrive<M: Mask>(
        &mut self,
        to: &mut Configuration<M>,
        state: u32,
        before: u32,
        trail: &mut Vec<u32>,
    ) -> Settled {
        to.state = state;
        to.unjustified = NO_STATE;
        match self.settle(to, state != before, trail) {
            Settled::Open => self.look_ahead(to),
            settled => settled,
        }
    }

    /// Whether there may be a way on.
    #[inline(always)]
    pub(super) fn look_ahead<M: Mask>(&mut self, at: &mut Configuration<M>) -> Settled {
        if self.needs.is_some() && self.needy(at)
            || self.supply.is_some() && self.starved(at.state, at.layer, &at.done)
        {
            return Settled::DeadEnd;
        }
        if !self.lookahead {
            return Settled::Open;
        }
        if self.out_of_reach(at) {
            return Settled::DeadEnd;
        }
        at.blind = self.is_blind(at);
        Settled::Open
    }

    /// Takes what can be taken for nothing, and moves on over returns that are satisfied.
    #[inline(always)]
    pub(super) fn settle<M: Mask>(
        &mut self,
        at: &mut Configuration<M>,
        changed: bool,
        trail: &mut Vec<u32>,
    ) -> Settled {
        let prepared = self.prepared;
        if changed && self.rules.absorption {
            for pure in prepared.pures(at.layer) {
                if !at.done.has(pure.slot) {
                    let next = self.space.step(at.state, pure.class);
                    if next == at.state {
                        at.done.set(pure.slot);
                        trail.push(pure.operation);
                    } else if next == STOP {
                        return Settled::Stopped;
                    }
                }
            }
        }
        loop {
            let layer = &prepared.layers[at.layer as usize];
            if !at.done.has(layer.slot) {
                return Settled::Open;
            }
            at.done.unset(layer.slot);
            at.fresh.unset(layer.slot);
            match self.pass(at, trail) {
                Settled::Open => {}
                ended => return ended,
            }
        }
    }

    /// Moves on over one return, and takes what was called after it if that costs nothing.
    #[inline(always)]
    pub(super) fn pass<M: Mask>(
        &mut self,
        at: &mut Configuration<M>,
        trail: &mut Vec<u32>,
    ) -> Settled {
        let prepared = self.prepared;
        at.layer += 1;
        if at.layer as usize == prepared.layers.len() {
            return Settled::Complete;
        }
        self.note_called(at);
        if self.rules.absorption {
            for &operation in prepared.called(at.layer) {
                let op = &prepared.ops[operation as usize];
                if op.pure {
                    let next = self.space.step(at.state, op.class);
                    if next == at.state {
                        at.done.set(op.slot);
                        trail.push(operation);
                    } else if next == STOP {
                        return Settled::Stopped;
                    }
                }
            }
        }
        Settled::Open
    }
}

pub(super) enum Settled {
    Open,
    Complete,
    DeadEnd,
    Stopped,
}
