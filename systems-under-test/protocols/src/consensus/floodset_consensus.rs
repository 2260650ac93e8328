//! FloodSet: consensus in f + 1 synchronous rounds.
//!
//! Model: synchronous rounds, of which the processes that crash are at most f. Implements: uniform
//! consensus. Uses: synchronous rounds. From: Lynch, *Distributed Algorithms*, 6.2.
//!
//! For f + 1 rounds everybody tells everybody all the proposals they know; in the end everybody
//! takes the least. In one of these rounds nobody crashes, and after it all know the same. A
//! decision costs (f + 1) N² messages, whoever crashes. With f rounds there may have been a crash in
//! each: a chain along which a proposal was passed from one crashing process to the next, and to a
//! single one of the correct in the end. With a single round, f + 1 for f = 0, one crash is enough.

use schism_kernel::{
    Algorithm, ConsensusInRounds, Cx, DecideIn, Never, Propose, Round, Speak, SynchronousRounds,
    Wire,
};
use std::collections::BTreeSet;

/// FloodSet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloodSet<V> {
    /// f + 1; a defect if it is less.
    rounds: u64,
    /// The rounds that are over.
    over: u64,
    decision: Option<V>,
}

impl<V> FloodSet<V> {
    /// Decides after so many rounds.
    pub fn lasting(rounds: u64) -> Self {
        FloodSet { rounds, over: 0, decision: None }
    }
}

impl<V: Wire> Algorithm for FloodSet<V> {
    type Implements = ConsensusInRounds<V>;
    type Uses = SynchronousRounds<BTreeSet<V>>;
    type Timer = Never;
    type Stable = Never;

    /// The others' proposals are not joined by another once they have been flooded for a round.
    fn upon_request(&mut self, Propose(v): Propose<V>, cx: &mut Cx<'_, Self>) {
        if self.over == 0 {
            cx.trigger(Speak(BTreeSet::from([v])));
        }
    }

    /// `W := W ∪ ⋃ Xⱼ`, and in the end `decision := min(W)`
    fn upon_indication(&mut self, event: Round<BTreeSet<V>>, cx: &mut Cx<'_, Self>) {
        let Round(round, heard) = event;
        if self.decision.is_some() {
            return;
        }
        self.over = round;
        let known: BTreeSet<V> = heard.into_values().flatten().flatten().collect();
        if round < self.rounds {
            if !known.is_empty() {
                cx.trigger(Speak(known));
            }
        } else if let Some(least) = known.into_iter().next() {
            self.decision = Some(least.clone());
            cx.indicate(DecideIn(round, least));
        }
    }
}
