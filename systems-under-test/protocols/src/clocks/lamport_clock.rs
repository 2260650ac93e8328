//! Lamport's logical clock.
//!
//! Model: fail-silent. A rule for stamps.
//!
//! Every event makes the clock one larger; a delivery first moves it up to the stamp that came
//! with the message. So whatever may have caused an event has a smaller stamp. The converse does
//! not hold: a smaller stamp proves nothing.

use crate::clocks::{Here, LogicalClock, Told};
use schism_kernel::Note;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `L(e)`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LamportStamp(pub u64);

impl Told for LamportStamp {
    fn told(&self, note: Note, _: Duration) -> Note {
        note.number(self.0)
    }
}

/// Lamport's logical clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LamportClock {
    l: u64,
    /// Defect: a delivery takes no notice of the stamp that came with the message.
    pub no_max_on_receive: bool,
}

impl LogicalClock for LamportClock {
    type Stamp = LamportStamp;

    /// `l := l + 1`
    fn tick(&mut self, _: Here) -> LamportStamp {
        self.l += 1;
        LamportStamp(self.l)
    }

    /// `l := max(l, l') + 1`
    fn receive(&mut self, LamportStamp(theirs): LamportStamp, here: Here) -> LamportStamp {
        if !self.no_max_on_receive {
            self.l = self.l.max(theirs);
        }
        self.tick(here)
    }
}
