//! How much was inside a collection, as far as that still matters.
//!
//! A dequeue that found nothing needs an instant at which nothing was inside. Two levels are kept
//! for every instant since the oldest dequeue that is open: how many values were inside for all
//! that is known, and how many would be if every dequeue open then had taken one. The first falls
//! when it becomes known when something was taken out: from the call of the dequeue on. So a
//! dequeue that found nothing is right as soon as the first is zero somewhere, and wrong once the
//! second is not zero anywhere.
//!
//! Instants between which no change can begin are taken together.

use std::collections::BTreeMap;

/// Dequeues that found nothing and wait for a decision; beyond that, the oldest go without.
const WAITING: usize = 256;
/// How many stretches are kept before some are put together.
const MORE: usize = 64;

/// The least levels of a stretch of instants, up to the next.
#[derive(Clone, Copy, Default)]
struct Level {
    known: i64,
    least: i64,
}

/// A dequeue that found nothing.
struct Waiting {
    called: u32,
    returned: u32,
    process: u64,
}

pub(super) struct Levels {
    /// By the position after which they begin.
    stretches: BTreeMap<u32, Level>,
    waiting: Vec<Waiting>,
    /// How many stretches there may be.
    patience: usize,
}

impl Default for Levels {
    fn default() -> Levels {
        let stretches = BTreeMap::from([(0, Level::default())]);
        Levels { stretches, waiting: Vec::new(), patience: MORE }
    }
}

impl Levels {
    /// Begins a stretch, which changes the last level.
    fn begin(&mut self, position: u32, known: i64, least: i64) {
        let last = self.stretches.last_key_value().map_or(Level::default(), |(_, level)| *level);
        let level = Level { known: last.known + known, least: last.least + least };
        self.stretches.insert(position, level);
    }

    /// Changes everything from a position on. Of a stretch that this cuts in two, all falls, and
    /// nothing rises.
    fn change(&mut self, from: u32, known: i64, least: i64) {
        let whole = self.stretches.contains_key(&from);
        if let Some((_, level)) = self.stretches.range_mut(..from).next_back().filter(|_| !whole) {
            level.known += known.min(0);
            level.least += least.min(0);
        }
        for (_, level) in self.stretches.range_mut(from..) {
            level.known += known;
            level.least += least;
        }
    }

    /// Something is inside for certain from now on.
    pub fn entered(&mut self, position: u32) {
        self.begin(position, 1, 1);
    }

    /// It had been taken out, or may have been, from a position on.
    pub fn left(&mut self, from: u32) {
        self.change(from, -1, -1);
    }

    /// A dequeue begins.
    pub fn called(&mut self, position: u32) {
        self.begin(position, 0, -1);
    }

    /// What a dequeue did is known.
    pub fn settled(&mut self, called: u32) {
        self.change(called, 0, 1);
    }

    /// A dequeue found nothing.
    pub fn found_nothing(&mut self, called: u32, returned: u32, process: u64) {
        self.begin(returned, 0, 0);
        if self.waiting.len() >= WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(Waiting { called, returned, process });
    }

    /// A process whose dequeue found nothing where something was inside. To come are changes from
    /// these positions on, in ascending order.
    pub fn judge(&mut self, to_come: impl Iterator<Item = u32>) -> Option<u64> {
        let stretches = &self.stretches;
        let mut wrong = None;
        self.waiting.retain(|one| {
            let during = || stretches.range(one.called..one.returned).map(|(_, level)| level);
            if during().all(|level| level.least > 0) {
                wrong = wrong.or(Some(one.process));
            }
            during().all(|level| level.known > 0)
        });
        if self.stretches.len() > self.patience {
            self.put_together(to_come.collect());
        }
        wrong
    }

    /// Drops what nobody will ask for, and puts together what changes together.
    fn put_together(&mut self, mut apart: Vec<u32>) {
        apart.extend(self.waiting.iter().flat_map(|one| [one.called, one.returned]));
        apart.extend(self.stretches.last_key_value().map(|(now, _)| *now));
        apart.sort_unstable();
        let mut stretches: BTreeMap<u32, Level> = BTreeMap::new();
        for (position, level) in &self.stretches {
            if apart.binary_search(position).is_ok() {
                stretches.insert(*position, *level);
            } else if let Some(mut last) = stretches.last_entry() {
                let last = last.get_mut();
                *last = Level {
                    known: last.known.min(level.known),
                    least: last.least.min(level.least),
                };
            }
        }
        self.stretches = stretches;
        self.patience = 2 * self.stretches.len() + MORE;
    }
}
