//! Viewstamped Replication (Liskov and Cowling, Viewstamped Replication Revisited, 2012).
//!
//! Model: fail-noisy, N > 2f. Implements: a replicated log. Uses: fair-loss links.
//!
//! Views follow one another, and whose turn it is to be primary in a view is known beforehand. The
//! primary numbers the commands; a command that a majority has in its log, with everything before
//! it, is committed. When the primary falls silent the others agree to change the view: each sends
//! its log to the next primary, which needs a majority of logs and goes on with the best of them:
//! that of the latest view, and of these the longest. One of the majority has seen whatever was
//! committed, so that nothing of it is lost. No disk is needed as long as those who crash stay away.
//!
//! Logs are told from where the other's commits end, as section 5.3 of the paper suggests: what is
//! committed is the same everywhere. So a replica waits for the word of the next primary before it
//! sends its log. A view that a replica has missed it enters by what the paper's state transfer does;
//! until it has the new log it keeps the old one, since it may be the last to know a command.

mod normal;
mod view_change;

use crate::replication::patience::Patience;
use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Logged, Never, ProcessId, ReplicatedLog, Send, Submit,
    Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many commands one message carries at most, when they are sent again.
const BATCH: usize = 256;

/// What replicas say to each other. A log is told from a place on: `from` so many commands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ViewstampedMessage<C> {
    /// `⟨PREPARE v, m, n, k⟩`
    Prepare {
        /// The view.
        view: u64,
        /// How many commands stand before these.
        from: u64,
        /// The commands.
        commands: Vec<C>,
        /// How many are committed.
        commit: u64,
    },
    /// `⟨PREPAREOK v, n, i⟩`: the log has so many commands.
    PrepareOk(u64, u64),
    /// `⟨COMMIT v, k⟩`: the primary lives, and so many are committed.
    Commit(u64, u64),
    /// `⟨STARTVIEWCHANGE v, i⟩`, and how many commands its sender knows to be committed.
    StartViewChange(u64, u64),
    /// `⟨DOVIEWCHANGE v, l, v', n, k, i⟩`
    DoViewChange {
        /// The view to change to.
        view: u64,
        /// The log.
        log: Suffix<C>,
        /// The latest view in which its sender was normal.
        last_normal: u64,
        /// How many commands its sender knows to be committed.
        commit: u64,
    },
    /// `⟨STARTVIEW v, l, n, k⟩`; repeated until it is answered.
    StartView {
        /// The view.
        view: u64,
        /// The log.
        log: Suffix<C>,
        /// How many are committed.
        commit: u64,
    },
    /// `⟨GETSTATE v, n', i⟩`: only so many commands are committed here.
    GetState(u64, u64),
    /// A command that a backup was given.
    Forward(C),
}
use ViewstampedMessage::{
    Commit, DoViewChange, Forward, GetState, Prepare, PrepareOk, StartView, StartViewChange,
};

/// A log from a place on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Suffix<C> {
    /// How many commands stand before these.
    from: u64,
    /// The commands.
    commands: Vec<C>,
}

impl<C> Suffix<C> {
    /// `n`: how many commands the whole log has.
    fn end(&self) -> u64 {
        self.from + self.commands.len() as u64
    }
}

/// The timers of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Look whether the primary was heard of.
    Silence,
    /// Say again what may have got lost; set while there is something to say.
    Again,
}

/// `status`, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Status<C> {
    /// As a backup, with commands that came before their turn.
    Backup { early: BTreeMap<u64, C> },
    /// As the primary, with how far the backups' logs reach, if they have entered the view.
    Primary { reached: BTreeMap<ProcessId, u64> },
    /// Between two views.
    ViewChange {
        /// Who wants it, with what they know to be committed.
        wanted_by: BTreeMap<ProcessId, u64>,
        /// The logs that the next primary has got: last normal view and commit number of each.
        logs: BTreeMap<ProcessId, (u64, Suffix<C>, u64)>,
    },
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewstampedReplication<C> {
    view: u64,
    last_normal: u64,
    status: Status<C>,
    log: Vec<C>,
    commit: u64,
    /// What others know to be committed, where they told.
    commits: BTreeMap<ProcessId, u64>,
    patience: Patience,
    /// Defect: the next primary is content with a single log, its own.
    pub starts_a_view_from_one_reply: bool,
}

impl<C> Default for ViewstampedReplication<C> {
    fn default() -> Self {
        ViewstampedReplication {
            view: 0,
            last_normal: 0,
            status: Status::Backup { early: BTreeMap::new() },
            log: Vec::new(),
            commit: 0,
            commits: BTreeMap::new(),
            patience: Patience::default(),
            starts_a_view_from_one_reply: false,
        }
    }
}

/// Whose turn it is in a view.
fn primary_of<A: Algorithm>(view: u64, cx: &Cx<'_, A>) -> ProcessId {
    cx.all[(view % cx.n() as u64) as usize]
}

impl<C: Wire> Algorithm for ViewstampedReplication<C> {
    type Implements = ReplicatedLog<C>;
    type Uses = FairLossLink<ViewstampedMessage<C>>;
    type Timer = Timer;
    type Stable = Never;

    /// `upon event ⟨ Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.patience.renew(cx);
        cx.set_timer(Timer::Silence, self.patience.left(cx.now));
        if primary_of(0, cx) == cx.me {
            self.lead(cx);
        }
    }

    /// `upon event ⟨ log, Submit | c ⟩ do`
    fn upon_request(&mut self, Submit(c): Submit<C>, cx: &mut Cx<'_, Self>) {
        match self.status {
            Status::Primary { .. } => self.take(c, cx),
            Status::Backup { .. } => cx.trigger(Send(primary_of(self.view, cx), Forward(c))),
            Status::ViewChange { .. } => cx.indicate(Logged::Refused(c)),
        }
    }

    /// `upon event ⟨ fll, Deliver | p, m ⟩ do`
    fn upon_indication(&mut self, event: Deliver<ViewstampedMessage<C>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, message) = event;
        match message {
            // Of a view that is over, or that this replica will be told of again.
            Prepare { view, .. } | Commit(view, _) if !self.normal_in(view) => {}
            Prepare { from, commands, commit, .. } => self.prepared(p, from, commands, commit, cx),
            PrepareOk(view, reached) => self.answered(p, view, reached, cx),
            Commit(_, commit) => {
                self.patience.hear(cx.now);
                self.commit_up_to(commit, cx);
            }
            StartViewChange(view, commit) => self.wants_view(p, view, commit, cx),
            DoViewChange { view, log, last_normal, commit } => {
                self.given_log(p, view, (last_normal, log, commit), cx);
            }
            StartView { view, log, commit } => self.told_view(p, view, log, commit, cx),
            GetState(view, commit) => self.asked_for_state(p, view, commit, cx),
            Forward(c) => {
                // Whoever submitted it tries again if nothing comes of it.
                if let Status::Primary { .. } = self.status {
                    self.take(c, cx);
                }
            }
        }
    }

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Silence => {
                let leads = matches!(self.status, Status::Primary { .. });
                if self.patience.is_over(leads, cx.now) {
                    self.change_view(self.view + 1, cx);
                }
                cx.set_timer(Timer::Silence, self.patience.left(cx.now));
            }
            Timer::Again => self.say_again(cx),
        }
    }
}

impl<C: Wire> ViewstampedReplication<C> {
    fn normal_in(&self, view: u64) -> bool {
        view == self.view && !matches!(self.status, Status::ViewChange { .. })
    }

    /// The log from a place on.
    fn suffix(&self, from: u64) -> Suffix<C> {
        Suffix { from, commands: self.log.iter().skip(from as usize).cloned().collect() }
    }

    fn commit_up_to(&mut self, commit: u64, cx: &mut Cx<'_, Self>) {
        while self.commit < commit.min(self.log.len() as u64) {
            let command = self.log[self.commit as usize].clone();
            self.commit += 1;
            cx.indicate(Logged::Commit(self.commit, command));
        }
    }
}
