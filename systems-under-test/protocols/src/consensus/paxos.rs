//! Single-decree Paxos (Lamport, Paxos Made Simple, 2001).
//!
//! Model: fail-recovery, eventually synchronous, N > 2f. Implements: uniform consensus. Uses:
//! fair-loss links, the eventual leader detector, stable storage.
//!
//! Every process is proposer, acceptor and learner. A proposer numbers its attempts with ballots
//! that nobody else uses. In phase 1 a majority of acceptors promises to accept nothing older than
//! the ballot, and tells what it has accepted before; in phase 2 the proposer asks for the value of
//! the highest ballot it was told of, or for its own if there is none, and the value is decided once
//! a majority has accepted it. Any two majorities meet, so that a later ballot cannot miss a
//! decision: this holds whatever the network does and for however long. Only termination needs that
//! in the end one proposer is left alone, and a leader detector to choose it.
//!
//! Promises and what was accepted are on stable storage before they are told. A proposer's own
//! promise is there before the value of its ballot is known to anybody, since it asks itself first
//! of all, within the step: after a restart it cannot use the ballot for another value.
//!
//! The leader is also the distinguished learner, and tells the others: a decision costs 6(N-1)
//! messages and five steps. What gets lost is asked for again by whoever still waits.

use schism_kernel::Two::{A as Fll, B as Omega};
use schism_kernel::{
    Algorithm, Cx, Decide, Deliver, EventualLeaderDetector, FairLossLink, Indication, ProcessId,
    Propose, Send, Stable, Trust, UniformConsensus, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long an attempt may take before it is tried again: at least this…
const PATIENCE: Duration = Duration::from_millis(200);
/// …and less than so many milliseconds more.
const SPREAD_MS: u32 = 100;

/// The number of an attempt: a round, and who makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ballot(u64, ProcessId);

impl Ballot {
    /// Before every ballot.
    pub const NONE: Ballot = Ballot(0, ProcessId(0));

    /// A later ballot of this process.
    pub fn next(self, me: ProcessId) -> Ballot {
        Ballot(self.0 + 1, me)
    }

    /// A number that no other ballot among so many processes has.
    pub fn number(self, n: usize) -> u64 {
        self.0 * n as u64 + u64::from(self.1.0)
    }
}

/// What an acceptor has accepted, and in which ballot.
type Vote<V> = Option<(Ballot, V)>;

/// What processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PaxosMessage<V> {
    /// To the leader: propose this, or tell what is decided.
    Request(V),
    /// Phase 1a
    Prepare(Ballot),
    /// Phase 1b, with what was accepted before.
    Promise(Ballot, Vote<V>),
    /// Phase 2a
    Accept(Ballot, V),
    /// Phase 2b
    Accepted(Ballot),
    /// A later ballot was promised: this one.
    Rejected(Ballot),
    /// This is decided.
    Decided(V),
}
use PaxosMessage::{Accept, Accepted, Decided, Prepare, Promise, Rejected, Request};

/// What a process keeps on stable storage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stored<V> {
    /// What it has proposed.
    Proposal(V),
    /// What it has promised and accepted.
    Acceptor(Ballot, Vote<V>),
    /// What it knows to be decided.
    Decision(V),
}

/// What tells stored variables apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Key {
    /// Of the proposer.
    Proposal,
    /// Of the acceptor.
    Acceptor,
    /// Of the learner.
    Decision,
}

impl<V: Wire> Stable for Stored<V> {
    type Key = Key;
    fn key(&self) -> Key {
        match self {
            Stored::Proposal(_) => Key::Proposal,
            Stored::Acceptor(..) => Key::Acceptor,
            Stored::Decision(_) => Key::Decision,
        }
    }
}

/// Time to try again, set while a process waits for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retry;

/// Proposer, acceptor and learner in one process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Paxos<V> {
    leader: Option<ProcessId>,
    // The proposer.
    proposal: Option<V>,
    attempt: Option<Attempt<V>>,
    highest: Ballot,
    // The acceptor.
    promised: Ballot,
    accepted: Vote<V>,
    // The learner.
    decision: Option<V>,
    /// Defect: what was promised, accepted and learnt is kept in memory only.
    pub forgets_promises: bool,
}

/// What a proposer knows of its ballot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Attempt<V> {
    ballot: Ballot,
    promises: BTreeMap<ProcessId, Vote<V>>,
    /// What is to be accepted: phase 2 has begun.
    value: Option<V>,
    accepted_by: BTreeSet<ProcessId>,
}

impl<V> Default for Paxos<V> {
    fn default() -> Self {
        Paxos {
            leader: None,
            proposal: None,
            attempt: None,
            highest: Ballot::NONE,
            promised: Ballot::NONE,
            accepted: None,
            decision: None,
            forgets_promises: false,
        }
    }
}

impl<V: Wire> Algorithm for Paxos<V> {
    type Implements = UniformConsensus<V>;
    type Uses = (FairLossLink<PaxosMessage<V>>, EventualLeaderDetector);
    type Timer = Retry;
    type Stable = Stored<V>;

    /// `upon event ⟨ uc, Recovery ⟩ do`: a decision may not have been told before the crash.
    fn upon_recovery(&mut self, stored: Vec<Stored<V>>, cx: &mut Cx<'_, Self>) {
        for variable in stored {
            match variable {
                Stored::Proposal(v) => self.proposal = Some(v),
                Stored::Acceptor(promised, vote) => {
                    (self.promised, self.accepted) = (promised, vote)
                }
                Stored::Decision(v) => self.decision = Some(v),
            }
        }
        match &self.decision {
            Some(v) => cx.indicate(Decide(v.clone())),
            None if self.proposal.is_some() => self.wait(cx),
            None => {}
        }
    }

    /// `upon event ⟨ uc, Propose | v ⟩ do`
    fn upon_request(&mut self, Propose(v): Propose<V>, cx: &mut Cx<'_, Self>) {
        if self.decision.is_some() {
            return;
        }
        // As the leader it may have taken up another's proposal, which is as good.
        let v = self.proposal.get_or_insert(v).clone();
        cx.store(Stored::Proposal(v));
        if self.attempt.is_none() {
            self.pursue(cx);
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ Ω, Trust | p ⟩ do
            Omega(Trust(p)) => {
                self.leader = Some(p);
                if p == cx.me && self.proposal.is_some() && self.decision.is_none() {
                    cx.mark("another proposer");
                    self.prepare(cx);
                }
            }
            Fll(Deliver(_, Decided(v))) => self.decide(v, cx),
            Fll(Deliver(p, message)) => match &self.decision {
                // Whoever still asks is best helped with the decision.
                Some(v) if p != cx.me => {
                    if let Request(_) | Prepare(_) | Accept(..) = message {
                        cx.trigger(Fll(Send(p, Decided(v.clone()))));
                    }
                }
                _ => self.hear(p, message, cx),
            },
        }
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        self.pursue(cx);
    }
}

impl<V: Wire> Paxos<V> {
    fn wait(&mut self, cx: &mut Cx<'_, Self>) {
        let more = Duration::from_millis(cx.choose(SPREAD_MS).into());
        cx.set_timer(Retry, PATIENCE + more);
    }

    /// The leader makes an attempt, the others ask it to.
    fn pursue(&mut self, cx: &mut Cx<'_, Self>) {
        let (Some(v), None) = (&self.proposal, &self.decision) else { return };
        match self.leader {
            Some(leader) if leader == cx.me => self.prepare(cx),
            Some(leader) => {
                cx.trigger(Fll(Send(leader, Request(v.clone()))));
                self.wait(cx);
            }
            None => self.wait(cx),
        }
    }

    /// Phase 1a: the proposer chooses a ballot.
    fn prepare(&mut self, cx: &mut Cx<'_, Self>) {
        let ballot = self.highest.max(self.promised).next(cx.me);
        self.highest = ballot;
        let (promises, accepted_by) = (BTreeMap::new(), BTreeSet::new());
        self.attempt = Some(Attempt { ballot, promises, value: None, accepted_by });
        self.send_to_all(Prepare(ballot), cx);
        self.wait(cx);
    }

    fn send_to_all(&self, message: PaxosMessage<V>, cx: &mut Cx<'_, Self>) {
        for &q in cx.all {
            cx.trigger(Fll(Send(q, message.clone())));
        }
    }

    fn hear(&mut self, p: ProcessId, message: PaxosMessage<V>, cx: &mut Cx<'_, Self>) {
        match message {
            Request(v) => {
                if self.leader == Some(cx.me) && self.attempt.is_none() {
                    self.proposal.get_or_insert(v);
                    self.prepare(cx);
                }
            }
            // Phase 1b: the acceptor promises to accept nothing older.
            Prepare(ballot) => {
                if ballot < self.promised {
                    return cx.trigger(Fll(Send(p, Rejected(self.promised))));
                }
                self.promised = ballot;
                self.store(Stored::Acceptor(ballot, self.accepted.clone()), cx);
                cx.trigger(Fll(Send(p, Promise(ballot, self.accepted.clone()))));
            }
            Promise(ballot, vote) => self.promised_to_me(p, ballot, vote, cx),
            // Phase 2b: the acceptor accepts, unless it has promised not to.
            Accept(ballot, v) => {
                if ballot < self.promised {
                    return cx.trigger(Fll(Send(p, Rejected(self.promised))));
                }
                (self.promised, self.accepted) = (ballot, Some((ballot, v)));
                self.store(Stored::Acceptor(ballot, self.accepted.clone()), cx);
                cx.trigger(Fll(Send(p, Accepted(ballot))));
            }
            Accepted(ballot) => self.accepted_by(p, ballot, cx),
            Rejected(ballot) => {
                self.highest = self.highest.max(ballot);
                if self.attempt.as_ref().is_some_and(|attempt| attempt.ballot < ballot) {
                    cx.mark("ballot rejected");
                    self.attempt = None;
                }
            }
            Decided(_) => {}
        }
    }

    /// `store(…)`, of what must outlive a crash.
    fn store(&self, variable: Stored<V>, cx: &mut Cx<'_, Self>) {
        if !self.forgets_promises {
            cx.store(variable);
        }
    }

    /// Phase 2a: with a majority of promises, the proposer asks to accept the value of the highest
    /// ballot it was told of.
    fn promised_to_me(
        &mut self,
        p: ProcessId,
        ballot: Ballot,
        vote: Vote<V>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.ballot == ballot) else { return };
        attempt.promises.insert(p, vote);
        if attempt.value.is_some() || attempt.promises.len() < cx.majority() {
            return;
        }
        let highest = attempt.promises.values().flatten().max_by_key(|(ballot, _)| ballot);
        if highest.is_some() {
            cx.mark("value taken over");
        }
        let value = highest.map(|(_, v)| v.clone()).or_else(|| self.proposal.clone());
        let value = value.expect("who makes an attempt has something to propose");
        attempt.value = Some(value.clone());
        self.send_to_all(Accept(ballot, value), cx);
    }

    /// What a majority has accepted is decided.
    fn accepted_by(&mut self, p: ProcessId, ballot: Ballot, cx: &mut Cx<'_, Self>) {
        let Some(attempt) = self.attempt.as_mut().filter(|a| a.ballot == ballot) else { return };
        attempt.accepted_by.insert(p);
        if let Some(v) = attempt.value.clone()
            && attempt.accepted_by.len() >= cx.majority()
        {
            self.decide(v.clone(), cx);
            for q in cx.others() {
                cx.trigger(Fll(Send(q, Decided(v.clone()))));
            }
        }
    }

    fn decide(&mut self, v: V, cx: &mut Cx<'_, Self>) {
        if self.decision.is_some() {
            return;
        }
        self.store(Stored::Decision(v.clone()), cx);
        (self.attempt, self.decision) = (None, Some(v.clone()));
        cx.cancel_timer(Retry);
        cx.indicate(Decide(v));
    }
}
