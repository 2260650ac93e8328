//! Multi-Paxos (Lamport, The Part-Time Parliament, 1998; Paxos Made Simple, section 3, 2001).
//!
//! Model: crash-recovery with stable storage, eventually synchronous, N > 2f. Implements: a
//! replicated log. Uses: fair-loss links.
//!
//! Every slot of the log is an instance of Paxos, and one ballot serves them all: a server that
//! wants to lead runs phase 1 once, for all slots that it does not know to be chosen. The promises
//! tell it what was accepted in any of them. It proposes that again, and fills the gaps between with
//! commands that do nothing, since a slot is executed only when all before it are. From then on
//! every command costs one round trip: phase 2, in the next free slot, as many at a time as come.
//!
//! What is chosen the leader tells along with whatever it says next, as a number: so many slots are.
//! A follower that has accepted the leader's value of a slot then knows what is chosen in it, and
//! one that has not asks for it. Promises and votes are on stable storage before they are told.

mod acceptor;
mod proposer;

use crate::consensus::Ballot;
use crate::replication::patience::Patience;
use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Logged, ProcessId, ReplicatedLog, Send, Stable, Submit,
    Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many slots one message carries at most.
const BATCH: usize = 256;
/// How often, in slots, a server stores how far it has come.
const CHECKPOINT: u64 = 128;

/// What a slot holds: a command, or nothing to do.
pub type Slot<C> = Option<C>;

/// What was accepted in a slot, and in which ballot.
type Vote<C> = (Ballot, Slot<C>);

/// What servers say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MultiPaxosMessage<C> {
    /// Phase 1a, for all slots from this one on.
    Prepare(Ballot, u64),
    /// Phase 1b, with what was accepted in these slots.
    Promise(Ballot, Vec<(u64, Vote<C>)>),
    /// Phase 2a
    Accept {
        /// The leader's ballot.
        ballot: Ballot,
        /// The first of some slots in a row.
        first: u64,
        /// What they hold.
        values: Vec<Slot<C>>,
        /// How many slots are chosen.
        chosen: u64,
    },
    /// Phase 2b, for so many slots from this one on.
    Accepted(Ballot, u64, u64),
    /// A later ballot was promised: this one.
    Rejected(Ballot),
    /// The leader lives, and so many slots are chosen.
    Heartbeat(Ballot, u64),
    /// What is chosen from this slot on?
    Behind(u64),
    /// This is chosen, from this slot on.
    Chosen(u64, Vec<Slot<C>>),
    /// A command that a follower was given.
    Forward(C),
}
use MultiPaxosMessage::{
    Accept, Accepted, Behind, Chosen, Forward, Heartbeat, Prepare, Promise, Rejected,
};

/// What a server keeps on stable storage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stored<C> {
    /// The latest ballot it has promised.
    Promised(Ballot),
    /// What it has accepted in a slot.
    Vote(u64, Vote<C>),
    /// So many slots are chosen, and its votes in them are what was chosen.
    Chosen(u64),
}

/// What tells stored variables apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Key {
    /// The promise.
    Promised,
    /// The vote in this slot.
    Vote(u64),
    /// How many slots are chosen: read after the votes.
    Chosen,
}

impl<C: Wire> Stable for Stored<C> {
    type Key = Key;
    fn key(&self) -> Key {
        match self {
            Stored::Promised(_) => Key::Promised,
            Stored::Vote(slot, _) => Key::Vote(*slot),
            Stored::Chosen(_) => Key::Chosen,
        }
    }
}

/// The timers of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Look whether a leader was heard of.
    Election,
    /// Speak to the followers.
    Heartbeat,
}

/// What a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Role<C> {
    Follower,
    /// In phase 1.
    Candidate {
        ballot: Ballot,
        promises: BTreeMap<ProcessId, Vec<(u64, Vote<C>)>>,
    },
    /// In phase 2, of as many slots as there are proposals.
    Leader {
        ballot: Ballot,
        next: u64,
        proposals: BTreeMap<u64, Proposal>,
    },
}

/// A slot that is not chosen yet, as far as its leader knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Proposal {
    accepted_by: BTreeSet<ProcessId>,
    /// Whether it was made since the last heartbeat, and may well be under way.
    fresh: bool,
}

/// A server: proposer, acceptor and learner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MultiPaxos<C> {
    role: Role<C>,
    leader: Option<ProcessId>,
    patience: Patience,
    promised: Ballot,
    votes: BTreeMap<u64, Vote<C>>,
    /// How many slots are chosen and were told.
    chosen: u64,
    /// How many of them hold a command.
    commands: u64,
    /// Defect: leads with a new ballot without asking what was accepted before.
    pub skips_phase_1: bool,
    /// Defect: does not fill the gaps it finds in phase 1.
    pub leaves_gaps: bool,
}

impl<C> Default for MultiPaxos<C> {
    fn default() -> Self {
        MultiPaxos {
            role: Role::Follower,
            leader: None,
            patience: Patience::default(),
            promised: Ballot::NONE,
            votes: BTreeMap::new(),
            chosen: 0,
            commands: 0,
            skips_phase_1: false,
            leaves_gaps: false,
        }
    }
}

impl<C: Wire> Algorithm for MultiPaxos<C> {
    type Implements = ReplicatedLog<C>;
    type Uses = FairLossLink<MultiPaxosMessage<C>>;
    type Timer = Timer;
    type Stable = Stored<C>;

    /// `upon event ⟨ Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.patience.renew(cx);
        cx.set_timer(Timer::Election, self.patience.left(cx.now));
    }

    /// `upon event ⟨ Recovery ⟩ do`
    fn upon_recovery(&mut self, stored: Vec<Stored<C>>, cx: &mut Cx<'_, Self>) {
        for variable in stored {
            match variable {
                Stored::Promised(ballot) => self.promised = ballot,
                Stored::Vote(slot, vote) => drop(self.votes.insert(slot, vote)),
                Stored::Chosen(chosen) => {
                    while self.chosen < chosen && self.votes.contains_key(&self.chosen) {
                        self.tell_next(cx);
                    }
                }
            }
        }
        cx.mark("recovery");
        self.upon_init(cx);
    }

    /// `upon event ⟨ log, Submit | c ⟩ do`
    fn upon_request(&mut self, Submit(c): Submit<C>, cx: &mut Cx<'_, Self>) {
        match (&self.role, self.leader) {
            (Role::Leader { .. }, _) => self.propose(c, cx),
            (_, Some(leader)) => cx.trigger(Send(leader, Forward(c))),
            (_, None) => cx.indicate(Logged::Refused(c)),
        }
    }

    /// `upon event ⟨ fll, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, event: Deliver<MultiPaxosMessage<C>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, message) = event;
        match message {
            // An acceptor has promised not to listen to older ballots.
            Prepare(ballot, _) | Accept { ballot, .. } | Heartbeat(ballot, _)
                if ballot < self.promised =>
            {
                cx.trigger(Send(p, Rejected(self.promised)));
            }
            Prepare(ballot, from) => self.asked_to_promise(p, ballot, from, cx),
            Promise(ballot, votes) => self.promised_to_me(p, ballot, votes, cx),
            Accept { ballot, first, values, chosen } => {
                self.asked_to_accept(p, ballot, first, values, cx);
                self.learn(ballot, chosen, cx);
            }
            Accepted(ballot, first, count) => self.accepted(p, ballot, first..first + count, cx),
            Rejected(ballot) => {
                if ballot > self.promised {
                    cx.mark("ballot rejected");
                    self.promise(ballot, cx);
                }
            }
            Heartbeat(ballot, chosen) => {
                self.follow(p, ballot, cx);
                self.learn(ballot, chosen, cx);
                if self.chosen < chosen {
                    cx.trigger(Send(p, Behind(self.chosen)));
                }
            }
            Behind(from) => self.asked_what_is_chosen(p, from, cx),
            Chosen(first, values) => self.told_what_is_chosen(p, first, values, cx),
            Forward(c) => {
                // Whoever submitted it tries again if nothing comes of it.
                if let Role::Leader { .. } = self.role {
                    self.propose(c, cx);
                }
            }
        }
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Election => {
                let leads = matches!(self.role, Role::Leader { .. });
                if self.patience.is_over(leads, cx.now) {
                    self.prepare(cx);
                }
                cx.set_timer(Timer::Election, self.patience.left(cx.now));
            }
            Timer::Heartbeat => self.speak_to_everybody(cx),
        }
    }
}
