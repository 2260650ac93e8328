//! Raft's log replication.

use super::{BATCH, Follower, Raft, RaftMessage, Role, Stored};
use crate::replication::raft::Key;
use crate::replication::raft::log::Entry;
use crate::replication::reached_by;
use schism_kernel::{Cx, Logged, ProcessId, Send, Wire};

impl<C: Wire> Raft<C> {
    fn push(&mut self, entry: Entry<C>, cx: &mut Cx<'_, Self>) {
        cx.store(Stored::Entry(self.log.last() + 1, entry.clone()));
        self.log.push(entry);
    }

    /// The leader takes a command. While entries are under way to a follower, new ones wait for
    /// its answer and then go together.
    pub(super) fn append(&mut self, command: Option<C>, cx: &mut Cx<'_, Self>) {
        self.push(Entry { term: self.term, command }, cx);
        self.speak_to_the_idle(cx);
        self.commit_what_a_majority_has(cx);
    }

    fn speak_to_the_idle(&mut self, cx: &mut Cx<'_, Self>) {
        let Role::Leader { followers } = &self.role else { return };
        let idle = followers.iter().filter(|(_, f)| !f.waiting).map(|(&q, _)| q);
        for q in idle.collect::<Vec<ProcessId>>() {
            self.send_entries(q, cx);
        }
    }

    pub(super) fn send_entries(&mut self, q: ProcessId, cx: &mut Cx<'_, Self>) {
        let Role::Leader { followers } = &mut self.role else { return };
        let Some(follower) = followers.get_mut(&q) else { return };
        let prev = follower.next - 1;
        let prev_term = self.log.term(prev).expect("a leader never truncates its log");
        let entries = self.log.from(follower.next, BATCH);
        follower.waiting = !entries.is_empty();
        let (term, commit) = (self.term, self.commit);
        cx.trigger(Send(q, RaftMessage::Append { term, prev, prev_term, entries, commit }));
    }

    pub(super) fn asked_to_append(
        &mut self,
        p: ProcessId,
        term: u64,
        (prev, prev_term): (u64, u64),
        entries: Vec<Entry<C>>,
        commit: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        if term < self.term {
            let retry_from = self.log.last() + 1;
            return cx.trigger(Send(p, RaftMessage::Rejected { term: self.term, retry_from }));
        }
        if term > self.term {
            self.enter_term(term, cx);
        }
        self.role = Role::Follower;
        self.leader = Some(p);
        self.patience.hear(cx.now);
        if self.log.term(prev) != Some(prev_term) {
            // Skip the whole term that does not fit, instead of one entry.
            let retry_from = match self.log.term(prev) {
                Some(_) => self.log.first_of_same_term(prev),
                None => self.log.last() + 1,
            };
            return cx.trigger(Send(p, RaftMessage::Rejected { term, retry_from }));
        }
        let matching = prev + entries.len() as u64;
        for (entry, index) in entries.into_iter().zip(prev + 1..) {
            match self.log.term(index) {
                Some(ours) if ours == entry.term => continue,
                Some(_) => self.truncate_from(index, cx),
                None => {}
            }
            self.push(entry, cx);
        }
        cx.trigger(Send(p, RaftMessage::Appended { term, matching }));
        self.commit_up_to(commit.min(matching), cx);
    }

    /// Another leader's entries take the place of some that were never committed.
    fn truncate_from(&mut self, index: u64, cx: &mut Cx<'_, Self>) {
        cx.mark("log truncated");
        // From the end: a crash in between must not leave a gap.
        for gone in (index..=self.log.last()).rev() {
            cx.erase(Key::Entry(gone));
        }
        self.log.truncate_from(index);
    }

    /// The follower that answers, if it answers the leader of this term.
    fn answered_by(
        &mut self,
        p: ProcessId,
        term: u64,
        cx: &mut Cx<'_, Self>,
    ) -> Option<&mut Follower> {
        if term > self.term {
            self.enter_term(term, cx);
        }
        match &mut self.role {
            Role::Leader { followers } if term == self.term => followers.get_mut(&p),
            _ => None,
        }
    }

    pub(super) fn appended(
        &mut self,
        p: ProcessId,
        term: u64,
        matching: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        let last = self.log.last();
        let Some(follower) = self.answered_by(p, term, cx) else { return };
        // Only news is answered with more entries. If every answer were, a repeated one would start
        // a second conversation beside the first, and neither would ever end under load.
        if matching <= follower.matching {
            return;
        }
        follower.waiting = false;
        follower.matching = matching;
        follower.next = follower.next.max(matching + 1);
        if follower.next <= last {
            self.send_entries(p, cx);
        }
        self.commit_what_a_majority_has(cx);
    }

    pub(super) fn rejected(
        &mut self,
        p: ProcessId,
        term: u64,
        retry_from: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(follower) = self.answered_by(p, term, cx) else { return };
        // An answer that was overtaken must not undo what is known since, and one that comes twice
        // is no news.
        let retry_from = retry_from.max(follower.matching + 1);
        if retry_from < follower.next {
            cx.mark("conflict");
            follower.next = retry_from;
            self.send_entries(p, cx);
        }
    }

    /// An entry of the leader's own term is committed once a majority has it. An older one is
    /// not: a server that lacks it may still be elected (section 5.4.2).
    fn commit_what_a_majority_has(&mut self, cx: &mut Cx<'_, Self>) {
        let Role::Leader { followers } = &self.role else { return };
        let matching = followers.values().map(|f| f.matching);
        let stored_by_majority = reached_by(cx.majority(), self.log.last(), matching);
        let own = self.log.term(stored_by_majority) == Some(self.term);
        if stored_by_majority > self.commit && (own || self.counts_old_terms) {
            self.commit_up_to(stored_by_majority, cx);
            // So that followers need not wait for the next heartbeat to learn of it.
            self.speak_to_the_idle(cx);
        }
    }

    fn commit_up_to(&mut self, index: u64, cx: &mut Cx<'_, Self>) {
        while self.commit < index {
            self.commit += 1;
            let Some(command) = self.log.entry(self.commit).command.clone() else { continue };
            self.slots += 1;
            cx.indicate(Logged::Commit(self.slots, command));
        }
    }
}
