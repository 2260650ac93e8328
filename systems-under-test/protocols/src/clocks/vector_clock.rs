//! Vector clocks (Fidge, Mattern).
//!
//! Model: fail-silent. A rule for stamps.
//!
//! A process counts its own events, and remembers how many of each other process's it has heard
//! of, directly or through others. One event comes before another exactly if its vector is
//! smaller; vectors of which neither is smaller belong to events that know nothing of each other.
//! That is bought with one entry per process in every message.

use crate::clocks::{Here, LogicalClock, Told};
use schism_kernel::Note;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `V(e)`: an entry per process, by rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VectorStamp(pub Vec<u64>);

impl Told for VectorStamp {
    fn told(&self, note: Note, _: Duration) -> Note {
        note.value(self.0.clone())
    }
}

/// A vector clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VectorClock {
    v: Vec<u64>,
    /// Defect: a delivery learns nothing about the process that follows us in rank.
    pub drops_one_entry: bool,
}

impl LogicalClock for VectorClock {
    type Stamp = VectorStamp;

    /// `v[self] := v[self] + 1`
    fn tick(&mut self, here: Here) -> VectorStamp {
        self.v.resize(here.n, 0);
        self.v[usize::from(here.me.0)] += 1;
        VectorStamp(self.v.clone())
    }

    /// `forall p ∈ Π do v[p] := max(v[p], v'[p])`, and then as for any event.
    fn receive(&mut self, VectorStamp(theirs): VectorStamp, here: Here) -> VectorStamp {
        self.v.resize(here.n, 0);
        let dropped = (usize::from(here.me.0) + 1) % here.n;
        for (p, (ours, theirs)) in self.v.iter_mut().zip(theirs).enumerate() {
            if !(self.drops_one_entry && p == dropped) {
                *ours = theirs.max(*ours);
            }
        }
        self.tick(here)
    }
}
