//! A state machine whose outputs are voted on (Schneider, 1990).
//!
//! Model: replicas that lie, inputs in the same order everywhere. Implements: a key-value service.
//! Uses: a replicated log, perfect links.
//!
//! Every replica executes the commands of the log and sends what came of them to the voter of
//! the client who asked, and the voter believes what more than f of the 2f+1 replicas say: one of
//! those does not lie, and what one honest replica says all honest ones say. The voter is part of
//! the client, here of the process that was asked, and fails only with it. A voter that stands at
//! a replica and hands on what that replica makes of the votes is worth no more than the replica.
//!
//! Which replicas lie is part of the set-up: the last ones, and all of them tell the same lie,
//! because that is the worst they can do.

use crate::replication::requests::{Executed, Requests, Retry};
use crate::services::kv::{Command, KeyValue, Question, Reply};
use schism_kernel::Two::{A as Log, B as Pl};
use schism_kernel::{
    Algorithm, Ask, Cx, Deliver, Indication, Logged, Never, PerfectLink, ProcessId, ReplicatedLog,
    Send, Serving, Submit,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a replica says came of the command with this number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vote(pub u64, pub Reply);

/// A replica and a voter.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VotedStateMachine {
    store: KeyValue,
    executed: Executed,
    requests: Requests,
    votes: BTreeMap<u64, BTreeMap<ProcessId, Reply>>,
    /// How many replicas lie.
    pub liars: usize,
    /// Defect: the voter is the replica's own.
    pub votes_at_a_replica: bool,
}

/// What liars make of a value.
const LIE: i64 = 1_000_000_000;

impl VotedStateMachine {
    fn lies(&self, cx: &Cx<'_, Self>) -> bool {
        usize::from(cx.me.0) + self.liars >= cx.n()
    }

    /// What a liar makes of a reply.
    fn lie(reply: Reply) -> Reply {
        match reply {
            Reply::ReadOk { value } => Reply::ReadOk { value: value + LIE },
            Reply::Error { .. } => Reply::ReadOk { value: LIE },
            truth => truth,
        }
    }

    fn execute(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        if !self.executed.contains(&command) {
            let reply = self.store.execute(&command.question);
            self.executed.insert(&command, reply);
        }
        let Some(truth) = self.executed.reply(&command) else { return };
        let said = if self.lies(cx) { VotedStateMachine::lie(truth) } else { truth };
        cx.trigger(Pl(Send(command.origin, Vote(command.number, said))));
    }

    fn count(&mut self, voter: ProcessId, number: u64, cx: &mut Cx<'_, Self>) {
        let votes = self.votes.get(&number);
        let Some(said) = votes.and_then(|votes| votes.get(&voter)).cloned() else { return };
        let same = votes.map_or(0, |votes| votes.values().filter(|&it| *it == said).count());
        let believed = if self.votes_at_a_replica { voter == cx.me } else { same > cx.n() / 2 };
        if believed && self.requests.answer(number, said, cx) {
            self.votes.remove(&number);
        }
    }
}

impl Algorithm for VotedStateMachine {
    type Implements = Serving<Question, Reply>;
    type Uses = (ReplicatedLog<Command>, PerfectLink<Vote>);
    type Timer = Retry;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let command = self.requests.take(ask, cx);
        cx.trigger(Log(Submit(command)));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            Log(Logged::Commit(_, command)) => self.execute(command, cx),
            // It is submitted again.
            Log(Logged::Refused(_)) => {}
            Pl(Deliver(voter, Vote(number, said))) => {
                if self.requests.is_waiting(number) {
                    self.votes.entry(number).or_default().insert(voter, said);
                    self.count(voter, number, cx);
                }
            }
        }
    }

    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        for command in self.requests.late(cx) {
            cx.trigger(Log(Submit(command)));
        }
        self.votes.retain(|&number, _| self.requests.is_waiting(number));
    }
}
