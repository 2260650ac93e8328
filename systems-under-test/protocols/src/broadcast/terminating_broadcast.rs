//! Algorithm 6.4: Consensus-Based Terminating Reliable Broadcast, broadcast after broadcast.
//!
//! Model: fail-stop. Implements: terminating reliable broadcast. Uses: best-effort broadcast, the
//! perfect failure detector, an instance of consensus for each broadcast.
//!
//! Everybody waits for the next message of every sender: who gets it proposes it, who learns that
//! its sender has crashed proposes △, SENDER FAULTY, and what is decided is delivered. After △
//! nothing comes from that sender any more. A sender collects for a while what it is given, and
//! broadcasts it all at once. A broadcast costs N messages and a consensus.

use schism_kernel::Three::{A as Beb, B as P, C};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Consensus, Crash, Cx, Decide, Deliver, Indication,
    Many, Never, Outcome, PerfectFailureDetector, ProcessId, Propose, TerminatingBroadcast, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a sender collects what it is given.
const COLLECT: Duration = Duration::from_millis(50);

/// `[DATA, m]`: everything its sender was given since it broadcast last, as its n-th broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Batch<M> {
    /// Its number.
    pub number: u64,
    /// The messages.
    pub messages: Vec<M>,
}

/// The instance of consensus about a broadcast: its number among those of its sender, and its
/// sender.
pub type About = (u64, ProcessId);

/// It is time to broadcast what was collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collected;

/// Algorithm 6.4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsensusBasedTerminatingBroadcast<M> {
    collected: Vec<M>,
    batches: u64,
    crashed: BTreeSet<ProcessId>,
    /// What was received or decided of each sender and is not its turn yet.
    received: BTreeMap<About, Vec<M>>,
    decided: BTreeMap<About, Option<Vec<M>>>,
    /// Of each sender: how many batches and how many messages were delivered; whether it is over.
    delivered: BTreeMap<ProcessId, (u64, u64, bool)>,
    proposed: BTreeSet<About>,
    /// Defect: delivers what it would propose.
    pub delivers_without_consensus: bool,
}

impl<M> Default for ConsensusBasedTerminatingBroadcast<M> {
    fn default() -> Self {
        ConsensusBasedTerminatingBroadcast {
            collected: Vec::new(),
            batches: 0,
            crashed: BTreeSet::new(),
            received: BTreeMap::new(),
            decided: BTreeMap::new(),
            delivered: BTreeMap::new(),
            proposed: BTreeSet::new(),
            delivers_without_consensus: false,
        }
    }
}

impl<M: Wire> Algorithm for ConsensusBasedTerminatingBroadcast<M> {
    type Implements = TerminatingBroadcast<M>;
    type Uses = (
        BestEffortBroadcast<Batch<M>>,
        PerfectFailureDetector,
        Many<About, Consensus<Option<Vec<M>>>>,
    );
    type Timer = Collected;
    type Stable = Never;

    /// `upon event ⟨ trb, Broadcast | m ⟩ do                        // only process s`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        if self.collected.is_empty() {
            cx.set_timer(Collected, COLLECT);
        }
        self.collected.push(m);
    }

    fn upon_timeout(&mut self, Collected: Collected, cx: &mut Cx<'_, Self>) {
        let messages = std::mem::take(&mut self.collected);
        cx.trigger(Beb(Broadcast(Batch { number: self.batches, messages })));
        self.batches += 1;
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ beb, Deliver | s, m ⟩ do
            Beb(Deliver(s, Batch { number, messages })) => {
                self.received.insert((number, s), messages);
                self.propose(s, cx);
            }
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(p)) => {
                self.crashed.insert(p);
                self.propose(p, cx);
            }
            // upon event ⟨ c, Decide | decided ⟩ do
            C(((number, s), Decide(decided))) => {
                self.decided.insert((number, s), decided);
                self.deliver(s, cx);
            }
        }
    }
}

impl<M: Wire> ConsensusBasedTerminatingBroadcast<M> {
    /// Proposes what is known of the next broadcast of s, once: what was received, or △.
    fn propose(&mut self, s: ProcessId, cx: &mut Cx<'_, Self>) {
        let &mut (number, _, over) = self.delivered.entry(s).or_default();
        let about = (number, s);
        let proposal = match self.received.remove(&about) {
            Some(messages) => Some(messages),
            None if self.crashed.contains(&s) => None,
            None => return,
        };
        if over || !self.proposed.insert(about) {
            return;
        }
        if self.delivers_without_consensus {
            self.decided.insert(about, proposal);
            self.deliver(s, cx);
        } else {
            cx.trigger(C((about, Propose(proposal))));
        }
    }

    /// `trigger ⟨ trb, Deliver | s, decided ⟩`, broadcast after broadcast.
    fn deliver(&mut self, s: ProcessId, cx: &mut Cx<'_, Self>) {
        let delivered = self.delivered.entry(s).or_default();
        let Some(decided) = self.decided.remove(&(delivered.0, s)).filter(|_| !delivered.2) else {
            return;
        };
        self.proposed.remove(&(delivered.0, s));
        delivered.0 += 1;
        delivered.2 = decided.is_none();
        let messages = decided.map_or(vec![None], |ms| ms.into_iter().map(Some).collect());
        for m in messages {
            cx.indicate(Outcome { sender: s, number: delivered.1, m, round: None });
            delivered.1 += 1;
        }
        self.propose(s, cx);
        self.deliver(s, cx);
    }
}
