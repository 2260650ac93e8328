//! Algorithm 6.1: Consensus-Based Total-Order Broadcast.
//!
//! Model: that of the consensus it is given. Implements: total-order broadcast. Uses: uniform
//! reliable broadcast, uniform consensus (multiple instances).
//!
//! Messages are spread first, in any order. Round by round everybody proposes what it has and has
//! not ordered yet, and one proposal is decided: a batch, which all deliver in the same order. The
//! book spreads messages by reliable broadcast; the uniform one makes the order uniform, too, since
//! a process that delivers and crashes has delivered nothing that the others lack.
//!
//! A decision may arrive before that of the round before it, whose teller has crashed; who knows of
//! one takes part in the missing round with whatever it has, if only to be told.

use crate::seen::Seen;
use schism_kernel::Two::{A as Urb, B as C};
use schism_kernel::{
    Algorithm, Broadcast, Cx, Decide, Deliver, Indication, Many, Never, ProcessId, Propose,
    TotalOrderBroadcast, UniformConsensus, UniformReliableBroadcast, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many messages a process proposes at most for one round.
const BATCH: usize = 256;

/// A message with its number among those of its sender.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Numbered<M> {
    /// The number, from 0.
    pub number: u64,
    /// The message.
    pub m: M,
}

/// A set of messages with their senders, in the order in which they are to be delivered.
pub type Batch<M> = Vec<(ProcessId, Numbered<M>)>;

/// A message that waits to be ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Unordered<M> {
    m: M,
    /// How many had arrived before it.
    arrival: u64,
}

/// Algorithm 6.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsensusBasedTotalOrder<M> {
    unordered: BTreeMap<(ProcessId, u64), Unordered<M>>,
    delivered: BTreeMap<ProcessId, Seen>,
    round: u64,
    wait: bool,
    /// Decisions of rounds that are not here yet.
    early: BTreeMap<u64, Batch<M>>,
    broadcasts: u64,
    arrivals: u64,
    /// Defect: delivers the messages of a batch as they arrived, not in the common order.
    pub delivers_in_arrival_order: bool,
}

impl<M> Default for ConsensusBasedTotalOrder<M> {
    /// `upon event ⟨ tob, Init ⟩ do`
    fn default() -> Self {
        ConsensusBasedTotalOrder {
            unordered: BTreeMap::new(),
            delivered: BTreeMap::new(),
            round: 1,
            wait: false,
            early: BTreeMap::new(),
            broadcasts: 0,
            arrivals: 0,
            delivers_in_arrival_order: false,
        }
    }
}

impl<M: Wire> Algorithm for ConsensusBasedTotalOrder<M> {
    type Implements = TotalOrderBroadcast<M>;
    type Uses = (UniformReliableBroadcast<Numbered<M>>, Many<u64, UniformConsensus<Batch<M>>>);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ tob, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let number = self.broadcasts;
        self.broadcasts += 1;
        cx.trigger(Urb(Broadcast(Numbered { number, m })));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ rb, Deliver | p, m ⟩ do
            Urb(Deliver(p, Numbered { number, m })) => {
                if !self.delivered.entry(p).or_default().contains(number) {
                    let arrival = self.arrivals;
                    self.arrivals += 1;
                    self.unordered.insert((p, number), Unordered { m, arrival });
                }
            }
            // upon event ⟨ c.r, Decide | decided ⟩ such that r = round do
            C((r, Decide(decided))) if r == self.round => self.deliver(decided, cx),
            C((r, Decide(decided))) => {
                if r > self.round {
                    cx.mark("decision ahead of its round");
                    self.early.insert(r, decided);
                }
            }
        }
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if let Some(decided) = self.early.remove(&self.round) {
            self.deliver(decided, cx);
            return true;
        }
        // upon unordered ≠ ∅ ∧ wait = FALSE do
        if self.wait || (self.unordered.is_empty() && self.early.is_empty()) {
            return false;
        }
        self.wait = true;
        let some = self.unordered.iter().take(BATCH);
        let some = some.map(|(&(p, number), u)| (p, Numbered { number, m: u.m.clone() }));
        cx.trigger(C((self.round, Propose(some.collect()))));
        true
    }
}

impl<M: Wire> ConsensusBasedTotalOrder<M> {
    fn deliver(&mut self, mut decided: Batch<M>, cx: &mut Cx<'_, Self>) {
        if self.delivers_in_arrival_order {
            decided.sort_by_key(|(s, numbered)| {
                self.unordered.get(&(*s, numbered.number)).map_or(u64::MAX, |u| u.arrival)
            });
        }
        // forall (s, m) ∈ sort(decided) do
        for (s, Numbered { number, m }) in decided {
            self.unordered.remove(&(s, number));
            if self.delivered.entry(s).or_default().insert(number) {
                cx.indicate(Deliver(s, m));
            }
        }
        self.round += 1;
        self.wait = false;
    }
}
