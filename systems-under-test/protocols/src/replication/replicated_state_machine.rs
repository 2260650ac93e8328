//! Algorithm 6.2: Replicated State Machine.
//!
//! Model: that of the broadcast. Implements: a replicated log. Uses: total-order broadcast.
//!
//! Every command is broadcast in total order, and everybody executes what is delivered: replicas
//! that start in the same state and execute the same commands in the same order, each of which has
//! one outcome only, stay the same. The state machine itself stands above, in the service, which is
//! the same over every log.

use schism_kernel::{
    Algorithm, Broadcast, Cx, Deliver, Logged, Never, ReplicatedLog, Submit, TotalOrderBroadcast,
    Wire,
};
use std::collections::BTreeSet;

/// Algorithm 6.2, without the state machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicatedStateMachine<C> {
    slots: u64,
    /// Commands of this process that are on their way.
    pending: BTreeSet<C>,
}

impl<C> Default for ReplicatedStateMachine<C> {
    fn default() -> Self {
        ReplicatedStateMachine { slots: 0, pending: BTreeSet::new() }
    }
}

impl<C: Wire> Algorithm for ReplicatedStateMachine<C> {
    type Implements = ReplicatedLog<C>;
    type Uses = TotalOrderBroadcast<C>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ rsm, Execute | command ⟩ do`
    fn upon_request(&mut self, Submit(c): Submit<C>, cx: &mut Cx<'_, Self>) {
        // The broadcast loses nothing: to submit again is no use.
        if self.pending.insert(c.clone()) {
            cx.trigger(Broadcast(c));
        }
    }

    /// `upon event ⟨ tob, Deliver | p, command ⟩ do`
    fn upon_indication(&mut self, Deliver(p, c): Deliver<C>, cx: &mut Cx<'_, Self>) {
        if p == cx.me {
            self.pending.remove(&c);
        }
        self.slots += 1;
        cx.indicate(Logged::Commit(self.slots, c));
    }
}
