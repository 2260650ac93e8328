//! Primary and backups that all execute (active replication).
//!
//! Model: fail-stop. Implements: a replicated log. Uses: FIFO links, the perfect failure detector.
//!
//! The first process in rank that has not crashed is the primary. It puts commands into its log
//! and sends them to the others, who put them into theirs and acknowledge them. What all who have
//! not crashed have in their logs is committed, and executed by everybody. So when the primary
//! falls the next in rank knows all that was ever committed: it makes the logs of the others equal
//! to its own, which may also hold something that was not committed yet, and goes on.
//!
//! Any number of processes may crash, and a primary is followed by another as soon as its crash
//! is detected. Everything hangs on the detector: who is accused while alive still takes itself
//! for the primary, and there are two.

use crate::replication::backups::Backups;
use schism_kernel::Two::{A as Fl, B as P};
use schism_kernel::{
    Algorithm, Crash, Cx, Deliver, FifoLink, Indication, Logged, Never, PerfectFailureDetector,
    ProcessId, ReplicatedLog, Send, Submit, Wire,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What processes say to each other. A view is the rank of its primary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message<C> {
    /// A command, for the primary.
    Forward(C),
    /// A new primary. What it says about its log comes in one message: who forgot what the primary
    /// has not, and then lost the primary, could have forgotten what was committed.
    View {
        /// Its view.
        view: u64,
        /// The first slot that is not known to be committed.
        from: u64,
        /// What is in this slot and those beyond, and nothing else is.
        commands: Vec<C>,
    },
    /// The command of a slot.
    Entry {
        /// The primary's view.
        view: u64,
        /// The slot.
        slot: u64,
        /// The command.
        command: C,
    },
    /// Everything below is in the log.
    Ack {
        /// The view in which it was received.
        view: u64,
        /// The first slot that is not.
        below: u64,
    },
    /// Everything below is in everybody's log.
    Commit {
        /// The primary's view.
        view: u64,
        /// The first slot that is not.
        below: u64,
    },
}

/// Primary and backups over a log of commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrimaryBackup<C> {
    backups: Backups,
    log: Vec<C>,
    committed: u64,
    executed: u64,
    /// Defect: commits what the backups do not have yet.
    answers_first: bool,
}

impl<C> PrimaryBackup<C> {
    /// With a detector that takes at most this long.
    pub fn new(failover: Duration) -> Self {
        PrimaryBackup {
            backups: Backups::new(failover),
            log: Vec::new(),
            committed: 0,
            executed: 0,
            answers_first: false,
        }
    }

    /// The same with a defect: it commits what the backups do not have yet.
    pub fn answering_first(failover: Duration) -> Self {
        PrimaryBackup { answers_first: true, ..PrimaryBackup::new(failover) }
    }

    fn len(&self) -> u64 {
        self.log.len() as u64
    }
}

impl<C: Wire> PrimaryBackup<C> {
    fn tell_backups(&self, message: Message<C>, cx: &mut Cx<'_, Self>) {
        for q in self.backups.others(cx.me) {
            cx.trigger(Fl(Send(q, message.clone())));
        }
    }

    fn append(&mut self, command: C, cx: &mut Cx<'_, Self>) {
        let (view, slot) = (self.backups.view, self.len());
        self.log.push(command.clone());
        self.tell_backups(Message::Entry { view, slot, command }, cx);
    }

    fn acknowledge(&self, primary: ProcessId, cx: &mut Cx<'_, Self>) {
        let (view, below) = (self.backups.view, self.len());
        cx.trigger(Fl(Send(primary, Message::Ack { view, below })));
    }

    fn take_over(&mut self, cx: &mut Cx<'_, Self>) {
        cx.note(self.backups.take_over(cx.me));
        let view = self.backups.view;
        if view > 0 {
            cx.mark("failover");
        }
        let from = self.committed.min(self.len());
        let commands = self.log[from as usize..].to_vec();
        self.tell_backups(Message::View { view, from, commands }, cx);
    }

    fn obey(&mut self, primary: ProcessId, message: Message<C>, cx: &mut Cx<'_, Self>) {
        match message {
            Message::View { view, from, commands } if view > self.backups.view => {
                self.backups.view = view;
                self.log.truncate(from as usize);
                self.log.extend(commands);
                self.acknowledge(primary, cx);
            }
            Message::Entry { view, slot, command }
                if view == self.backups.view && slot == self.len() =>
            {
                self.log.push(command);
                self.acknowledge(primary, cx);
            }
            Message::Commit { view, below } if view == self.backups.view => {
                self.committed = self.committed.max(below);
            }
            // Of a view that is over.
            _ => {}
        }
    }
}

impl<C: Wire> Algorithm for PrimaryBackup<C> {
    type Implements = ReplicatedLog<C>;
    type Uses = (FifoLink<Message<C>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.backups.begin(cx.all);
    }

    fn upon_request(&mut self, Submit(command): Submit<C>, cx: &mut Cx<'_, Self>) {
        match self.backups.other_primary() {
            Some(primary) => cx.trigger(Fl(Send(primary, Message::Forward(command)))),
            None => self.append(command, cx),
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            P(Crash(p)) => self.backups.lose(p),
            Fl(Deliver(_, Message::Forward(command))) => {
                // Whoever sent it to somebody else than the primary will send it again.
                if self.backups.primary {
                    self.append(command, cx);
                }
            }
            Fl(Deliver(q, Message::Ack { view, below })) => {
                self.backups.acknowledged(q, view, below);
            }
            Fl(Deliver(primary, message)) => {
                if !self.backups.primary {
                    self.obey(primary, message, cx);
                }
            }
        }
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if self.backups.is_next(cx.me) {
            self.take_over(cx);
            return true;
        }
        let acked = self.backups.everywhere(cx.me).filter(|_| !self.answers_first);
        let everywhere = acked.unwrap_or(self.len());
        if self.backups.primary && everywhere > self.committed {
            self.committed = everywhere;
            let view = self.backups.view;
            self.tell_backups(Message::Commit { view, below: everywhere }, cx);
            return true;
        }
        if self.executed < self.committed.min(self.len()) {
            let command = self.log[self.executed as usize].clone();
            cx.indicate(Logged::Commit(self.executed, command));
            self.executed += 1;
            return true;
        }
        false
    }
}
