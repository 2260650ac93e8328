//! Early stopping: consensus in min(t + 2, f + 1) synchronous rounds.
//!
//! Model: synchronous rounds, of which the processes that crash are at most f; t of them really do.
//! Implements: uniform consensus. Uses: synchronous rounds. From: Raynal, *Consensus in synchronous
//! systems: a concise guided tour* (2002).
//!
//! Everybody tells everybody the least proposal they know. Who hears in a round from as many as in
//! the round before knows the least proposal of all who are still there: whatever a process that
//! has crashed had told anybody has come around. It says so in the next round, and decides at the
//! end of that, when all have heard it. Of t + 1 rounds one has no crash in it, which is where
//! t + 2 comes from.

use schism_kernel::{
    Algorithm, ConsensusInRounds, Cx, DecideIn, Never, Propose, Round, Speak, SynchronousRounds,
    Wire,
};
use serde::{Deserialize, Serialize};

/// `EST(est, early)`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Estimate<V> {
    /// The least proposal its sender knows.
    pub est: V,
    /// Whether that is the decision.
    pub early: bool,
}

/// Early stopping consensus.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EarlyStopping<V> {
    /// f + 1
    rounds: u64,
    /// The rounds that are over.
    over: u64,
    est: Option<V>,
    early: bool,
    /// How many were heard in the round before.
    nbr: Option<usize>,
    decided: bool,
    /// Defect: decides as soon as it knows what the decision would be, and says no more.
    pub decides_one_round_early: bool,
}

impl<V> EarlyStopping<V> {
    /// Decides after so many rounds at the latest.
    pub fn lasting(rounds: u64) -> Self {
        EarlyStopping {
            rounds,
            over: 0,
            est: None,
            early: false,
            nbr: None,
            decided: false,
            decides_one_round_early: false,
        }
    }
}

impl<V: Wire> Algorithm for EarlyStopping<V> {
    type Implements = ConsensusInRounds<V>;
    type Uses = SynchronousRounds<Estimate<V>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, Propose(est): Propose<V>, cx: &mut Cx<'_, Self>) {
        if self.over == 0 {
            cx.trigger(Speak(Estimate { est, early: false }));
        }
    }

    fn upon_indication(&mut self, event: Round<Estimate<V>>, cx: &mut Cx<'_, Self>) {
        let Round(round, heard) = event;
        if self.decided {
            return;
        }
        self.over = round;
        let said_so = self.early;
        let nbr = heard.len();
        self.early |= nbr == self.nbr.unwrap_or(cx.n());
        self.nbr = Some(nbr);
        for estimate in heard.into_values().flatten() {
            self.early |= estimate.early;
            if !said_so && self.est.as_ref().is_none_or(|est| estimate.est < *est) {
                self.est = Some(estimate.est);
            }
        }
        let Some(est) = self.est.clone() else { return };
        let early = self.early;
        if said_so || round == self.rounds || (early && self.decides_one_round_early) {
            self.decided = true;
            cx.indicate(DecideIn(round, est));
        } else {
            cx.trigger(Speak(Estimate { est, early }));
        }
    }
}
