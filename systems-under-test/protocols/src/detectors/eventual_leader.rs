//! Algorithm 2.8: Monarchical Eventual Leader Detection.
//!
//! Model: fail-noisy. Implements: the eventual leader detector Ω. Uses: the eventually perfect
//! failure detector.
//!
//! Trust the first process in rank that is not suspected. Once suspicions are right everywhere,
//! everybody trusts the same correct process.

use crate::detectors::first_in_rank;
use schism_kernel::Suspicion::{Restore, Suspect};
use schism_kernel::{
    Algorithm, Cx, EventualLeaderDetector, EventuallyPerfectFailureDetector, Never, Note,
    ProcessId, Suspicion, Trust,
};
use std::collections::BTreeSet;

/// Algorithm 2.8.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonarchicalEventualLeaderDetection {
    suspected: BTreeSet<ProcessId>,
    leader: Option<ProcessId>,
    /// Defect: trusts the first in rank it has ever heard of, suspected or not.
    pub trusts_the_suspected: bool,
}

impl Algorithm for MonarchicalEventualLeaderDetection {
    type Implements = EventualLeaderDetector;
    type Uses = EventuallyPerfectFailureDetector;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, never: Never, _: &mut Cx<'_, Self>) {
        match never {}
    }

    fn upon_indication(&mut self, event: Suspicion, _: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ ◇P, Suspect | p ⟩ do
            Suspect(p) => self.suspected.insert(p),
            // upon event ⟨ ◇P, Restore | p ⟩ do
            Restore(p) => self.suspected.remove(&p),
        };
    }

    /// `upon leader ≠ maxrank(Π \ suspected) do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let nobody = BTreeSet::new();
        let suspected = if self.trusts_the_suspected { &nobody } else { &self.suspected };
        let first = first_in_rank(cx.all, suspected);
        let Some(leader) = first.filter(|_| first != self.leader) else { return false };
        self.leader = Some(leader);
        cx.note(Note::new("trust").peer(leader));
        cx.indicate(Trust(leader));
        true
    }
}
