//! Algorithm 5.7: Leader-Driven Consensus.
//!
//! Model: fail-noisy, N > 2f. Implements: uniform consensus. Uses: epoch-change, epoch consensus,
//! best-effort broadcast.
//!
//! One epoch of consensus after the other, each with a leader, until one decides. The next epoch
//! begins in the state in which the last was aborted; that is how it cannot contradict it.
//!
//! The book's processes go on forever, proposing in every new epoch what has long been decided, so
//! that who comes late hears of it. Here everybody passes a decision on, as in eager reliable
//! broadcast, and who has decided takes part in some more epochs or in none.

use schism_kernel::Three::{A as Ec, B as Ep, C as Beb};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, ConsensusInRounds, Cx, DecideIn, Deliver,
    EpochChange, EpochConsensus, EpochState, InEpoch, Indication, Many, Never, OfEpoch, ProcessId,
    Propose, StartEpoch, Wire,
};
use serde::{Deserialize, Serialize};

/// `[DECIDED, ts, v]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decision<V>(pub u64, pub V);

/// Algorithm 5.7.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderDrivenConsensus<V> {
    val: Option<V>,
    proposed: bool,
    /// The epoch in which it decided last.
    decided: Option<u64>,
    ets: u64,
    leader: Option<ProcessId>,
    /// `(newts, newℓ)`
    next: Option<(u64, ProcessId)>,
    /// How many epochs it has taken part in after it had decided.
    encores: u32,
    /// How many it takes part in, and tells the decision of; the book's go on forever, and tell the
    /// first.
    pub encores_max: u32,
    /// Defect: every epoch begins as if there had been none before.
    pub drops_the_state: bool,
}

impl<V> Default for LeaderDrivenConsensus<V> {
    fn default() -> Self {
        LeaderDrivenConsensus {
            val: None,
            proposed: false,
            decided: None,
            ets: 0,
            leader: None,
            next: None,
            encores: 0,
            encores_max: 0,
            drops_the_state: false,
        }
    }
}

impl<V: Wire> Algorithm for LeaderDrivenConsensus<V> {
    type Implements = ConsensusInRounds<V>;
    type Uses = (EpochChange, Many<u64, EpochConsensus<V>>, BestEffortBroadcast<Decision<V>>);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ uc, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.begin(0, cx.all[0], (0, None), cx);
    }

    /// `upon event ⟨ uc, Propose | v ⟩ do`
    fn upon_request(&mut self, Propose(v): Propose<V>, _: &mut Cx<'_, Self>) {
        self.val = Some(v);
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ ec, StartEpoch | newts', newℓ' ⟩ do
            Ec(StartEpoch(newts, newl)) => {
                if self.decided.is_some() {
                    if self.encores == self.encores_max {
                        return;
                    }
                    self.encores += 1;
                }
                self.next = Some((newts, newl));
                cx.trigger(Ep((self.ets, InEpoch::Abort)));
            }
            // upon event ⟨ ep.ts, Aborted | state ⟩ such that ts = ets do
            Ep((ts, OfEpoch::Aborted(state))) => {
                if let Some((newts, newl)) = self.next.take().filter(|_| ts == self.ets) {
                    let state = if self.drops_the_state { (0, None) } else { state };
                    self.begin(newts, newl, state, cx);
                }
            }
            // upon event ⟨ ep.ts, Decide | v ⟩ such that ts = ets do
            Ep((ts, OfEpoch::Decide(v))) => {
                if ts != self.ets {
                    return;
                }
                if self.decided.is_none() || (self.encores > 0 && self.decided != Some(ts)) {
                    self.decide(ts, v, cx);
                }
            }
            Beb(Deliver(_, Decision(ts, v))) => {
                if self.decided.is_none() {
                    self.decide(ts, v, cx);
                }
            }
        }
    }

    /// `upon ℓ = self ∧ val ≠ ⊥ ∧ proposed = FALSE do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let Some(val) = self.val.clone().filter(|_| self.leader == Some(cx.me) && !self.proposed)
        else {
            return false;
        };
        self.proposed = true;
        cx.trigger(Ep((self.ets, InEpoch::Propose(val))));
        true
    }
}

impl<V: Wire> LeaderDrivenConsensus<V> {
    fn decide(&mut self, ts: u64, v: V, cx: &mut Cx<'_, Self>) {
        if self.decided.replace(ts).is_none() {
            cx.trigger(Beb(Broadcast(Decision(ts, v.clone()))));
        }
        cx.indicate(DecideIn(ts, v));
    }

    fn begin(&mut self, ets: u64, leader: ProcessId, state: EpochState<V>, cx: &mut Cx<'_, Self>) {
        (self.ets, self.leader, self.proposed) = (ets, Some(leader), false);
        cx.trigger(Ep((ets, InEpoch::Init(ets, leader, state))));
    }
}
