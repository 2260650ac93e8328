//! Algorithm 5.1: Flooding Consensus.
//!
//! Model: fail-stop. Implements: regular consensus. Uses: best-effort broadcast, the perfect
//! failure detector.
//!
//! Round by round everybody tells everybody all the proposals they know. Who hears from the same
//! processes in two rounds running has missed nothing in between, decides on the least proposal
//! and tells the others. Without crashes that takes one round and 2N² messages; each crash may
//! add a round. Any number of processes may crash. One that decides and crashes may have told
//! nobody: agreement is not uniform.
//!
//! That nothing was missed holds only if a crash takes the last of what was sent. Say p and q hear
//! from the same processes in rounds 1 and 2, p from s in both, and q from s in neither: then what s
//! has learnt in round 1 reaches p in round 2, and q decides without it. Links that may lose an
//! earlier message of a process that crashes and keep a later one let this happen.

use schism_kernel::Two::{A as Beb, B as P};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Consensus, Crash, Cx, Decide, Deliver, Indication,
    Never, PerfectFailureDetector, ProcessId, Propose, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound(serialize = "V: Serialize", deserialize = "V: Ord + Deserialize<'de>"))]
pub enum Flood<V> {
    /// `[PROPOSAL, r, ps]`
    Proposal(usize, BTreeSet<V>),
    /// `[DECIDED, v]`
    Decided(V),
}
use Flood::{Decided, Proposal};

/// Algorithm 5.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloodingConsensus<V> {
    correct: BTreeSet<ProcessId>,
    round: usize,
    decision: Option<V>,
    receivedfrom: BTreeMap<usize, BTreeSet<ProcessId>>,
    proposals: BTreeMap<usize, BTreeSet<V>>,
    /// Defect: waits in the first round for a majority only, and decides.
    pub waits_for_a_majority_only: bool,
}

impl<V> Default for FloodingConsensus<V> {
    fn default() -> Self {
        FloodingConsensus {
            correct: BTreeSet::new(),
            round: 1,
            decision: None,
            receivedfrom: BTreeMap::new(),
            proposals: BTreeMap::new(),
            waits_for_a_majority_only: false,
        }
    }
}

impl<V: Wire> Algorithm for FloodingConsensus<V> {
    type Implements = Consensus<V>;
    type Uses = (BestEffortBroadcast<Flood<V>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ c, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
        self.receivedfrom.insert(0, self.correct.clone());
    }

    /// `upon event ⟨ c, Propose | v ⟩ do`
    fn upon_request(&mut self, Propose(v): Propose<V>, cx: &mut Cx<'_, Self>) {
        let proposals = self.proposals.entry(1).or_default();
        proposals.insert(v);
        cx.trigger(Beb(Broadcast(Proposal(1, proposals.clone()))));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(p)) => {
                self.correct.remove(&p);
            }
            // upon event ⟨ beb, Deliver | p, [PROPOSAL, r, ps] ⟩ do
            Beb(Deliver(p, Proposal(r, ps))) => {
                self.receivedfrom.entry(r).or_default().insert(p);
                self.proposals.entry(r).or_default().extend(ps);
            }
            // upon event ⟨ beb, Deliver | p, [DECIDED, v] ⟩ such that p ∈ correct ∧ decision = ⊥ do
            Beb(Deliver(p, Decided(v))) => {
                if self.correct.contains(&p) && self.decision.is_none() {
                    self.decide(v, cx);
                }
            }
        }
    }

    /// `upon correct ⊆ receivedfrom[round] ∧ decision = ⊥ do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let Some(heard) = self.receivedfrom.get(&self.round) else { return false };
        let hasty = self.waits_for_a_majority_only && heard.len() >= cx.majority();
        if !(self.correct.is_subset(heard) || hasty) || self.decision.is_some() {
            return false;
        }
        let proposals = self.proposals[&self.round].clone();
        if *heard == self.receivedfrom[&(self.round - 1)] || hasty {
            let least = proposals.into_iter().next().expect("a proposal was heard");
            self.decide(least, cx);
        } else {
            self.round += 1;
            cx.trigger(Beb(Broadcast(Proposal(self.round, proposals))));
        }
        true
    }
}

impl<V: Wire> FloodingConsensus<V> {
    fn decide(&mut self, v: V, cx: &mut Cx<'_, Self>) {
        self.decision = Some(v.clone());
        cx.trigger(Beb(Broadcast(Decided(v.clone()))));
        cx.indicate(Decide(v));
    }
}
