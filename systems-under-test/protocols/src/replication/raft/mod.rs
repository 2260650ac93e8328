//! Raft (Ongaro and Ousterhout, 2014): a replicated log with a strong leader.
//!
//! Model: crash-recovery with stable storage, eventually synchronous, N > 2f. Implements: a
//! replicated log. Uses: fair-loss links.
//!
//! Time is divided into terms. A term has at most one leader, because a server votes once in a
//! term and a leader needs a majority of the votes. The leader appends commands to its log and
//! makes the logs of the others equal to its own. An entry of its own term that a majority has
//! stored is committed, and with it everything before; only servers whose log is at least as
//! complete as a majority's can be elected, so a committed entry is in every later leader's log.
//!
//! Term, vote and log are on stable storage before any message that depends on them leaves.
//! Everything else can be rebuilt: a server that comes back commits its log again from the start.
//! Raft needs no better link than a fair-loss one, since heartbeats repeat whatever got lost. The
//! log is never compacted, and the membership never changes.

mod elections;
mod log;
mod replication;

use crate::replication::patience::Patience;
use crate::replication::raft::log::{Entry, Log};
use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Logged, ProcessId, ReplicatedLog, Send, Stable, Submit,
    Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many entries one message carries at most.
const BATCH: usize = 256;

/// What servers say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RaftMessage<C> {
    /// `RequestVote`
    RequestVote {
        /// The candidate's term.
        term: u64,
        /// The index of the last entry of its log.
        last: u64,
        /// The term of that entry.
        last_term: u64,
    },
    /// The answer to `RequestVote`.
    Vote {
        /// The term the vote is for, or a later one.
        term: u64,
        /// Whether the candidate gets it.
        granted: bool,
    },
    /// `AppendEntries`
    Append {
        /// The leader's term.
        term: u64,
        /// The index of the entry just before the new ones.
        prev: u64,
        /// The term of that entry.
        prev_term: u64,
        /// The new ones.
        entries: Vec<Entry<C>>,
        /// How far the leader has committed.
        commit: u64,
    },
    /// The answer to an `AppendEntries` that fitted.
    Appended {
        /// The follower's term.
        term: u64,
        /// Up to here the follower's log is the leader's.
        matching: u64,
    },
    /// The answer to an `AppendEntries` that did not fit.
    Rejected {
        /// The follower's term.
        term: u64,
        /// From where the leader should try next.
        retry_from: u64,
    },
    /// A command that a follower was given.
    Forward(C),
}

/// What a server keeps on stable storage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stored<C> {
    /// The latest term it has seen and whom it voted for in it.
    Term(u64, Option<ProcessId>),
    /// An entry of the log.
    Entry(u64, Entry<C>),
}

/// What tells stored variables apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Key {
    /// Term and vote.
    Term,
    /// The entry at this index.
    Entry(u64),
}

impl<C: Wire> Stable for Stored<C> {
    type Key = Key;
    fn key(&self) -> Key {
        match self {
            Stored::Term(..) => Key::Term,
            Stored::Entry(index, _) => Key::Entry(*index),
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
enum Role {
    Follower,
    Candidate { votes: BTreeSet<ProcessId> },
    Leader { followers: BTreeMap<ProcessId, Follower> },
}

/// What a leader knows of a follower.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Follower {
    /// The index of the next entry to send.
    next: u64,
    /// Up to here its log is known to be the leader's.
    matching: u64,
    /// Whether entries are under way to it.
    waiting: bool,
}

/// A Raft server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raft<C> {
    role: Role,
    term: u64,
    voted_for: Option<ProcessId>,
    leader: Option<ProcessId>,
    log: Log<C>,
    commit: u64,
    /// How many commands were committed; entries that start a term do not count.
    slots: u64,
    patience: Patience,
    /// Defect: commits an older term's entry as soon as a majority has stored it, and hence sees
    /// no need for an entry that starts a term.
    pub counts_old_terms: bool,
    /// Defect: keeps its vote in memory only.
    pub forgets_vote: bool,
}

impl<C> Default for Raft<C> {
    fn default() -> Self {
        Raft {
            role: Role::Follower,
            term: 0,
            voted_for: None,
            leader: None,
            log: Log::default(),
            commit: 0,
            slots: 0,
            patience: Patience::default(),
            counts_old_terms: false,
            forgets_vote: false,
        }
    }
}

impl<C: Wire> Algorithm for Raft<C> {
    type Implements = ReplicatedLog<C>;
    type Uses = FairLossLink<RaftMessage<C>>;
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
                Stored::Term(term, voted_for) => (self.term, self.voted_for) = (term, voted_for),
                Stored::Entry(_, entry) => self.log.push(entry),
            }
        }
        cx.mark("recovery");
        self.upon_init(cx);
    }

    /// `upon event ⟨ log, Submit | c ⟩ do`
    fn upon_request(&mut self, Submit(c): Submit<C>, cx: &mut Cx<'_, Self>) {
        match (&self.role, self.leader) {
            (Role::Leader { .. }, _) => self.append(Some(c), cx),
            (_, Some(leader)) => cx.trigger(Send(leader, RaftMessage::Forward(c))),
            (_, None) => cx.indicate(Logged::Refused(c)),
        }
    }

    /// `upon event ⟨ fll, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, event: Deliver<RaftMessage<C>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, message) = event;
        match message {
            RaftMessage::RequestVote { term, last, last_term } => {
                self.requested_vote(p, term, (last_term, last), cx);
            }
            RaftMessage::Vote { term, granted } => self.voted(p, term, granted, cx),
            RaftMessage::Append { term, prev, prev_term, entries, commit } => {
                self.asked_to_append(p, term, (prev, prev_term), entries, commit, cx);
            }
            RaftMessage::Appended { term, matching } => self.appended(p, term, matching, cx),
            RaftMessage::Rejected { term, retry_from } => self.rejected(p, term, retry_from, cx),
            RaftMessage::Forward(c) => {
                // Whoever submitted it tries again if nothing comes of it.
                if let Role::Leader { .. } = self.role {
                    self.append(Some(c), cx);
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
                    self.stand_for_election(cx);
                }
                cx.set_timer(Timer::Election, self.patience.left(cx.now));
            }
            Timer::Heartbeat => self.speak_to_everybody(cx),
        }
    }
}
