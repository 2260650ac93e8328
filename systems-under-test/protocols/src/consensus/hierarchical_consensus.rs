//! Algorithm 5.2: Hierarchical Consensus.
//!
//! Model: fail-stop. Implements: regular consensus. Uses: best-effort broadcast, the perfect
//! failure detector.
//!
//! Round by round the processes, in the order of their ranks, impose a value on those behind
//! them: their own, or the one imposed on them. The first correct one imposes its value on all
//! that follow. Any number of processes may crash. N steps and N² messages; each process decides
//! in its own round, and one that decides and crashes may have told nobody.

use schism_kernel::Two::{A as Beb, B as P};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Consensus, Crash, Cx, Decide, Deliver, Indication,
    Never, PerfectFailureDetector, ProcessId, Propose, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `[DECIDED, v]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decided<V>(pub V);

/// Algorithm 5.2. Ranks are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HierarchicalConsensus<V> {
    detectedranks: BTreeSet<u16>,
    round: u16,
    proposal: Option<V>,
    proposer: Option<u16>,
    delivered: BTreeSet<u16>,
    broadcast: bool,
    /// Defect: does not wait for its turn.
    pub jumps_the_queue: bool,
}

impl<V> Default for HierarchicalConsensus<V> {
    /// `upon event ⟨ c, Init ⟩ do`
    fn default() -> Self {
        HierarchicalConsensus {
            detectedranks: BTreeSet::new(),
            round: 0,
            proposal: None,
            proposer: None,
            delivered: BTreeSet::new(),
            broadcast: false,
            jumps_the_queue: false,
        }
    }
}

impl<V: Wire> Algorithm for HierarchicalConsensus<V> {
    type Implements = Consensus<V>;
    type Uses = (BestEffortBroadcast<Decided<V>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ c, Propose | v ⟩ such that proposal = ⊥ do`
    fn upon_request(&mut self, Propose(v): Propose<V>, _: &mut Cx<'_, Self>) {
        self.proposal.get_or_insert(v);
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(ProcessId(rank))) => {
                self.detectedranks.insert(rank);
            }
            // upon event ⟨ beb, Deliver | p, [DECIDED, v] ⟩ do
            Beb(Deliver(ProcessId(r), Decided(v))) => {
                if r < cx.me.0 && Some(r) > self.proposer {
                    (self.proposal, self.proposer) = (Some(v), Some(r));
                }
                self.delivered.insert(r);
            }
        }
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        // upon round = rank(self) ∧ proposal ≠ ⊥ ∧ broadcast = FALSE do
        let turn = self.round == cx.me.0 || self.jumps_the_queue;
        if let Some(proposal) = self.proposal.clone().filter(|_| turn && !self.broadcast) {
            self.broadcast = true;
            cx.trigger(Beb(Broadcast(Decided(proposal.clone()))));
            cx.indicate(Decide(proposal));
            return true;
        }
        // upon round ∈ detectedranks ∨ delivered[round] = TRUE do
        let over = self.detectedranks.contains(&self.round) || self.delivered.contains(&self.round);
        if over {
            self.round += 1;
        }
        over
    }
}
