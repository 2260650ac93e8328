//! Algorithm 5.5: Leader-Based Epoch-Change.
//!
//! Model: fail-noisy. Implements: epoch-change. Uses: perfect links, best-effort broadcast, the
//! eventual leader detector.
//!
//! Whoever comes to trust itself begins an epoch with a timestamp that no other process ever uses,
//! since its rank can be told from it. An epoch is entered only under the leader that is trusted,
//! and only if it is later than all before; a leader that is refused tries again with a later one.
//!
//! In the book a process refuses when it hears of an epoch, and only then. That is not enough: one
//! that has followed another leader into a later epoch, and then comes to trust its former leader
//! again, is never heard of by that leader, which has trusted itself all along. Here a process
//! weighs the last epoch of a leader when it comes to trust it, and not only when it hears of it:
//! it enters it then, or refuses it; and since it will, it need not refuse a leader that it does
//! not trust yet. What it refuses with is the epoch it is in. Nor does it refuse when the epochs of
//! its leader overtake each other: it is in a later one.

use std::collections::BTreeMap;

use schism_kernel::Three::{A as Pl, B as Beb, C as Omega};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, EpochChange, EventualLeaderDetector,
    Indication, Never, Note, PerfectLink, ProcessId, Send, StartEpoch, Trust,
};
use serde::{Deserialize, Serialize};

/// `[NEWEPOCH, ts]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NewEpoch(pub u64);

/// `[NACK]`, by a process in the epoch with this timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Nack(pub u64);

/// Algorithm 5.5. Ranks are counted from 0, and timestamp 0 is the epoch everybody starts in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderBasedEpochChange {
    trusted: Option<ProcessId>,
    /// The epoch it is in: its leader and its timestamp.
    leader: Option<ProcessId>,
    lastts: u64,
    ts: u64,
    /// The last epoch that each has begun, as far as it has heard.
    begun: BTreeMap<ProcessId, u64>,
    /// Defect: all leaders take their timestamps from the same sequence.
    pub reuses_timestamps: bool,
}

impl Algorithm for LeaderBasedEpochChange {
    type Implements = EpochChange;
    type Uses = (PerfectLink<Nack>, BestEffortBroadcast<NewEpoch>, EventualLeaderDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ ec, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.trusted = cx.all.first().copied();
        self.leader = self.trusted;
        self.ts = if self.reuses_timestamps { 0 } else { cx.me.0.into() };
    }

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ Ω, Trust | p ⟩ do
            Omega(Trust(p)) => {
                self.trusted = Some(p);
                if p == cx.me {
                    self.try_later(self.lastts, cx);
                } else {
                    self.enter_or_refuse(p, cx);
                }
            }
            // upon event ⟨ beb, Deliver | ℓ, [NEWEPOCH, newts] ⟩ do
            Beb(Deliver(l, NewEpoch(newts))) => {
                let begun = self.begun.entry(l).or_default();
                *begun = newts.max(*begun);
                if self.trusted == Some(l) {
                    self.enter_or_refuse(l, cx);
                }
            }
            // upon event ⟨ pl, Deliver | p, [NACK] ⟩ do
            Pl(Deliver(_, Nack(lastts))) => {
                if self.trusted == Some(cx.me) {
                    self.try_later(lastts, cx);
                }
            }
        }
    }
}

impl LeaderBasedEpochChange {
    fn enter_or_refuse(&mut self, l: ProcessId, cx: &mut Cx<'_, Self>) {
        let newts = self.begun.get(&l).copied().unwrap_or(0);
        if newts > self.lastts {
            (self.lastts, self.leader) = (newts, Some(l));
            cx.note(Note::new("start-epoch").peer(l).number(newts));
            cx.indicate(StartEpoch(newts, l));
        } else if self.leader != Some(l) {
            cx.trigger(Pl(Send(l, Nack(self.lastts))));
        }
    }

    /// Begins an epoch that is later than this one.
    fn try_later(&mut self, lastts: u64, cx: &mut Cx<'_, Self>) {
        let step = if self.reuses_timestamps { 1 } else { cx.n() as u64 };
        self.ts += step * (1 + lastts.saturating_sub(self.ts) / step);
        cx.trigger(Beb(Broadcast(NewEpoch(self.ts))));
    }
}
