//! Algorithm 5.3: Flooding Uniform Consensus.
//!
//! Model: fail-stop. Implements: uniform consensus. Uses: best-effort broadcast, the perfect
//! failure detector.
//!
//! For N rounds everybody tells everybody all the proposals they know, and waits in each round
//! for all who have not crashed. Of N rounds one has no crash in it, since not all processes
//! crash in turn and still somebody decides; after that round all know the same proposals, and
//! keep knowing the same. Any number of processes may crash. A decision costs N³ messages.

use schism_kernel::Two::{A as Beb, B as P};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Crash, Cx, Decide, Deliver, Indication, Never,
    PerfectFailureDetector, ProcessId, Propose, UniformConsensus, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// `[PROPOSAL, r, ps]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(bound(serialize = "V: Serialize", deserialize = "V: Ord + Deserialize<'de>"))]
pub struct Proposal<V> {
    /// The round.
    pub round: usize,
    /// All the proposals its sender knows.
    pub proposals: BTreeSet<V>,
}

/// Algorithm 5.3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FloodingUniformConsensus<V> {
    correct: BTreeSet<ProcessId>,
    round: usize,
    decision: Option<V>,
    proposalset: BTreeSet<V>,
    receivedfrom: BTreeSet<ProcessId>,
    /// Proposals of rounds that are not here yet.
    early: BTreeMap<usize, Vec<(ProcessId, BTreeSet<V>)>>,
    /// Defect: decides at the end of the first round.
    pub decides_in_round_one: bool,
    /// Defect: waits in the first round for a majority only, and decides.
    pub waits_for_a_majority_only: bool,
}

impl<V> Default for FloodingUniformConsensus<V> {
    fn default() -> Self {
        FloodingUniformConsensus {
            correct: BTreeSet::new(),
            round: 1,
            decision: None,
            proposalset: BTreeSet::new(),
            receivedfrom: BTreeSet::new(),
            early: BTreeMap::new(),
            decides_in_round_one: false,
            waits_for_a_majority_only: false,
        }
    }
}

impl<V: Wire> Algorithm for FloodingUniformConsensus<V> {
    type Implements = UniformConsensus<V>;
    type Uses = (BestEffortBroadcast<Proposal<V>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ uc, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
    }

    /// `upon event ⟨ uc, Propose | v ⟩ do`
    fn upon_request(&mut self, Propose(v): Propose<V>, cx: &mut Cx<'_, Self>) {
        self.proposalset.insert(v);
        self.tell_proposals(cx);
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, _: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(p)) => {
                self.correct.remove(&p);
            }
            // upon event ⟨ beb, Deliver | p, [PROPOSAL, r, ps] ⟩ such that r = round do
            Beb(Deliver(p, Proposal { round, proposals })) => {
                if round == self.round {
                    self.receivedfrom.insert(p);
                    self.proposalset.extend(proposals);
                } else if round > self.round {
                    self.early.entry(round).or_default().push((p, proposals));
                }
            }
        }
    }

    /// `upon correct ⊆ receivedfrom ∧ decision = ⊥ do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let hasty = self.waits_for_a_majority_only && self.receivedfrom.len() >= cx.majority();
        let heard_all = self.correct.is_subset(&self.receivedfrom) || hasty;
        if !heard_all || self.decision.is_some() {
            return false;
        }
        if self.round == cx.n() || self.decides_in_round_one || hasty {
            self.decision = self.proposalset.first().cloned();
            cx.indicate(Decide(self.decision.clone().expect("a proposal was made")));
        } else {
            self.round += 1;
            self.receivedfrom.clear();
            for (p, proposals) in self.early.remove(&self.round).unwrap_or_default() {
                self.receivedfrom.insert(p);
                self.proposalset.extend(proposals);
            }
            self.tell_proposals(cx);
        }
        true
    }
}

impl<V: Wire> FloodingUniformConsensus<V> {
    fn tell_proposals(&self, cx: &mut Cx<'_, Self>) {
        let (round, proposals) = (self.round, self.proposalset.clone());
        cx.trigger(Beb(Broadcast(Proposal { round, proposals })));
    }
}
