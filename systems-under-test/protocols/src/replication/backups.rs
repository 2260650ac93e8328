//! Who is the primary, and what the backups are known to have.
//!
//! The first process in rank that has not crashed is the primary, and its rank is its view.

use schism_kernel::{Note, ProcessId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A primary, or a backup of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Backups {
    /// Who has not crashed.
    correct: BTreeSet<ProcessId>,
    /// The rank of the primary whose word counts.
    pub view: u64,
    /// Whether that is this process.
    pub primary: bool,
    /// How much every backup has acknowledged.
    acked: BTreeMap<ProcessId, u64>,
    /// How soon a primary that falls is to be followed by the next.
    failover: Duration,
}

impl Backups {
    /// With a detector that takes at most this long.
    pub fn new(failover: Duration) -> Self {
        Backups { failover, ..Backups::default() }
    }

    /// Everybody is there.
    pub fn begin(&mut self, all: &[ProcessId]) {
        self.correct = all.iter().copied().collect();
    }

    /// Somebody is not there any more.
    pub fn lose(&mut self, p: ProcessId) {
        self.correct.remove(&p);
    }

    /// The primary, if it is another process.
    pub fn other_primary(&self) -> Option<ProcessId> {
        self.correct.first().copied().filter(|_| !self.primary)
    }

    /// Those of the others who have not crashed.
    pub fn others(&self, me: ProcessId) -> impl Iterator<Item = ProcessId> + '_ {
        self.correct.iter().copied().filter(move |&q| q != me)
    }

    /// Whether it is on this process to take over.
    pub fn is_next(&self, me: ProcessId) -> bool {
        !self.primary && self.correct.first() == Some(&me)
    }

    /// Takes over, and says so.
    pub fn take_over(&mut self, me: ProcessId) -> Note {
        self.primary = true;
        self.view = u64::from(me.0);
        Note::new("lead").number(self.view).value(self.failover.as_millis() as u64)
    }

    /// A backup has so much of what the primary of this view has sent.
    pub fn acknowledged(&mut self, q: ProcessId, view: u64, count: u64) {
        if self.primary && view == self.view {
            self.acked.insert(q, count);
        }
    }

    /// How much all the backups have; nothing, if there is none.
    pub fn everywhere(&self, me: ProcessId) -> Option<u64> {
        self.others(me).map(|q| self.acked.get(&q).copied().unwrap_or(0)).min()
    }
}
