//! Algorithm 3.1: Basic Broadcast.
//!
//! Model: fail-silent. Implements: best-effort broadcast. Uses: perfect links.
//!
//! Everybody gets the message if its sender lives to send it to everybody: a sender that crashes
//! in between reaches only some, which is why agreement is not promised. Any number of
//! processes may crash. One broadcast costs N messages and one step.

use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Never, PerfectLink, Send, Wire,
};
use std::marker::PhantomData;

/// Algorithm 3.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasicBroadcast<M>(PhantomData<M>);

impl<M> Default for BasicBroadcast<M> {
    fn default() -> Self {
        BasicBroadcast(PhantomData)
    }
}

impl<M: Wire> Algorithm for BasicBroadcast<M> {
    type Implements = BestEffortBroadcast<M>;
    type Uses = PerfectLink<M>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ beb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        for &q in cx.all {
            cx.trigger(Send(q, m.clone()));
        }
    }

    /// `upon event ⟨ pl, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, Deliver(p, m): Deliver<M>, cx: &mut Cx<'_, Self>) {
        cx.indicate(Deliver(p, m));
    }
}
