//! The acceptor and the learner of Multi-Paxos.

use super::{
    Accepted, BATCH, Ballot, Behind, CHECKPOINT, Chosen, MultiPaxos, Promise, Role, Slot, Stored,
    Timer, Vote,
};
use schism_kernel::{Cx, Logged, Note, ProcessId, Send, Wire};

impl<C: Wire> MultiPaxos<C> {
    /// Promises not to listen to older ballots, its own included.
    pub(super) fn promise(&mut self, ballot: Ballot, cx: &mut Cx<'_, Self>) {
        if ballot == self.promised {
            return;
        }
        if let Role::Leader { ballot, .. } = self.role {
            cx.note(Note::new("step-down").number(ballot.number(cx.n())));
            cx.cancel_timer(Timer::Heartbeat);
        }
        (self.role, self.leader, self.promised) = (Role::Follower, None, ballot);
        cx.store(Stored::Promised(ballot));
    }

    /// Phase 1b: tells what it has accepted in the slots that the candidate asks for.
    pub(super) fn asked_to_promise(
        &mut self,
        p: ProcessId,
        ballot: Ballot,
        from: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        self.promise(ballot, cx);
        self.patience.hear(cx.now);
        cx.trigger(Send(p, Promise(ballot, self.votes_from(from))));
    }

    pub(super) fn votes_from(&self, slot: u64) -> Vec<(u64, Vote<C>)> {
        self.votes.range(slot..).map(|(&slot, vote)| (slot, vote.clone())).collect()
    }

    /// Whoever uses the latest ballot leads.
    pub(super) fn follow(&mut self, p: ProcessId, ballot: Ballot, cx: &mut Cx<'_, Self>) {
        self.promise(ballot, cx);
        self.leader = Some(p);
        self.patience.hear(cx.now);
    }

    pub(super) fn vote(&mut self, slot: u64, vote: Vote<C>, cx: &mut Cx<'_, Self>) {
        cx.store(Stored::Vote(slot, vote.clone()));
        self.votes.insert(slot, vote);
    }

    /// Phase 2b: accepts, which it has promised nobody not to do.
    pub(super) fn asked_to_accept(
        &mut self,
        p: ProcessId,
        ballot: Ballot,
        first: u64,
        values: Vec<Slot<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.follow(p, ballot, cx);
        let count = values.len() as u64;
        for (value, slot) in values.into_iter().zip(first..) {
            // What it knows to be chosen it has accepted, and more.
            let known = slot < self.chosen;
            if !known && self.votes.get(&slot).is_none_or(|(earlier, _)| *earlier < ballot) {
                self.vote(slot, (ballot, value), cx);
            }
        }
        cx.trigger(Send(p, Accepted(ballot, first, count)));
    }

    /// The leader of this ballot knows so many slots to be chosen: what was accepted in them in the
    /// same ballot is what was chosen.
    pub(super) fn learn(&mut self, ballot: Ballot, chosen: u64, cx: &mut Cx<'_, Self>) {
        while self.chosen < chosen
            && self.votes.get(&self.chosen).is_some_and(|(of, _)| *of == ballot)
        {
            self.learn_next(cx);
        }
    }

    pub(super) fn asked_what_is_chosen(&mut self, p: ProcessId, from: u64, cx: &mut Cx<'_, Self>) {
        let chosen = self.votes.range(from..self.chosen.max(from)).take(BATCH);
        let values = chosen.map(|(_, (_, value))| value.clone()).collect();
        cx.trigger(Send(p, Chosen(from, values)));
    }

    pub(super) fn told_what_is_chosen(
        &mut self,
        p: ProcessId,
        first: u64,
        values: Vec<Slot<C>>,
        cx: &mut Cx<'_, Self>,
    ) {
        cx.mark("caught up");
        let more = values.len() == BATCH;
        for (value, slot) in values.into_iter().zip(first..) {
            if slot != self.chosen {
                continue;
            }
            // The vote is brought in line, under its own ballot: no later one holds anything else.
            let (ballot, voted) = self.votes.get(&slot).cloned().unwrap_or((Ballot::NONE, None));
            if voted != value || ballot == Ballot::NONE {
                self.vote(slot, (ballot, value), cx);
            }
            self.learn_next(cx);
        }
        if more {
            cx.trigger(Send(p, Behind(self.chosen)));
        }
    }

    /// The next slot is chosen, and holds what this server has voted for.
    pub(super) fn learn_next(&mut self, cx: &mut Cx<'_, Self>) {
        self.tell_next(cx);
        if self.chosen.is_multiple_of(CHECKPOINT) {
            cx.store(Stored::Chosen(self.chosen));
        }
    }

    pub(super) fn tell_next(&mut self, cx: &mut Cx<'_, Self>) {
        let (_, value) = &self.votes[&self.chosen];
        self.chosen += 1;
        if let Some(command) = value.clone() {
            self.commands += 1;
            cx.indicate(Logged::Commit(self.commands, command));
        }
    }
}
