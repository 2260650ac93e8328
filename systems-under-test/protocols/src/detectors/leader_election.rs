//! Algorithm 2.6: Monarchical Leader Election.
//!
//! Model: fail-stop. Implements: leader election. Uses: the perfect failure detector.
//!
//! The first process in rank that has not crashed leads. Since nobody is detected who has not
//! crashed, a leader is followed by another only when it is dead.

use crate::detectors::first_in_rank;
use schism_kernel::{
    Algorithm, Crash, Cx, LeaderElection, Never, Note, PerfectFailureDetector, ProcessId, Trust,
};
use std::collections::BTreeSet;

/// Algorithm 2.6.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonarchicalLeaderElection {
    suspected: BTreeSet<ProcessId>,
    leader: Option<ProcessId>,
}

impl Algorithm for MonarchicalLeaderElection {
    type Implements = LeaderElection;
    type Uses = PerfectFailureDetector;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    /// `upon event ⟨ P, Crash | p ⟩ do`
    fn upon_indication(&mut self, Crash(p): Crash, _: &mut Cx<'_, Self>) {
        self.suspected.insert(p);
    }

    /// `upon leader ≠ maxrank(Π \ suspected) do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let first = first_in_rank(cx.all, &self.suspected);
        let Some(leader) = first.filter(|_| first != self.leader) else { return false };
        self.leader = Some(leader);
        cx.note(Note::new("trust").peer(leader));
        cx.indicate(Trust(leader));
        true
    }
}
