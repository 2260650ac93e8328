//! Algorithm 2.1: Retransmit Forever.
//!
//! Model: fail-silent, lossy, duplicating, reordering. Implements: stubborn point-to-point links.
//! Uses: fair-loss links.
//!
//! A fair-loss link delivers infinitely often what is sent infinitely often, so whoever never
//! stops sending gets through. Memory and traffic grow with every message: this is where theory
//! begins, not what is put under other protocols (see perfect links).

use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Never, ProcessId, Send, StubbornLink, Wire,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// `Δ`: how often everything is sent again.
const DELTA: Duration = Duration::from_millis(300);

/// Time to send everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout;

/// Algorithm 2.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetransmitForever<M> {
    sent: BTreeSet<(ProcessId, M)>,
    /// Defect: sends what it is given once.
    pub sends_once: bool,
}

impl<M> Default for RetransmitForever<M> {
    fn default() -> Self {
        RetransmitForever { sent: BTreeSet::new(), sends_once: false }
    }
}

impl<M: Wire> Algorithm for RetransmitForever<M> {
    type Implements = StubbornLink<M>;
    type Uses = FairLossLink<M>;
    type Timer = Timeout;
    type Stable = Never;

    /// `upon event ⟨ sl, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer(Timeout, DELTA);
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, Timeout: Timeout, cx: &mut Cx<'_, Self>) {
        for (q, m) in &self.sent {
            cx.trigger(Send(*q, m.clone()));
        }
        cx.set_timer(Timeout, DELTA);
    }

    /// `upon event ⟨ sl, Send | q, m ⟩ do`
    fn upon_request(&mut self, Send(q, m): Send<M>, cx: &mut Cx<'_, Self>) {
        cx.trigger(Send(q, m.clone()));
        if !self.sends_once {
            self.sent.insert((q, m));
        }
    }

    /// `upon event ⟨ fll, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, Deliver(p, m): Deliver<M>, cx: &mut Cx<'_, Self>) {
        cx.indicate(Deliver(p, m));
    }
}
