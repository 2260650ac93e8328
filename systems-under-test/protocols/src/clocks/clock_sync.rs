//! Clock synchronisation with one that has the right time (Cristian 1989).
//!
//! Model: fail-stop, clocks that drift by a known rate at most. Implements: a synchronised clock.
//! Uses: fair-loss links.
//!
//! A process asks the first one for the time. When the answer comes, the time in it is at least
//! the shortest delay old, and at most the round trip less the shortest delay: the process takes
//! the middle, and knows by how much it may be wrong. From then on the error grows with the drift.
//! A new answer is taken if it is better than the old one has become. When the first process has
//! crashed the error just goes on growing: what is announced stays true.

use crate::clocks::own_clock::DRIFT_PPM;
use crate::clocks::{Ask, Reading, SynchronisedClock};
use schism_kernel::{Algorithm, Cx, Deliver, FairLossLink, Never, ProcessId, Send};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Who has the right time.
const SERVER: ProcessId = ProcessId(0);
/// How often the others ask.
const PERIOD: Duration = Duration::from_millis(50);
/// How many questions may wait for their answers: those of a second.
const OPEN: u64 = 20;
/// No message takes less than this: it passes through two pipes, or a simulated link.
const SHORTEST: Duration = Duration::from_micros(5);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message {
    /// What is the time? With the number of the question.
    Enquire(u64),
    /// When the question with this number came, it was this.
    Time(u64, Duration),
}
use Message::{Enquire, Time};

/// Time to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period;

/// What a process knows of the right time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Known {
    /// When, by its own clock,
    at: Duration,
    /// it was this time,
    time: Duration,
    /// but for so much.
    error: Duration,
}

impl Known {
    /// The same, later.
    fn aged(self, now: Duration) -> Known {
        let passed = now.saturating_sub(self.at);
        let (time, error) = (self.time + passed, self.error + drift(passed));
        Known { at: now, time, error }
    }
}

/// By how much a clock goes wrong in this time, rounded up.
fn drift(passed: Duration) -> Duration {
    passed * (DRIFT_PPM + 1) / 1_000_000 + Duration::from_nanos(1)
}

/// Clock synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockSync {
    known: Option<Known>,
    number: u64,
    /// When each question was asked that has no answer yet, by number.
    asked: BTreeMap<u64, Duration>,
    /// Defect: takes half of the round trip for the delay, and is sure of it.
    pub announces_no_uncertainty: bool,
}

impl Algorithm for ClockSync {
    type Implements = SynchronisedClock;
    type Uses = FairLossLink<Message>;
    type Timer = Period;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        if cx.me != SERVER {
            cx.set_timer(Period, Duration::ZERO);
        }
    }

    fn upon_timeout(&mut self, Period: Period, cx: &mut Cx<'_, Self>) {
        self.number += 1;
        self.asked.insert(self.number, cx.now);
        self.asked.remove(&self.number.saturating_sub(OPEN));
        cx.trigger(Send(SERVER, Enquire(self.number)));
        cx.set_timer(Period, PERIOD);
    }

    fn upon_indication(&mut self, Deliver(p, message): Deliver<Message>, cx: &mut Cx<'_, Self>) {
        match message {
            Enquire(number) => cx.trigger(Send(p, Time(number, cx.now))),
            Time(number, then) => {
                let Some(asked) = self.asked.remove(&number) else { return };
                let trip = cx.now.saturating_sub(asked);
                let error = match self.announces_no_uncertainty {
                    true => Duration::ZERO,
                    false => (trip / 2 + drift(trip)).saturating_sub(SHORTEST),
                };
                let better = |old: Known| old.aged(cx.now).error > error;
                if self.known.is_none_or(better) {
                    self.known = Some(Known { at: cx.now, time: then + trip / 2, error });
                }
            }
        }
    }

    fn upon_request(&mut self, Ask: Ask, cx: &mut Cx<'_, Self>) {
        if cx.me == SERVER {
            return cx.indicate(Reading(Some((cx.now, Duration::ZERO))));
        }
        let known = self.known.map(|known| known.aged(cx.now));
        cx.indicate(Reading(known.map(|known| (known.time, known.error))));
    }
}
