//! Algorithms 3.10 and 3.11: Lazy Probabilistic Broadcast.
//!
//! Model: fair-loss links that lose by chance. Implements: probabilistic broadcast. Uses: fair-loss
//! links, an unreliable dissemination, here Algorithm 3.9 with a small fan-out.
//!
//! Messages are pushed to many, though not to all, and numbered. Who finds a gap in a sender's
//! numbers pulls: it asks some others at random for what is missing. Some processes store what they
//! deliver; who has not what it is asked for asks on. A gap that nobody fills for a while is given
//! up. Pulling costs only where something is missing, so that fewer messages reach as many.

use crate::broadcast::Relay;
use crate::broadcast::gossip_push::picktargets;
use crate::in_order::InOrder;
use schism_kernel::Two::{A as Fll, B as Upb};
use schism_kernel::{
    Algorithm, Broadcast, Cx, Deliver, FairLossLink, Indication, Never, ProbabilisticBroadcast,
    ProcessId, Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// `Δ`: after how long a gap is given up. Until then nothing behind it is delivered.
const DELTA: Duration = Duration::from_millis(400);
/// How many are asked for a missing message, and for how many rounds.
const PULL: (usize, u32) = (2, 2);
/// How long an answer is waited for before others are asked.
const AGAIN: Duration = Duration::from_millis(30);
/// `α`: of a hundred messages, so many are not stored.
const FORGOTTEN: u32 = 5;

/// What is sent to some.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pull<M> {
    /// `[REQUEST, q, s, sn, r]`: q misses this message of s.
    Request(ProcessId, ProcessId, u64, u32),
    /// `[DATA, s, m, sn]`
    Data {
        /// The message, and whose it is.
        m: Relay<M>,
    },
}
use Pull::{Data, Request};

/// The gap before this number of this sender is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GiveUp(ProcessId, u64);

/// Algorithms 3.10 and 3.11.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LazyProbabilisticBroadcast<M> {
    pending: BTreeMap<ProcessId, InOrder<M>>,
    lsn: u64,
    stored: BTreeMap<(ProcessId, u64), M>,
    /// When others were asked last for what is missing.
    asked: BTreeMap<(ProcessId, u64), Duration>,
    /// Defect: asks nobody for what is missing.
    pub never_pulls: bool,
}

impl<M> Default for LazyProbabilisticBroadcast<M> {
    /// `upon event ⟨ pb, Init ⟩ do`
    fn default() -> Self {
        LazyProbabilisticBroadcast {
            pending: BTreeMap::new(),
            lsn: 0,
            stored: BTreeMap::new(),
            asked: BTreeMap::new(),
            never_pulls: false,
        }
    }
}

impl<M: Wire> Algorithm for LazyProbabilisticBroadcast<M> {
    type Implements = ProbabilisticBroadcast<M>;
    type Uses = (FairLossLink<Pull<M>>, ProbabilisticBroadcast<(u64, M)>);
    type Timer = GiveUp;
    type Stable = Never;

    /// `upon event ⟨ pb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let sn = self.lsn;
        self.lsn += 1;
        cx.trigger(Upb(Broadcast((sn, m))));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ upb, Deliver | p, [DATA, s, m, sn] ⟩ do
            Upb(Deliver(s, (sn, m))) => {
                if cx.choose(100) >= FORGOTTEN {
                    self.stored.insert((s, sn), m.clone());
                }
                let of_sender = self.pending.entry(s).or_default();
                let missing: Vec<u64> = of_sender.missing_below(sn).collect();
                of_sender.insert(sn, m);
                if !missing.is_empty() {
                    cx.set_timer(GiveUp(s, sn), DELTA);
                }
                for missing in missing.into_iter().filter(|_| !self.never_pulls) {
                    let asked = self.asked.get(&(s, missing));
                    if asked.is_some_and(|&at| cx.now < at + AGAIN) {
                        continue;
                    }
                    self.asked.insert((s, missing), cx.now);
                    let (some, rounds) = PULL;
                    for t in picktargets(some, cx) {
                        cx.trigger(Fll(Send(t, Request(cx.me, s, missing, rounds - 1))));
                    }
                }
                self.deliver(s, cx);
            }
            // upon event ⟨ fll, Deliver | p, [REQUEST, q, s, sn, r] ⟩ do
            Fll(Deliver(_, Request(q, s, sn, r))) => {
                if let Some(m) = self.stored.get(&(s, sn)) {
                    let m = Relay { origin: s, number: sn, m: m.clone() };
                    cx.trigger(Fll(Send(q, Data { m })));
                } else if r > 0 {
                    for t in picktargets(PULL.0, cx) {
                        cx.trigger(Fll(Send(t, Request(q, s, sn, r - 1))));
                    }
                }
            }
            // upon event ⟨ fll, Deliver | p, [DATA, s, m, sn] ⟩ do
            Fll(Deliver(_, Data { m: Relay { origin: s, number: sn, m } })) => {
                self.pending.entry(s).or_default().insert(sn, m);
                self.deliver(s, cx);
            }
        }
    }

    /// `upon event ⟨ Timeout | s, sn ⟩ do`
    fn upon_timeout(&mut self, GiveUp(s, sn): GiveUp, cx: &mut Cx<'_, Self>) {
        let of_sender = self.pending.entry(s).or_default();
        for m in of_sender.skip_to(sn) {
            cx.indicate(Deliver(s, m));
        }
        self.deliver(s, cx);
    }
}

impl<M: Wire> LazyProbabilisticBroadcast<M> {
    /// `upon exists [DATA, s, x, sn] ∈ pending such that sn = next[s] do`
    fn deliver(&mut self, s: ProcessId, cx: &mut Cx<'_, Self>) {
        let of_sender = self.pending.entry(s).or_default();
        while let Some(m) = of_sender.pop() {
            cx.indicate(Deliver(s, m));
        }
        let next = of_sender.next();
        self.asked.retain(|&(of, sn), _| of != s || sn >= next);
    }
}
