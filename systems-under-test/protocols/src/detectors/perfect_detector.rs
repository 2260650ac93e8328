//! Algorithm 2.5: Exclude on Timeout.
//!
//! Model: fail-stop. Implements: the perfect failure detector. Uses: perfect links.
//!
//! Everybody is asked for a sign of life every Δ; whoever does not answer before the next
//! question has crashed. That is true only if a question, its answer and the work in between take
//! less than Δ: when delays go beyond that bound, the detector accuses the living and never takes
//! it back. A crash is detected between Δ and 2Δ after it.

use crate::detectors::{Heartbeat, Timeout, heard};
use schism_kernel::{
    Algorithm, Crash, Cx, Deliver, Never, Note, PerfectFailureDetector, PerfectLink, ProcessId,
    Send,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// `Δ`: four times the longest delay of the synchronous model, for a busy machine's sake.
const DELTA: Duration = Duration::from_millis(1000);

/// Within this time after a crash it is detected, what a busy machine adds included.
pub const DETECTION_BOUND: Duration = Duration::from_millis(2250);

/// Algorithm 2.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExcludeOnTimeout {
    alive: BTreeSet<ProcessId>,
    detected: BTreeSet<ProcessId>,
    /// Defect: waits for less time than a message may take.
    pub impatient: bool,
    /// Defect: notices no crash.
    pub suspects_nobody: bool,
}

impl ExcludeOnTimeout {
    fn delta(&self) -> Duration {
        if self.impatient { DELTA / 50 } else { DELTA }
    }
}

impl Algorithm for ExcludeOnTimeout {
    type Implements = PerfectFailureDetector;
    type Uses = PerfectLink<Heartbeat>;
    type Timer = Timeout;
    type Stable = Never;

    /// `upon event ⟨ P, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.alive = cx.all.iter().copied().collect();
        cx.set_timer(Timeout, self.delta());
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, Timeout: Timeout, cx: &mut Cx<'_, Self>) {
        for &p in cx.all {
            let silent = !self.alive.contains(&p) && !self.suspects_nobody;
            if silent && self.detected.insert(p) {
                cx.note(Note::new("suspect").peer(p));
                cx.indicate(Crash(p));
            }
            // The detected will never answer: asking them would only burden the links.
            if !self.detected.contains(&p) {
                cx.trigger(Send(p, Heartbeat::Request));
            }
        }
        self.alive.clear();
        cx.set_timer(Timeout, self.delta());
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, event: Deliver<Heartbeat>, cx: &mut Cx<'_, Self>) {
        heard(event, &mut self.alive, cx);
    }
}
