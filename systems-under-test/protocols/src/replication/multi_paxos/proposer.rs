//! The proposer of Multi-Paxos: candidate in phase 1, leader in phase 2.

use super::{
    Accept, BATCH, Ballot, Heartbeat, MultiPaxos, Prepare, Proposal, Role, Slot, Timer, Vote,
};
use crate::replication::patience::HEARTBEAT;
use schism_kernel::{Cx, Note, ProcessId, Send, Wire};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

impl<C: Wire> MultiPaxos<C> {
    /// Phase 1a, for all slots not known to be chosen. The candidate promises first of all itself.
    pub(super) fn prepare(&mut self, cx: &mut Cx<'_, Self>) {
        cx.mark("election");
        self.patience.renew(cx);
        let ballot = self.promised.next(cx.me);
        self.promise(ballot, cx);
        self.role = Role::Candidate { ballot, promises: BTreeMap::new() };
        if self.skips_phase_1 {
            let own = self.votes_from(self.chosen);
            return self.lead(ballot, own, cx);
        }
        for q in cx.others() {
            cx.trigger(Send(q, Prepare(ballot, self.chosen)));
        }
        let own = self.votes_from(self.chosen);
        self.promised_to_me(cx.me, ballot, own, cx);
    }

    pub(super) fn promised_to_me(
        &mut self,
        p: ProcessId,
        of: Ballot,
        votes: Vec<(u64, Vote<C>)>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Role::Candidate { ballot, promises } = &mut self.role else { return };
        if of != *ballot {
            return;
        }
        promises.insert(p, votes);
        if promises.len() >= cx.majority() {
            let votes = std::mem::take(promises).into_values().flatten().collect();
            self.lead(of, votes, cx);
        }
    }

    /// With a majority of promises, the leader proposes again whatever may have been chosen.
    fn lead(&mut self, ballot: Ballot, votes: Vec<(u64, Vote<C>)>, cx: &mut Cx<'_, Self>) {
        cx.note(Note::new("lead").number(ballot.number(cx.n())));
        cx.mark("leader change");
        let mut highest: BTreeMap<u64, Vote<C>> = BTreeMap::new();
        for (slot, vote) in votes {
            let known = highest.entry(slot).or_insert_with(|| vote.clone());
            if known.0 < vote.0 {
                *known = vote;
            }
        }
        let next = highest.last_key_value().map_or(self.chosen, |(&last, _)| last + 1);
        let next = next.max(self.chosen);
        self.leader = Some(cx.me);
        self.role = Role::Leader { ballot, next, proposals: BTreeMap::new() };
        for slot in self.chosen..next {
            let found = highest.remove(&slot).map(|(_, value)| value);
            if found.is_none() {
                cx.mark("gap");
                if self.leaves_gaps {
                    continue;
                }
            }
            self.propose_in(slot, found.flatten(), false, cx);
        }
        self.speak_to_everybody(cx);
        self.learn_what_a_majority_accepted(cx);
    }

    /// Phase 2a, in the next free slot.
    pub(super) fn propose(&mut self, command: C, cx: &mut Cx<'_, Self>) {
        let Role::Leader { ballot, next, .. } = &mut self.role else { return };
        let (ballot, first) = (*ballot, *next);
        *next += 1;
        self.propose_in(first, Some(command.clone()), true, cx);
        for q in cx.others() {
            let (values, chosen) = (vec![Some(command.clone())], self.chosen);
            cx.trigger(Send(q, Accept { ballot, first, values, chosen }));
        }
        self.learn_what_a_majority_accepted(cx);
    }

    /// The leader accepts its proposals first of all itself.
    fn propose_in(&mut self, slot: u64, value: Slot<C>, fresh: bool, cx: &mut Cx<'_, Self>) {
        self.vote(slot, (self.promised, value), cx);
        if let Role::Leader { proposals, .. } = &mut self.role {
            let accepted_by = BTreeSet::from([cx.me]);
            proposals.insert(slot, Proposal { accepted_by, fresh });
        }
    }

    pub(super) fn accepted(
        &mut self,
        p: ProcessId,
        of: Ballot,
        slots: Range<u64>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Role::Leader { ballot, proposals, .. } = &mut self.role else { return };
        if of != *ballot {
            return;
        }
        for (_, proposal) in proposals.range_mut(slots) {
            proposal.accepted_by.insert(p);
        }
        self.learn_what_a_majority_accepted(cx);
    }

    /// Slots are chosen in any order, and told in that of the log.
    fn learn_what_a_majority_accepted(&mut self, cx: &mut Cx<'_, Self>) {
        let before = self.chosen;
        while let Role::Leader { proposals, .. } = &mut self.role
            && let Some(proposal) = proposals.get(&self.chosen)
            && proposal.accepted_by.len() >= cx.majority()
        {
            proposals.remove(&self.chosen);
            self.learn_next(cx);
        }
        // So that followers need not wait for the next heartbeat to learn of it.
        if let Role::Leader { ballot, proposals, .. } = &self.role
            && proposals.is_empty()
            && before < self.chosen
        {
            for q in cx.others() {
                cx.trigger(Send(q, Heartbeat(*ballot, self.chosen)));
            }
        }
    }

    /// A heartbeat, or again what was proposed and not accepted.
    pub(super) fn speak_to_everybody(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer(Timer::Heartbeat, HEARTBEAT);
        for q in cx.others() {
            for message in self.what_to_say(q) {
                cx.trigger(Send(q, message));
            }
        }
        if let Role::Leader { proposals, .. } = &mut self.role {
            proposals.values_mut().for_each(|proposal| proposal.fresh = false);
        }
    }

    fn what_to_say(&self, q: ProcessId) -> Vec<super::MultiPaxosMessage<C>> {
        let Role::Leader { ballot, proposals, .. } = &self.role else { return Vec::new() };
        let (ballot, chosen) = (*ballot, self.chosen);
        let missing = proposals.iter().filter(|(_, p)| !p.fresh && !p.accepted_by.contains(&q));
        let mut runs: Vec<(u64, Vec<Slot<C>>)> = Vec::new();
        for (&slot, _) in missing.take(BATCH) {
            let value = self.votes[&slot].1.clone();
            match runs.last_mut() {
                Some((first, values)) if *first + values.len() as u64 == slot => values.push(value),
                _ => runs.push((slot, vec![value])),
            }
        }
        let accept = |(first, values)| Accept { ballot, first, values, chosen };
        let mut messages: Vec<_> = runs.into_iter().map(accept).collect();
        messages.push(Heartbeat(ballot, chosen));
        messages
    }
}
