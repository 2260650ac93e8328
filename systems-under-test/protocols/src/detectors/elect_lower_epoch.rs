//! Algorithm 2.9: Elect Lower Epoch.
//!
//! Model: fail-recovery. Implements: the eventual leader detector Ω. Uses: fair-loss links, stable
//! storage.
//!
//! Everybody counts its restarts on stable storage and tells the count with every sign of life.
//! The leader is, among those who were heard of in time, the one who restarted least, and of these
//! the first in rank: who crashes again and again is passed over. Every change of leader makes the
//! time for signs of life a little longer, so that once messages arrive in time the leader stays.
//!
//! The book sends a sign of life whenever it looks for them. Then a process that has become patient
//! is heard of rarely, and makes the impatient change their minds until they are as patient. So
//! signs of life have a timer of their own here.

use schism_kernel::{
    Algorithm, Cx, Deliver, EventualLeaderDetector, FairLossLink, Never, Note, ProcessId, Send,
    Stable, Trust,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a process gives a sign of life.
const SIGN: Duration = Duration::from_millis(100);
/// How long it waits for those of others at first,
const DELAY: Duration = Duration::from_millis(300);
/// and `Δ`: how much longer after each change of leader.
const DELTA: Duration = Duration::from_millis(100);

/// `[HEARTBEAT, epoch]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alive(u64);

/// `epoch`: how often this process has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(u64);

/// There is only one variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TheEpoch;

impl Stable for Epoch {
    type Key = TheEpoch;
    fn key(&self) -> TheEpoch {
        TheEpoch
    }
}

/// The timers of the detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Give a sign of life.
    Sign,
    /// Look who gave one.
    Look,
}

/// Algorithm 2.9.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElectLowerEpoch {
    epoch: u64,
    leader: Option<ProcessId>,
    delay: Duration,
    candidates: BTreeMap<ProcessId, u64>,
    /// Defect: forgets nobody it has heard of, and learns of no later epoch.
    pub never_forgets: bool,
}

impl Algorithm for ElectLowerEpoch {
    type Implements = EventualLeaderDetector;
    type Uses = FairLossLink<Alive>;
    type Timer = Timer;
    type Stable = Epoch;

    /// `upon event ⟨ Ω, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.upon_recovery(vec![], cx);
    }

    /// `upon event ⟨ Ω, Recovery ⟩ do`
    fn upon_recovery(&mut self, stored: Vec<Epoch>, cx: &mut Cx<'_, Self>) {
        self.trust(cx.all[0], cx);
        self.delay = DELAY;
        self.epoch = stored.first().map_or(0, |&Epoch(epoch)| epoch) + 1;
        cx.store(Epoch(self.epoch));
        self.upon_timeout(Timer::Sign, cx);
        cx.set_timer(Timer::Look, self.delay);
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Sign => {
                for q in cx.others() {
                    cx.trigger(Send(q, Alive(self.epoch)));
                }
                cx.set_timer(Timer::Sign, SIGN);
            }
            Timer::Look => {
                self.candidates.insert(cx.me, self.epoch);
                let newleader = self.select();
                if newleader != self.leader {
                    self.delay += DELTA;
                    newleader.into_iter().for_each(|leader| self.trust(leader, cx));
                }
                if !self.never_forgets {
                    self.candidates.clear();
                }
                cx.set_timer(Timer::Look, self.delay);
            }
        }
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    /// `upon event ⟨ fll, Deliver | q, [HEARTBEAT, ep] ⟩ do`
    fn upon_indication(&mut self, event: Deliver<Alive>, _: &mut Cx<'_, Self>) {
        let Deliver(q, Alive(ep)) = event;
        let known = self.candidates.entry(q).or_insert(ep);
        if !self.never_forgets {
            *known = ep.max(*known);
        }
    }
}

impl ElectLowerEpoch {
    fn trust(&mut self, leader: ProcessId, cx: &mut Cx<'_, Self>) {
        self.leader = Some(leader);
        cx.note(Note::new("trust").peer(leader));
        cx.indicate(Trust(leader));
    }

    /// `select(candidates)`: the lowest epoch, and of these the first in rank.
    fn select(&self) -> Option<ProcessId> {
        self.candidates.iter().map(|(&p, &epoch)| (epoch, p)).min().map(|(_, p)| p)
    }
}
