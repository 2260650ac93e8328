//! Perfect links: acknowledge and forget. Implements Module 2.3 out of Module 2.1.
//!
//! Model: fail-silent, lossy, duplicating, reordering. Implements: perfect point-to-point links.
//! Uses: fair-loss links.
//!
//! The book stacks Algorithm 2.2 (remember everything ever delivered) on Algorithm 2.1
//! (retransmit forever). Both need memory and bandwidth without bound, so this algorithm does the
//! same with numbers. A sender numbers its messages for each receiver and retransmits what is not
//! acknowledged. It tells the lowest number it still retransmits, so that a receiver remembers
//! only what is above it. Acknowledgements wait a little and then say everything at once.
//!
//! Reliable delivery holds because a fair-loss link delivers a message that is sent again and
//! again; no duplication because a number is delivered once. A process that restarts begins a
//! new sequence under its next incarnation: what it had not got acknowledged is lost with its
//! memory, and late copies of it are ignored. A *receiver* that restarts has forgotten what it
//! delivered, and may be given a message again that its former self had not acknowledged.

use crate::seen::Seen;
use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Never, PerfectLink, ProcessId, Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a sender looks for messages to send again.
const TICK: Duration = Duration::from_millis(50);
/// How long a message waits for its acknowledgement at first, and at most. A run that has been
/// silent for half a second is over: until then all must have been sent again.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(400));
/// How long an acknowledgement waits for others that can go with it.
const COLLECT: Duration = Duration::from_millis(20);
/// How many messages are sent again at once to a process that answers, and to one that does not.
const BURST: (usize, usize) = (1024, 4);

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Frame<M> {
    /// A message.
    Data {
        /// The incarnation of its sender.
        incarnation: u32,
        /// Its number among those of this incarnation for this receiver.
        seq: u64,
        /// Everything below this number was acknowledged.
        low: u64,
        /// The message itself.
        m: M,
    },
    /// What has arrived.
    Received {
        /// The incarnation whose messages are meant.
        incarnation: u32,
        /// Everything below this number.
        below: u64,
        /// These, too.
        beyond: Vec<u64>,
    },
}
use Frame::{Data, Received};

/// The timers of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Look for messages to send again; set while anything is unacknowledged.
    Resend,
    /// Acknowledge; set while an acknowledgement is owed.
    Acknowledge,
}

/// Acknowledge and forget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerfectLinks<M> {
    outgoing: BTreeMap<ProcessId, Outgoing<M>>,
    incoming: BTreeMap<ProcessId, Incoming>,
    resending: bool,
    acknowledging: bool,
    /// Defect: delivers whatever arrives, however often.
    pub no_delivered_set: bool,
}

/// What is on its way to one process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Outgoing<M> {
    next: u64,
    unacknowledged: BTreeMap<u64, Unacknowledged<M>>,
    /// Whether anything was acknowledged since messages were last sent again.
    heard: bool,
    /// While nothing is, messages are sent again ever more rarely.
    pause: Duration,
    again_at: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Unacknowledged<M> {
    m: M,
    again_at: Duration,
    patience: Duration,
}

/// What arrived from one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Incoming {
    incarnation: u32,
    delivered: Seen,
    owed: Vec<u64>,
}

impl<M> Default for PerfectLinks<M> {
    fn default() -> Self {
        PerfectLinks {
            outgoing: BTreeMap::new(),
            incoming: BTreeMap::new(),
            resending: false,
            acknowledging: false,
            no_delivered_set: false,
        }
    }
}

impl<M> Default for Outgoing<M> {
    fn default() -> Self {
        let (next, unacknowledged) = (0, BTreeMap::new());
        Outgoing { next, unacknowledged, heard: true, pause: TICK, again_at: Duration::ZERO }
    }
}

impl<M> Outgoing<M> {
    fn low(&self) -> u64 {
        self.unacknowledged.first_key_value().map_or(self.next, |(&seq, _)| seq)
    }
}

impl<M: Wire> Algorithm for PerfectLinks<M> {
    type Implements = PerfectLink<M>;
    type Uses = FairLossLink<Frame<M>>;
    type Timer = Timer;
    type Stable = Never;

    /// `upon event ⟨ pl, Send | q, m ⟩ do`
    fn upon_request(&mut self, Send(q, m): Send<M>, cx: &mut Cx<'_, Self>) {
        if q == cx.me {
            return cx.indicate(Deliver(q, m));
        }
        let out = self.outgoing.entry(q).or_default();
        let seq = out.next;
        out.next += 1;
        let (patience, again_at) = (PATIENCE.0, cx.now + PATIENCE.0);
        out.unacknowledged.insert(seq, Unacknowledged { m: m.clone(), again_at, patience });
        let low = out.low();
        cx.trigger(Send(q, Data { incarnation: cx.incarnation, seq, low, m }));
        if !self.resending {
            self.resending = true;
            cx.set_timer(Timer::Resend, TICK);
        }
    }

    /// `upon event ⟨ fll, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, Deliver(p, frame): Deliver<Frame<M>>, cx: &mut Cx<'_, Self>) {
        match frame {
            Data { incarnation, seq, low, m } => {
                let from = self.incoming.entry(p).or_default();
                if incarnation < from.incarnation {
                    return;
                }
                if incarnation > from.incarnation {
                    *from = Incoming { incarnation, ..Incoming::default() };
                }
                from.owed.push(seq);
                from.delivered.forget_below(low);
                if from.delivered.insert(seq) || self.no_delivered_set {
                    cx.indicate(Deliver(p, m));
                }
                if !self.acknowledging {
                    self.acknowledging = true;
                    cx.set_timer(Timer::Acknowledge, COLLECT);
                }
            }
            Received { incarnation, below, beyond } if incarnation == cx.incarnation => {
                let out = self.outgoing.entry(p).or_default();
                out.unacknowledged = out.unacknowledged.split_off(&below);
                for seq in beyond {
                    out.unacknowledged.remove(&seq);
                }
                (out.heard, out.pause, out.again_at) = (true, TICK, cx.now);
            }
            Received { .. } => {}
        }
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Acknowledge => {
                self.acknowledging = false;
                for (&p, from) in self.incoming.iter_mut().filter(|(_, f)| !f.owed.is_empty()) {
                    let (incarnation, below) = (from.incarnation, from.delivered.below());
                    let beyond = from.owed.drain(..).filter(|&seq| seq >= below).collect();
                    cx.trigger(Send(p, Received { incarnation, below, beyond }));
                }
            }
            Timer::Resend => {
                for (&q, out) in &mut self.outgoing {
                    out.send_again(q, cx);
                }
                self.resending = self.outgoing.values().any(|o| !o.unacknowledged.is_empty());
                if self.resending {
                    cx.set_timer(Timer::Resend, TICK);
                }
            }
        }
    }
}

impl<M: Wire> Outgoing<M> {
    fn send_again(&mut self, q: ProcessId, cx: &mut Cx<'_, PerfectLinks<M>>) {
        let now = cx.now;
        if now < self.again_at {
            return;
        }
        let low = self.low();
        let most = if self.heard { BURST.0 } else { BURST.1 };
        let overdue = self.unacknowledged.iter_mut().filter(|(_, one)| one.again_at <= now);
        let mut any = false;
        for (&seq, one) in overdue.take(most) {
            one.patience = PATIENCE.1.min(one.patience * 2);
            one.again_at = now + one.patience;
            let incarnation = cx.incarnation;
            cx.trigger(Send(q, Data { incarnation, seq, low, m: one.m.clone() }));
            any = true;
        }
        if any {
            if !self.heard {
                self.pause = PATIENCE.1.min(self.pause * 2);
            }
            (self.heard, self.again_at) = (false, now + self.pause);
        }
    }
}
