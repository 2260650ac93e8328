//! Chain replication (van Renesse and Schneider, 2004).
//!
//! Model: fail-stop. Implements: a key-value service. Uses: FIFO links, the perfect failure
//! detector.
//!
//! Those who have not crashed stand in a chain, in the order of their rank. Changes enter at the
//! head and are passed on from one to the next; the tail, who has what all the others have, answers
//! them, and answers reads out of what it has, asking nobody. When somebody falls the two beside it
//! close the gap: the one before passes on again what the tail has not confirmed. A change costs
//! one message for each process of the chain, a read none.

use crate::replication::requests::{Executed, Requests, Retry};
use crate::services::kv::{Command, KeyValue, Question, Reply};
use schism_kernel::Two::{A as Fl, B as P};
use schism_kernel::{
    Algorithm, Ask, Crash, Cx, Deliver, FifoLink, Indication, Never, Note, PerfectFailureDetector,
    ProcessId, Send, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message {
    /// A command, for the head if it changes anything, else for the tail.
    Request(Command),
    /// The answer to the command of this number.
    Answer(u64, Reply),
    /// A change on its way down the chain, with its place among all changes.
    Change(u64, Command),
    /// On its way up the chain: the tail has all changes below this one.
    Confirm(u64),
}

/// A process of the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainReplication {
    correct: BTreeSet<ProcessId>,
    head: bool,
    successor: Option<ProcessId>,
    store: KeyValue,
    executed: Executed,
    changes: Vec<Command>,
    /// How many changes the tail is known to have.
    confirmed: u64,
    /// How many of the changes, being the tail, one has answered.
    answered: usize,
    requests: Requests,
    /// Defect: reads are answered by the head.
    pub reads_at_the_head: bool,
}

impl ChainReplication {
    fn is_tail(&self, cx: &Cx<'_, Self>) -> bool {
        self.correct.last() == Some(&cx.me)
    }

    fn reads_here(&self, cx: &Cx<'_, Self>) -> bool {
        if self.reads_at_the_head { self.head } else { self.is_tail(cx) }
    }

    /// Sends a command to whom it concerns, or deals with it.
    fn request(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        let is_read = matches!(command.question, Question::Read { .. });
        let at_the_head = !is_read || self.reads_at_the_head;
        let end = if at_the_head { self.correct.first() } else { self.correct.last() };
        match end {
            Some(&end) if end != cx.me => cx.trigger(Fl(Send(end, Message::Request(command)))),
            _ => self.requested(command, cx),
        }
    }

    fn requested(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        if let Question::Read { .. } = command.question {
            if self.reads_here(cx) {
                let reply = self.store.execute(&command.question);
                self.answer(&command, reply, cx);
            }
        } else if self.executed.contains(&command) {
            // The answer of a tail that fell may never have arrived.
            match self.executed.reply(&command) {
                Some(reply) if self.is_tail(cx) => self.answer(&command, reply, cx),
                Some(_) => {
                    if let Some(&tail) = self.correct.last() {
                        cx.trigger(Fl(Send(tail, Message::Request(command))));
                    }
                }
                None => {}
            }
        } else if self.head {
            self.change(command, cx);
        }
    }

    /// Executes a change and passes it on.
    fn change(&mut self, command: Command, cx: &mut Cx<'_, Self>) {
        let reply = self.store.execute(&command.question);
        self.executed.insert(&command, reply);
        let place = self.changes.len() as u64;
        self.changes.push(command.clone());
        if let Some(successor) = self.successor {
            cx.trigger(Fl(Send(successor, Message::Change(place, command))));
        }
    }

    fn answer(&mut self, command: &Command, reply: Reply, cx: &mut Cx<'_, Self>) {
        if command.origin == cx.me {
            self.requests.answer(command.number, reply, cx);
        } else {
            let answer = Message::Answer(command.number, reply);
            cx.trigger(Fl(Send(command.origin, answer)));
        }
    }

    /// Tells the process before that the tail has all changes confirmed so far.
    fn confirm(&self, cx: &mut Cx<'_, Self>) {
        if let Some(&before) = self.correct.range(..cx.me).next_back() {
            cx.trigger(Fl(Send(before, Message::Confirm(self.confirmed))));
        }
    }

    /// Stands in the chain as those who are left make it.
    fn close_gap(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.head && self.correct.first() == Some(&cx.me) {
            self.head = true;
            cx.note(Note::new("lead").number(u64::from(cx.me.0)));
        }
        let successor = self.correct.range(cx.me..).nth(1).copied();
        let former = std::mem::replace(&mut self.successor, successor);
        if former.is_some() && former != successor {
            cx.mark("gap closed");
        }
        if former != successor
            && let Some(successor) = successor
        {
            for (place, command) in self.changes.iter().enumerate().skip(self.confirmed as usize) {
                let change = Message::Change(place as u64, command.clone());
                cx.trigger(Fl(Send(successor, change)));
            }
        }
    }
}

impl Algorithm for ChainReplication {
    type Implements = Serving<Question, Reply>;
    type Uses = (FifoLink<Message>, PerfectFailureDetector);
    type Timer = Retry;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
        self.close_gap(cx);
    }

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let command = self.requests.take(ask, cx);
        self.request(command, cx);
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            P(Crash(p)) => {
                self.correct.remove(&p);
                self.close_gap(cx);
            }
            Fl(Deliver(_, Message::Answer(number, reply))) => {
                self.requests.answer(number, reply, cx);
            }
            Fl(Deliver(_, Message::Request(command))) => self.requested(command, cx),
            Fl(Deliver(_, Message::Change(place, command))) => {
                // What is here already was passed on twice, when a gap was closed.
                if place == self.changes.len() as u64 {
                    self.change(command, cx);
                }
            }
            Fl(Deliver(_, Message::Confirm(below))) => {
                if below > self.confirmed {
                    self.confirmed = below;
                    self.confirm(cx);
                }
            }
        }
    }

    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        for command in self.requests.late(cx) {
            self.request(command, cx);
        }
    }

    /// The tail answers what it has, and confirms it.
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if !self.is_tail(cx) || self.answered == self.changes.len() {
            return false;
        }
        while let Some(command) = self.changes.get(self.answered).cloned() {
            self.answered += 1;
            if let Some(reply) = self.executed.reply(&command) {
                self.answer(&command, reply, cx);
            }
        }
        self.confirmed = self.changes.len() as u64;
        self.confirm(cx);
        true
    }
}
