//! Terminating broadcast in min(t + 2, f + 1) synchronous rounds.
//!
//! Model: synchronous rounds, of which the processes that crash are at most f; t of them really do.
//! Implements: terminating reliable broadcast. Uses: synchronous rounds.
//!
//! Sessions of f + 1 rounds follow each other, and in each everybody is a sender. In the first
//! round a sender says what it was given since, be it nothing; afterwards everybody says what they
//! know of every sender. It stops as early-stopping consensus does: who hears in a round from as
//! many as in the round before knows what can be known, says so in the next and delivers at its
//! end. Of whom nothing is known then △ is delivered, SENDER FAULTY, and nothing after it.

use schism_kernel::{
    Algorithm, Broadcast, Cx, Never, Outcome, ProcessId, Round, Speak, SynchronousRounds,
    TerminatingBroadcast, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a process knows of this session's senders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Known<M> {
    /// What each broadcasts.
    pub of: BTreeMap<ProcessId, Vec<M>>,
    /// Whether that is all there is to know.
    pub early: bool,
}

/// Early stopping terminating broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EarlyStoppingBroadcast<M> {
    /// f + 1
    rounds: u64,
    waiting: Vec<M>,
    known: Known<M>,
    /// How many were heard in the round before.
    nbr: usize,
    /// The round of the session that is to end next; nothing while this process is not in one.
    round: Option<u64>,
    /// Whether it has delivered in this session.
    delivered: bool,
    /// How many messages of each sender were delivered.
    numbers: BTreeMap<ProcessId, u64>,
    faulty: BTreeSet<ProcessId>,
    /// Defect: delivers as soon as it knows what it would deliver, and says no more.
    pub delivers_one_round_early: bool,
}

impl<M> EarlyStoppingBroadcast<M> {
    /// Delivers after so many rounds at the latest.
    pub fn lasting(rounds: u64) -> Self {
        EarlyStoppingBroadcast {
            rounds,
            waiting: Vec::new(),
            known: Known { of: BTreeMap::new(), early: false },
            nbr: 0,
            round: None,
            delivered: false,
            numbers: BTreeMap::new(),
            faulty: BTreeSet::new(),
            delivers_one_round_early: false,
        }
    }
}

impl<M: Wire> Algorithm for EarlyStoppingBroadcast<M> {
    type Implements = TerminatingBroadcast<M>;
    type Uses = SynchronousRounds<Known<M>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, _: &mut Cx<'_, Self>) {
        self.waiting.push(m);
    }

    fn upon_indication(&mut self, event: Round<Known<M>>, cx: &mut Cx<'_, Self>) {
        let Round(number, heard) = event;
        let round = (number - 1) % self.rounds + 1;
        if self.round == Some(round) {
            self.over(round, heard, cx);
        } else {
            self.round = None;
        }
        if round == self.rounds {
            self.round = Some(0);
            self.delivered = false;
            self.nbr = cx.n();
            let own = (cx.me, std::mem::take(&mut self.waiting));
            self.known = Known { of: BTreeMap::from([own]), early: false };
            cx.trigger(Speak(self.known.clone()));
        }
        self.round = self.round.map(|round| round + 1);
    }
}

impl<M: Wire> EarlyStoppingBroadcast<M> {
    fn over(
        &mut self,
        round: u64,
        heard: BTreeMap<ProcessId, Vec<Known<M>>>,
        cx: &mut Cx<'_, Self>,
    ) {
        if self.delivered {
            return;
        }
        let said_so = self.known.early;
        let nbr = heard.len();
        self.known.early |= nbr == self.nbr;
        self.nbr = nbr;
        for (p, words) in heard {
            // Who is there and says nothing of itself has not fallen in yet.
            if round == 1 && words.is_empty() {
                self.known.of.entry(p).or_default();
            }
            for known in words {
                self.known.early |= known.early;
                if !said_so {
                    self.known.of.extend(known.of);
                }
            }
        }
        let hasty = self.known.early && self.delivers_one_round_early;
        if said_so || round == self.rounds || hasty {
            self.delivered = true;
            self.deliver(round, cx);
        } else {
            cx.trigger(Speak(self.known.clone()));
        }
    }

    fn deliver(&mut self, round: u64, cx: &mut Cx<'_, Self>) {
        for &sender in cx.all {
            if self.faulty.contains(&sender) {
                continue;
            }
            let messages = match self.known.of.remove(&sender) {
                Some(messages) => messages.into_iter().map(Some).collect(),
                None => {
                    self.faulty.insert(sender);
                    vec![None]
                }
            };
            for m in messages {
                let number = self.numbers.entry(sender).or_default();
                cx.indicate(Outcome { sender, number: *number, m, round: Some(round) });
                *number += 1;
            }
        }
    }
}
