//! A primary that executes, and backups that take over what came of it (passive replication).
//!
//! Model: fail-stop. Implements: a key-value service. Uses: FIFO links, the perfect failure
//! detector.
//!
//! The first process in rank that has not crashed is the primary. It executes a command, sends
//! what the command changed to the others, and answers when all who have not crashed have it. A
//! command that changes nothing is sent to nobody, but its answer waits for the changes before it.
//! Backups never execute anything, so a command may well depend on chance or on the time. Answers
//! go with the changes, so that nothing is executed twice when a primary falls before it has
//! answered. The next in rank then gives everything it has to the others and goes on.

use crate::replication::backups::Backups;
use crate::replication::requests::{Executed, Requests, Retry};
use crate::services::error::NOT_SUPPORTED;
use crate::services::kv::{Command, KeyValue, Question, Reply};
use schism_kernel::Two::{A as Fl, B as P};
use schism_kernel::{
    Algorithm, Ask, Crash, Cx, Deliver, FifoLink, Indication, Never, PerfectFailureDetector,
    ProcessId, Send, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// What processes say to each other. A view is the rank of its primary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message {
    /// A command, for the primary.
    Request(Command),
    /// The answer to the command of this number.
    Answer(u64, Reply),
    /// A new primary, with everything it has.
    State {
        /// Its view.
        view: u64,
        /// How many changes went into it.
        version: u64,
        /// The store.
        store: Vec<(i64, i64)>,
        /// What was answered.
        executed: Executed,
    },
    /// What a command changed, and was answered.
    Change {
        /// The primary's view.
        view: u64,
        /// How many changes there are with it.
        version: u64,
        /// The key and its new value.
        write: (i64, i64),
        /// The command.
        command: Command,
        /// The answer.
        reply: Reply,
    },
    /// All these changes are here.
    Ack {
        /// The view in which they were received.
        view: u64,
        /// How many there are.
        version: u64,
    },
}

/// A primary that executes, and its backups.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassivePrimaryBackup {
    backups: Backups,
    store: KeyValue,
    executed: Executed,
    /// How many changes the store has seen.
    version: u64,
    /// Answers, and the version that everybody must have before they are given.
    answers: VecDeque<(u64, Command, Reply)>,
    requests: Requests,
    /// Defect: answers what the backups do not have yet.
    answers_first: bool,
}

impl PassivePrimaryBackup {
    /// With a detector that takes at most this long.
    pub fn new(failover: Duration) -> Self {
        PassivePrimaryBackup { backups: Backups::new(failover), ..Self::default() }
    }

    /// The same with a defect: it answers what the backups do not have yet.
    pub fn answering_first(failover: Duration) -> Self {
        PassivePrimaryBackup { answers_first: true, ..PassivePrimaryBackup::new(failover) }
    }

    fn tell_backups(&self, message: &Message, cx: &mut Cx<'_, Self>) {
        for q in self.backups.others(cx.me) {
            cx.trigger(Fl(Send(q, message.clone())));
        }
    }

    /// Sends a command to the primary, as far as one knows.
    fn request(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        match self.backups.other_primary() {
            Some(primary) => cx.trigger(Fl(Send(primary, Message::Request(command)))),
            None => self.execute(command, cx),
        }
    }

    fn execute(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        if self.executed.contains(&command) {
            if let Some(reply) = self.executed.reply(&command) {
                self.answers.push_back((self.version, command, reply));
            }
            return;
        }
        // What is sent to the others is the new value of a key.
        if let Question::Enqueue { .. } | Question::Dequeue { .. } = command.question {
            let (code, text) = (NOT_SUPPORTED, "there are no queues here".to_string());
            return self.answer(&command, Reply::Error { code, text }, cx);
        }
        let reply = self.store.execute(&command.question);
        let write = match (&command.question, &reply) {
            (&Question::Write { key, value }, _) => Some((key, value)),
            (&Question::Cas { key, to, .. }, Reply::CasOk) => Some((key, to)),
            _ => None,
        };
        if let Some(write) = write {
            self.version += 1;
            self.executed.insert(&command, reply.clone());
            let (view, version) = (self.backups.view, self.version);
            let (command, reply) = (command.clone(), reply.clone());
            self.tell_backups(&Message::Change { view, version, write, command, reply }, cx);
        }
        self.answers.push_back((self.version, command, reply));
    }

    fn answer(&mut self, command: &Command, reply: Reply, cx: &mut Cx<'_, Self>) {
        if command.origin == cx.me {
            self.requests.answer(command.number, reply, cx);
        } else {
            let answer = Message::Answer(command.number, reply);
            cx.trigger(Fl(Send(command.origin, answer)));
        }
    }

    fn take_over(&mut self, cx: &mut Cx<'_, Self>) {
        cx.note(self.backups.take_over(cx.me));
        let (view, version) = (self.backups.view, self.version);
        if view > 0 {
            cx.mark("failover");
        }
        let (store, executed) = (self.store.values(), self.executed.clone());
        self.tell_backups(&Message::State { view, version, store, executed }, cx);
    }

    fn obey(&mut self, primary: ProcessId, message: Message, cx: &mut Cx<'_, Self>) {
        match message {
            Message::State { view, version, store, executed } if view > self.backups.view => {
                (self.backups.view, self.version, self.executed) = (view, version, executed);
                self.store = KeyValue::holding(store);
            }
            Message::Change { view, version, write: (key, value), command, reply }
                if view == self.backups.view && version == self.version + 1 =>
            {
                self.version = version;
                self.store.execute(&Question::Write { key, value });
                self.executed.insert(&command, reply);
            }
            // Of a view that is over.
            _ => return,
        }
        let (view, version) = (self.backups.view, self.version);
        cx.trigger(Fl(Send(primary, Message::Ack { view, version })));
    }
}

impl Algorithm for PassivePrimaryBackup {
    type Implements = Serving<Question, Reply>;
    type Uses = (FifoLink<Message>, PerfectFailureDetector);
    type Timer = Retry;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.backups.begin(cx.all);
    }

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let command = self.requests.take(ask, cx);
        self.request(command, cx);
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            P(Crash(p)) => self.backups.lose(p),
            Fl(Deliver(_, Message::Answer(number, reply))) => {
                self.requests.answer(number, reply, cx);
            }
            Fl(Deliver(_, Message::Request(command))) => {
                // Whoever sent it to somebody else than the primary will send it again.
                if self.backups.primary {
                    self.execute(command, cx);
                }
            }
            Fl(Deliver(q, Message::Ack { view, version })) => {
                self.backups.acknowledged(q, view, version);
            }
            Fl(Deliver(primary, message)) => {
                if !self.backups.primary {
                    self.obey(primary, message, cx);
                }
            }
        }
    }

    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        for command in self.requests.late(cx) {
            self.request(command, cx);
        }
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if self.backups.is_next(cx.me) {
            self.take_over(cx);
            return true;
        }
        let acked = self.backups.everywhere(cx.me).filter(|_| !self.answers_first);
        let everywhere = acked.unwrap_or(self.version);
        match self.answers.pop_front() {
            Some((version, command, reply)) if version <= everywhere => {
                self.answer(&command, reply, cx);
                true
            }
            Some(early) => {
                self.answers.push_front(early);
                false
            }
            None => false,
        }
    }
}
