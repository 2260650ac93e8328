//! Algorithm 2.7: Increasing Timeout.
//!
//! Model: fail-noisy. Implements: the eventually perfect failure detector. Uses: perfect links.
//!
//! Whoever does not answer in time is suspected, and restored when it answers after all. Each
//! such mistake makes everybody's time a little longer, so that once delays are bounded, by
//! whatever bound, there comes a time after which no mistake is made any more.

use crate::detectors::{Heartbeat, Timeout, heard};
use schism_kernel::Suspicion::{Restore, Suspect};
use schism_kernel::{
    Algorithm, Cx, Deliver, EventuallyPerfectFailureDetector, Never, Note, PerfectLink, ProcessId,
    Send,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// `Δ`: the first time-out, and by how much it grows.
const DELTA: Duration = Duration::from_millis(200);
/// A time-out that is shorter than any network's round trip.
const TOO_SHORT: Duration = Duration::from_millis(1);

/// Algorithm 2.7.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncreasingTimeout {
    alive: BTreeSet<ProcessId>,
    suspected: BTreeSet<ProcessId>,
    delay: Duration,
    /// Defect: the time-out never grows.
    pub fixed_timeout: bool,
    /// Defect: whoever was suspected once is suspected forever.
    pub never_restores: bool,
}

impl Algorithm for IncreasingTimeout {
    type Implements = EventuallyPerfectFailureDetector;
    type Uses = PerfectLink<Heartbeat>;
    type Timer = Timeout;
    type Stable = Never;

    /// `upon event ⟨ ◇P, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.alive = cx.all.iter().copied().collect();
        self.delay = if self.fixed_timeout { TOO_SHORT } else { DELTA };
        cx.set_timer(Timeout, self.delay);
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, Timeout: Timeout, cx: &mut Cx<'_, Self>) {
        if !self.alive.is_disjoint(&self.suspected) && !self.fixed_timeout {
            self.delay += DELTA;
        }
        for &p in cx.all {
            if !self.alive.contains(&p) && self.suspected.insert(p) {
                cx.note(Note::new("suspect").peer(p));
                cx.indicate(Suspect(p));
            } else if self.alive.contains(&p) && !self.never_restores && self.suspected.remove(&p) {
                cx.note(Note::new("restore").peer(p));
                cx.indicate(Restore(p));
            }
            cx.trigger(Send(p, Heartbeat::Request));
        }
        self.alive.clear();
        cx.set_timer(Timeout, self.delay);
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, event: Deliver<Heartbeat>, cx: &mut Cx<'_, Self>) {
        heard(event, &mut self.alive, cx);
    }
}
