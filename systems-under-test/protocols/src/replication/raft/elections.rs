//! Raft's terms, votes and leaders.

use super::{Follower, Raft, RaftMessage, Role, Stored, Timer};
use crate::replication::patience::HEARTBEAT;
use schism_kernel::{Cx, Note, ProcessId, Send, Wire};
use std::collections::{BTreeMap, BTreeSet};

impl<C: Wire> Raft<C> {
    /// Enters a later term, in which nobody has this server's vote yet.
    pub(super) fn enter_term(&mut self, term: u64, cx: &mut Cx<'_, Self>) {
        if let Role::Leader { .. } = self.role {
            cx.note(Note::new("step-down").number(self.term));
            cx.cancel_timer(Timer::Heartbeat);
        }
        (self.role, self.term, self.voted_for, self.leader) = (Role::Follower, term, None, None);
        self.store_term(cx);
    }

    fn store_term(&mut self, cx: &mut Cx<'_, Self>) {
        let voted_for = if self.forgets_vote { None } else { self.voted_for };
        cx.store(Stored::Term(self.term, voted_for));
    }

    fn vote_for(&mut self, p: ProcessId, cx: &mut Cx<'_, Self>) {
        self.voted_for = Some(p);
        self.store_term(cx);
        cx.note(Note::new("vote").number(self.term).peer(p));
    }

    pub(super) fn stand_for_election(&mut self, cx: &mut Cx<'_, Self>) {
        cx.mark("election");
        self.enter_term(self.term + 1, cx);
        self.vote_for(cx.me, cx);
        self.role = Role::Candidate { votes: BTreeSet::from([cx.me]) };
        self.patience.renew(cx);
        let (term, last, last_term) = (self.term, self.log.last(), self.log.last_term());
        for q in cx.others() {
            cx.trigger(Send(q, RaftMessage::RequestVote { term, last, last_term }));
        }
        self.lead_if_elected(cx);
    }

    /// A candidate gets the vote if it is the first of its term to ask and its log is at least
    /// as complete as this server's.
    pub(super) fn requested_vote(
        &mut self,
        p: ProcessId,
        term: u64,
        its_last: (u64, u64),
        cx: &mut Cx<'_, Self>,
    ) {
        if term > self.term {
            self.enter_term(term, cx);
        }
        let free = self.voted_for.is_none() || self.voted_for == Some(p);
        let complete = its_last >= (self.log.last_term(), self.log.last());
        let granted = term == self.term && free && complete;
        if granted {
            if self.voted_for.is_none() {
                self.vote_for(p, cx);
            }
            self.patience.hear(cx.now);
        }
        cx.trigger(Send(p, RaftMessage::Vote { term: self.term, granted }));
    }

    pub(super) fn voted(&mut self, p: ProcessId, term: u64, granted: bool, cx: &mut Cx<'_, Self>) {
        if term > self.term {
            return self.enter_term(term, cx);
        }
        if let Role::Candidate { votes } = &mut self.role
            && term == self.term
            && granted
        {
            votes.insert(p);
            self.lead_if_elected(cx);
        }
    }

    fn lead_if_elected(&mut self, cx: &mut Cx<'_, Self>) {
        let Role::Candidate { votes } = &self.role else { return };
        if votes.len() < cx.majority() {
            return;
        }
        cx.note(Note::new("lead").number(self.term));
        cx.mark("leader change");
        let unknown = Follower { next: self.log.last() + 1, matching: 0, waiting: false };
        let followers: BTreeMap<_, _> = cx.others().map(|q| (q, unknown.clone())).collect();
        self.role = Role::Leader { followers };
        self.leader = Some(cx.me);
        // An entry of the new term, since only those are committed by counting.
        if !self.counts_old_terms {
            self.append(None, cx);
        }
        self.speak_to_everybody(cx);
    }

    /// Heartbeats, with whatever the followers do not have, sent again if need be.
    pub(super) fn speak_to_everybody(&mut self, cx: &mut Cx<'_, Self>) {
        let Role::Leader { followers } = &mut self.role else { return };
        let everybody: Vec<ProcessId> = followers.keys().copied().collect();
        for q in everybody {
            self.send_entries(q, cx);
        }
        cx.set_timer(Timer::Heartbeat, HEARTBEAT);
    }
}
