//! Stamps travel with messages: what all logical clocks share.
//!
//! Model: fail-silent. Implements: links whose every event is stamped. Uses: perfect links.

use crate::clocks::{Doing, Done, Here, LogicalClock, StampedLink};
use schism_kernel::{Algorithm, Cx, Deliver, Never, PerfectLink, Send, Wire};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// `[m, stamp]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamped<M, S> {
    /// What its sending was stamped with.
    pub stamp: S,
    /// The message itself.
    pub m: M,
}

/// Stamps every event by the clock `C`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamping<M, C> {
    clock: C,
    messages: PhantomData<fn() -> M>,
}

impl<M, C> Stamping<M, C> {
    /// By this clock.
    pub fn by(clock: C) -> Self {
        Stamping { clock, messages: PhantomData }
    }
}

impl<M: Wire, C: LogicalClock> Algorithm for Stamping<M, C> {
    type Implements = StampedLink<M, C::Stamp>;
    type Uses = PerfectLink<Stamped<M, C::Stamp>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: Doing<M>, cx: &mut Cx<'_, Self>) {
        let stamp = self.clock.tick(Here { me: cx.me, n: cx.n(), now: cx.now });
        match event {
            Doing::Local => cx.indicate(Done::Local(stamp)),
            Doing::Send(q, m) => {
                // Told before it is sent: a process delivers its own at once.
                cx.indicate(Done::Sent(q, m.clone(), stamp.clone()));
                cx.trigger(Send(q, Stamped { stamp, m }));
            }
        }
    }

    fn upon_indication(&mut self, event: Deliver<Stamped<M, C::Stamp>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, Stamped { stamp, m }) = event;
        let stamp = self.clock.receive(stamp, Here { me: cx.me, n: cx.n(), now: cx.now });
        cx.indicate(Done::Delivered(p, m, stamp));
    }
}
