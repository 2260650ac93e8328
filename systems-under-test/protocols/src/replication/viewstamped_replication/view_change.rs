//! How Viewstamped Replication gets from one view to the next.

use super::{
    DoViewChange, GetState, PrepareOk, StartView, Status, Suffix, Timer, ViewstampedReplication,
    primary_of,
};
use schism_kernel::{Cx, Note, ProcessId, Send, Wire};
use std::collections::BTreeMap;

impl<C: Wire> ViewstampedReplication<C> {
    /// Wants another view, and tells everybody.
    pub(super) fn change_view(&mut self, view: u64, cx: &mut Cx<'_, Self>) {
        cx.mark("view change");
        if let Status::Primary { .. } = self.status {
            cx.note(Note::new("step-down").number(self.view));
        }
        self.patience.renew(cx);
        self.view = view;
        let wanted_by = BTreeMap::from([(cx.me, self.commit)]);
        self.status = Status::ViewChange { wanted_by, logs: BTreeMap::new() };
        self.say_again(cx);
    }

    pub(super) fn wants_view(
        &mut self,
        p: ProcessId,
        view: u64,
        commit: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        self.commits.insert(p, commit);
        if view > self.view {
            self.change_view(view, cx);
        }
        if let Status::ViewChange { wanted_by, .. } = &mut self.status
            && view == self.view
            && wanted_by.insert(p, commit).is_none()
        {
            self.send_log(cx);
        }
    }

    /// With enough others who want the view, its primary among them, a replica gives up its log.
    pub(super) fn send_log(&mut self, cx: &mut Cx<'_, Self>) {
        let Status::ViewChange { wanted_by, .. } = &self.status else { return };
        let primary = primary_of(self.view, cx);
        let (true, Some(&from)) = (wanted_by.len() >= cx.majority(), wanted_by.get(&primary))
        else {
            return;
        };
        let (view, last_normal, commit) = (self.view, self.last_normal, self.commit);
        let log = self.suffix(from);
        match primary == cx.me {
            true => self.given_log(cx.me, view, (last_normal, log, commit), cx),
            false => cx.trigger(Send(primary, DoViewChange { view, log, last_normal, commit })),
        }
    }

    /// With a majority of logs the primary starts the view from the best of them.
    pub(super) fn given_log(
        &mut self,
        p: ProcessId,
        view: u64,
        given: (u64, Suffix<C>, u64),
        cx: &mut Cx<'_, Self>,
    ) {
        if view > self.view {
            self.change_view(view, cx);
        }
        self.commits.insert(p, given.2);
        let me = primary_of(view, cx) == cx.me;
        let Status::ViewChange { logs, .. } = &mut self.status else { return };
        if view != self.view || !me {
            return;
        }
        logs.insert(p, given);
        let enough = if self.starts_a_view_from_one_reply { 1 } else { cx.majority() };
        if logs.len() < enough || !logs.contains_key(&cx.me) {
            return;
        }
        let commit = logs.values().map(|(_, _, commit)| *commit).max().unwrap_or(0);
        let logs = std::mem::take(logs).into_iter();
        let best = logs.max_by_key(|(_, (last_normal, log, _))| (*last_normal, log.end()));
        if let Some((whose, (_, log, _))) = best {
            if whose != cx.me {
                cx.mark("log taken over");
            }
            self.replace_from(log);
        }
        self.lead(cx);
        self.commit_up_to(commit, cx);
    }

    /// Puts a log in place of this replica's own from a place on, up to which they are the same.
    fn replace_from(&mut self, log: Suffix<C>) {
        self.log.truncate(log.from as usize);
        self.log.extend(log.commands);
    }

    /// A backup enters a view.
    pub(super) fn told_view(
        &mut self,
        p: ProcessId,
        view: u64,
        log: Suffix<C>,
        commit: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        if view < self.view {
            return;
        }
        if !self.normal_in(view) {
            if log.from > self.commit {
                return cx.trigger(Send(p, GetState(view, self.commit)));
            }
            if let Status::Primary { .. } = self.status {
                cx.note(Note::new("step-down").number(self.view));
            }
            cx.cancel_timer(Timer::Again);
            self.replace_from(log);
            (self.view, self.last_normal) = (view, view);
            self.status = Status::Backup { early: BTreeMap::new() };
        }
        self.patience.hear(cx.now);
        cx.trigger(Send(p, PrepareOk(view, self.log.len() as u64)));
        self.commit_up_to(commit, cx);
    }

    /// The primary tells a backup that is not in its view the whole log, from its commits on.
    pub(super) fn asked_for_state(
        &mut self,
        p: ProcessId,
        view: u64,
        commit: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        self.commits.insert(p, commit);
        if let Status::Primary { .. } = self.status
            && view == self.view
        {
            cx.mark("state transfer");
            let (log, commit) = (self.suffix(commit.min(self.commit)), self.commit);
            cx.trigger(Send(p, StartView { view, log, commit }));
        }
    }
}
