//! Hybrid logical clocks (Kulkarni, Demirbas, Madappa, Avva, Leone, 2014).
//!
//! Model: fail-silent, skewed clocks. A rule for stamps.
//!
//! A stamp is a time and a count. The time is the latest that any clock showed when something
//! happened that this event may follow from: so it is never behind the process's own clock, and
//! never ahead of all clocks. Where the time stands still because the process's clock is behind,
//! the count goes up instead. So stamps say what Lamport's say, and what time it is, as well as
//! anybody's clock knows.

use crate::clocks::{Here, LogicalClock, Told};
use schism_kernel::Note;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `⟨l.e, c.e⟩`: nanoseconds, and how many events have shared them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct HybridStamp(pub u64, pub u64);

impl Told for HybridStamp {
    fn told(&self, note: Note, now: Duration) -> Note {
        note.value(vec![self.0, self.1]).number(nanos(now))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A hybrid logical clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HybridClock {
    last: HybridStamp,
    /// Defect: a delivery takes no notice of the stamp that came with the message.
    pub ignores_the_received_stamp: bool,
    /// Defect: where the time stands still, it is moved on instead of the count.
    pub counts_in_nanoseconds: bool,
}

impl HybridClock {
    /// The first stamp after this one, and not before what the process's own clock shows.
    fn after(&mut self, latest: HybridStamp, here: Here) -> HybridStamp {
        let HybridStamp(l, c) = latest;
        let pt = nanos(here.now);
        self.last = match () {
            () if pt > l => HybridStamp(pt, 0),
            () if self.counts_in_nanoseconds => HybridStamp(l + 1, 0),
            () => HybridStamp(l, c + 1),
        };
        self.last
    }
}

impl LogicalClock for HybridClock {
    type Stamp = HybridStamp;

    /// `l' := l; l := max(l', pt); if l = l' then c := c + 1 else c := 0`
    fn tick(&mut self, here: Here) -> HybridStamp {
        self.after(self.last, here)
    }

    /// `l' := l; l := max(l', l.m, pt)`, and `c` above that of whichever of the two stamps has
    /// this `l`, or 0.
    fn receive(&mut self, theirs: HybridStamp, here: Here) -> HybridStamp {
        let theirs = if self.ignores_the_received_stamp { self.last } else { theirs };
        self.after(self.last.max(theirs), here)
    }
}
