//! Viewstamped Replication within a view.

use super::{
    BATCH, Commit, Prepare, PrepareOk, Status, Timer, ViewstampedMessage, ViewstampedReplication,
    primary_of,
};
use crate::replication::patience::HEARTBEAT;
use crate::replication::reached_by;
use schism_kernel::{Cx, Note, ProcessId, Send, Wire};
use std::collections::BTreeMap;

impl<C: Wire> ViewstampedReplication<C> {
    /// Begins to be primary of the view.
    pub(super) fn lead(&mut self, cx: &mut Cx<'_, Self>) {
        cx.note(Note::new("lead").number(self.view));
        cx.mark("leader change");
        self.last_normal = self.view;
        self.status = Status::Primary { reached: BTreeMap::new() };
        self.say_again(cx);
        self.commit_what_a_majority_has(cx);
    }

    /// The primary takes a command.
    pub(super) fn take(&mut self, command: C, cx: &mut Cx<'_, Self>) {
        let (view, from, commit) = (self.view, self.log.len() as u64, self.commit);
        self.log.push(command.clone());
        for q in cx.others() {
            let commands = vec![command.clone()];
            cx.trigger(Send(q, Prepare { view, from, commands, commit }));
        }
        self.commit_what_a_majority_has(cx);
    }

    /// A backup takes commands in their turn, and tells how far its log reaches.
    pub(super) fn prepared(
        &mut self,
        p: ProcessId,
        from: u64,
        commands: Vec<C>,
        commit: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        self.patience.hear(cx.now);
        let Status::Backup { early } = &mut self.status else { return };
        early.extend((from..).zip(commands));
        while let Some((number, command)) = early.pop_first() {
            let next = self.log.len() as u64;
            if number == next {
                self.log.push(command);
            } else if number > next {
                early.insert(number, command);
                break;
            }
        }
        cx.trigger(Send(p, PrepareOk(self.view, self.log.len() as u64)));
        self.commit_up_to(commit, cx);
    }

    pub(super) fn answered(
        &mut self,
        p: ProcessId,
        view: u64,
        reached: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        if view != self.view {
            return;
        }
        let Status::Primary { reached: by_backup } = &mut self.status else { return };
        let known = by_backup.entry(p).or_default();
        *known = reached.max(*known);
        self.commit_what_a_majority_has(cx);
    }

    fn commit_what_a_majority_has(&mut self, cx: &mut Cx<'_, Self>) {
        let Status::Primary { reached } = &self.status else { return };
        let others = reached.values().copied();
        let (before, own) = (self.commit, self.log.len() as u64);
        self.commit_up_to(reached_by(cx.majority(), own, others), cx);
        // So that backups need not wait for the next time to learn of it.
        if before < self.commit && self.commit == self.log.len() as u64 {
            for q in cx.others() {
                cx.trigger(Send(q, Commit(self.view, self.commit)));
            }
        }
    }

    /// Says again what may have got lost: the primary, that it lives and what a backup lacks;
    /// between views, who wants one.
    pub(super) fn say_again(&mut self, cx: &mut Cx<'_, Self>) {
        for q in cx.others() {
            let message = match &self.status {
                Status::Primary { reached } => self.what_to_say(q, reached.get(&q).copied()),
                Status::ViewChange { .. } => {
                    ViewstampedMessage::StartViewChange(self.view, self.commit)
                }
                Status::Backup { .. } => return,
            };
            cx.trigger(Send(q, message));
        }
        if let Status::ViewChange { .. } = self.status
            && primary_of(self.view, cx) != cx.me
        {
            self.send_log(cx);
        }
        cx.set_timer(Timer::Again, HEARTBEAT);
    }

    fn what_to_say(&self, q: ProcessId, reached: Option<u64>) -> ViewstampedMessage<C> {
        let (view, commit) = (self.view, self.commit);
        let Some(from) = reached else {
            let known = self.commits.get(&q).copied();
            let log = self.suffix(known.unwrap_or(commit).min(commit));
            return ViewstampedMessage::StartView { view, log, commit };
        };
        let commands: Vec<C> = self.log.iter().skip(from as usize).take(BATCH).cloned().collect();
        match commands.is_empty() {
            true => Commit(view, commit),
            false => Prepare { view, from, commands, commit },
        }
    }
}
