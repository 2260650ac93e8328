//! A leader detector that detects nothing: it trusts everybody in turn.
//!
//! Model: any. Implements: the interface of the eventual leader detector Ω, and none of its
//! promises. Uses: nothing.
//!
//! Algorithms that use Ω must be safe however wrong it is. Over this one they change their leader
//! all the time, now and then to one that has crashed.

use crate::detectors::Timeout;
use schism_kernel::{
    Algorithm, Cx, Deliver, EventualLeaderDetector, FairLossLink, Never, Note, ProcessId, Trust,
};
use std::time::Duration;

/// How long a leader is trusted.
const TERM: Duration = Duration::from_millis(150);

/// Trusts everybody in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RotatingLeader {
    turn: usize,
}

impl Algorithm for RotatingLeader {
    type Implements = EventualLeaderDetector;
    type Uses = FairLossLink<Never>;
    type Timer = Timeout;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer(Timeout, TERM);
    }

    fn upon_timeout(&mut self, Timeout: Timeout, cx: &mut Cx<'_, Self>) {
        self.turn += 1;
        let leader: ProcessId = cx.all[self.turn % cx.n()];
        cx.note(Note::new("trust").peer(leader));
        cx.indicate(Trust(leader));
        // Terms differ a little, so that who trusts whom first is another each time.
        let more = TERM * cx.choose(100) / 400;
        cx.set_timer(Timeout, TERM + more);
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, Deliver(_, never): Deliver<Never>, _: &mut Cx<'_, Self>) {
        match never {}
    }
}
