//! Ben-Or's consensus: by tossing coins.
//!
//! Model: asynchronous, N > 2f, with coins. Implements: uniform consensus on 0 and 1, which ends with
//! probability 1. Uses: best-effort broadcast. From: Ben-Or, *Another advantage of free choice*
//! (1983); compare Algorithm 5.12.
//!
//! A round has two phases, in each of which everybody waits for N - f votes, as many as are sure to
//! come. In the first, everybody votes for their estimate; a value with more than half of all
//! processes behind it, of which there is at most one, is voted for in the second, and nothing
//! otherwise. A value with more than f votes in the second phase is decided; a value with any vote
//! becomes the estimate; otherwise a coin does. If anybody decides, nobody tosses, and all decide
//! in the next round: so who has decided votes for one more round and is done.

use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, ConsensusInRounds, Cx, DecideIn, Deliver, Never,
    ProcessId, Propose,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `[PHASE-k, r, v]`: a vote in a phase of a round, for a value or for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vote {
    /// The round.
    pub round: u64,
    /// The phase, 1 or 2.
    pub phase: u8,
    /// The value.
    pub value: Option<i64>,
}

/// Ben-Or's consensus.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenOr {
    /// Round and phase; round 0 before the proposal.
    at: (u64, u8),
    votes: BTreeMap<(u64, u8), BTreeMap<ProcessId, Option<i64>>>,
    decided: bool,
    /// Defect: decides what most of the votes it has seen in the first phase are for.
    pub decides_on_a_plain_majority: bool,
}

impl Algorithm for BenOr {
    type Implements = ConsensusInRounds<i64>;
    type Uses = BestEffortBroadcast<Vote>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, Propose(v): Propose<i64>, cx: &mut Cx<'_, Self>) {
        if self.at.0 == 0 {
            self.vote(1, 1, Some(v), cx);
        }
    }

    fn upon_indication(&mut self, Deliver(p, vote): Deliver<Vote>, _: &mut Cx<'_, Self>) {
        if (vote.round, vote.phase) >= self.at {
            let votes = self.votes.entry((vote.round, vote.phase)).or_default();
            votes.insert(p, vote.value);
        }
    }

    /// `upon #(votes) ≥ N - f do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let f = (cx.n() - 1) / 2;
        let (round, phase) = self.at;
        let enough = self.votes.get(&self.at).is_some_and(|votes| votes.len() >= cx.n() - f);
        if !enough || self.decided {
            return false;
        }
        let votes = self.votes.remove(&self.at).unwrap_or_default();
        let count = |v| votes.values().filter(|&&vote| vote == Some(v)).count();
        let (most, number) = if count(1) > count(0) { (1, count(1)) } else { (0, count(0)) };
        if phase == 1 && self.decides_on_a_plain_majority {
            self.decide(round, most, cx);
        } else if phase == 1 {
            let value = (number >= cx.majority()).then_some(most);
            self.vote(round, 2, value, cx);
        } else if number > f {
            self.decide(round, most, cx);
        } else {
            let estimate = if number > 0 { most } else { i64::from(cx.choose(2)) };
            cx.mark(if number > 0 { "took over a value" } else { "tossed a coin" });
            self.vote(round + 1, 1, Some(estimate), cx);
        }
        true
    }
}

impl BenOr {
    fn vote(&mut self, round: u64, phase: u8, value: Option<i64>, cx: &mut Cx<'_, Self>) {
        self.at = (round, phase);
        self.votes.retain(|at, _| *at >= (round, phase));
        cx.trigger(Broadcast(Vote { round, phase, value }));
    }

    fn decide(&mut self, round: u64, v: i64, cx: &mut Cx<'_, Self>) {
        self.decided = true;
        self.votes.clear();
        for phase in [1, 2] {
            cx.trigger(Broadcast(Vote { round: round + 1, phase, value: Some(v) }));
        }
        cx.indicate(DecideIn(round, v));
    }
}
