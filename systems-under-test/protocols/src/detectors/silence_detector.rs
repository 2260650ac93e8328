//! A perfect failure detector over links that lose messages.
//!
//! Model: fail-stop, lossy. Implements: the perfect failure detector. Uses: fair-loss links.
//!
//! Everybody says again and again that it lives, and whoever was silent for long has crashed. A
//! sign of life that is lost is not sent again: the next comes soon. With one in three lost, twenty
//! in a row are lost less often than once in a thousand million times, which is what "perfect" can
//! mean on such links. A crash is detected between the silence it takes and one beat after it.

use schism_kernel::{
    Algorithm, Crash, Cx, Deliver, FairLossLink, Never, Note, PerfectFailureDetector, ProcessId,
    Send,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often one says that one lives.
const BEAT: Duration = Duration::from_millis(50);
/// How long one has to be silent.
const SILENCE: Duration = Duration::from_millis(1250);
/// Within this time after a crash it is detected, a late sign of life and a busy machine included.
pub const HEARTBEAT_BOUND: Duration = Duration::from_millis(1250 + 50 + 250 + 250);

/// `[ALIVE]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alive;

/// The timer of the detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beat;

/// Silence means death.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SilenceDetector {
    heard: BTreeMap<ProcessId, Duration>,
    detected: BTreeSet<ProcessId>,
}

impl Algorithm for SilenceDetector {
    type Implements = PerfectFailureDetector;
    type Uses = FairLossLink<Alive>;
    type Timer = Beat;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.heard = cx.others().map(|q| (q, cx.now)).collect();
        self.upon_timeout(Beat, cx);
    }

    fn upon_timeout(&mut self, Beat: Beat, cx: &mut Cx<'_, Self>) {
        for q in cx.others() {
            if !self.detected.contains(&q) {
                cx.trigger(Send(q, Alive));
            }
        }
        let silent = self.heard.iter().filter(|(_, at)| **at + SILENCE <= cx.now);
        for p in silent.map(|(&p, _)| p).collect::<Vec<_>>() {
            if self.detected.insert(p) {
                cx.note(Note::new("suspect").peer(p));
                cx.indicate(Crash(p));
            }
        }
        cx.set_timer(Beat, BEAT);
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, Deliver(p, Alive): Deliver<Alive>, cx: &mut Cx<'_, Self>) {
        self.heard.insert(p, cx.now);
    }
}
