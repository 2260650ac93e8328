//! How far a check may go, and which rules it may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far a check may go. The count of configurations is what makes verdicts repeatable: time
/// and memory depend on the machine, so they are backstops.
#[derive(Clone, Debug)]
pub struct Options {
    /// Configurations each object may cost, depth first and breadth first together.
    pub configurations: u64,
    /// Bytes the search may hold.
    pub memory: usize,
    /// Wall-clock time for the whole check.
    pub time: Option<Duration>,
    /// Threads to check independent objects on; 0 takes what the machine offers.
    pub threads: usize,
    /// Whether a linearizable history comes with its order, which is replayed before anything is
    /// said. Without it, the polynomial checks answer sooner and are taken at their word.
    pub order: bool,
    /// Whether a violation is explained: its core, the longest orders, the rejected candidates.
    /// Without, only the first failing operation is named, and the verdict comes sooner.
    pub explain: bool,
    /// What a `cas` that completed `fail` tells.
    pub failed_cas: FailedCas,
    /// Which rules and shortcuts are in force.
    pub rules: Rules,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            configurations: 20_000_000,
            memory: 2 << 30,
            time: None,
            threads: 0,
            order: true,
            explain: true,
            failed_cas: FailedCas::default(),
            rules: Rules::default(),
        }
    }
}

/// What a `cas` that completed `fail` tells about the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailedCas {
    /// It was compared and did not match if an error says so, else it did not happen.
    #[default]
    ByError,
    /// It was compared and did not match, whatever the error.
    Mismatch,
    /// Nothing: it did not happen.
    DidNotHappen,
}

/// The rules of the search, each of which may be switched off to test the others without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Try operations in the order in which they returned, not in which they were called.
    pub return_order: bool,
    /// Take pending operations that cannot change the state as soon as the state accepts them.
    pub absorption: bool,
    /// Of pending operations that are alike, take the one that returned first.
    pub symmetry: bool,
    /// Skip a configuration if one like it got as far with fewer resources spent.
    pub dominance: bool,
    /// Let an operation that may not have happened happen only if what follows needs it.
    pub justification: bool,
    /// Give up a configuration from which a pending operation is out of reach for good.
    pub lookahead: bool,
    /// Let a pending operation that every state accepts go unseen just before an overwrite.
    pub overwriting: bool,
    /// Try only some of the operations that can be exchanged with each other, where needs are known.
    pub independence: bool,
    /// Give up a configuration where what a pending operation needs first does not come any more.
    pub needs: bool,
    /// Give up a configuration where nothing is left that may bring about a pending operation, in
    /// searches that cost more configurations than this and four for each call.
    pub supply: Option<u64>,
    /// Take states for one that nothing will look at before they are overwritten.
    pub blindness: bool,
    /// Use polynomial checks where values are unique.
    pub fast_paths: bool,
    /// Use the model's own search where it has one.
    pub own_search: bool,
    /// Go breadth first, layer by layer, from the start.
    pub breadth_first: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            return_order: true,
            absorption: true,
            symmetry: true,
            dominance: true,
            justification: true,
            lookahead: true,
            overwriting: true,
            independence: true,
            needs: true,
            supply: Some(1_000),
            blindness: true,
            fast_paths: true,
            own_search: true,
            breadth_first: false,
        }
    }
}

impl Rules {
    /// No rule at all: a plain search with memory.
    pub fn none() -> Rules {
        Rules {
            return_order: false,
            absorption: false,
            symmetry: false,
            dominance: false,
            justification: false,
            lookahead: false,
            overwriting: false,
            independence: false,
            needs: false,
            supply: None,
            blindness: false,
            fast_paths: false,
            own_search: false,
            breadth_first: false,
        }
    }

    /// The rules that take nothing on trust from the model.
    pub fn unhinted() -> Rules {
        Rules {
            return_order: true,
            symmetry: true,
            dominance: true,
            justification: true,
            ..Rules::none()
        }
    }
}

/// Bytes that a system takes back in a nanosecond.
const GIVEN_BACK: usize = 8;

/// When to stop. Handed to every step of a model, so that a slow one can give up in time.
#[derive(Clone, Debug, Default)]
pub struct Deadline {
    at: Option<Instant>,
    cancelled: Option<Arc<AtomicBool>>,
    /// Work that may still be done.
    ration: Option<Arc<AtomicU64>>,
    /// Bytes that may be held by then.
    room: Option<usize>,
}

impl Deadline {
    /// Never.
    pub fn never() -> Deadline {
        Deadline::default()
    }

    /// So long from now, or never.
    pub fn after(time: Option<Duration>) -> Deadline {
        Deadline { at: time.map(|t| Instant::now() + t), ..Deadline::default() }
    }

    /// The same, or as soon as the flag is raised.
    pub(crate) fn or_when(&self, cancelled: Arc<AtomicBool>) -> Deadline {
        Deadline { cancelled: Some(cancelled), ..self.clone() }
    }

    /// The same, or after so much work. Work is counted and not timed, so that it ends in the same
    /// place on every machine.
    pub(crate) fn or_after(&self, work: u64) -> Deadline {
        Deadline { ration: Some(Arc::new(AtomicU64::new(work))), ..self.clone() }
    }

    /// The same, with so many bytes to work in.
    pub(crate) fn within(&self, memory: usize) -> Deadline {
        Deadline { room: Some(memory), ..self.clone() }
    }

    /// The bytes there are to work in, of those that would be enough.
    pub(crate) fn room(&self, enough: usize) -> usize {
        self.room.map_or(enough, |room| room.min(enough))
    }

    /// Counts some work.
    pub(crate) fn spend(&self, work: u64) {
        if let Some(ration) = &self.ration {
            // Whoever works by a ration does so on one thread.
            let left = ration.load(Ordering::Relaxed);
            ration.store(left.saturating_sub(work), Ordering::Relaxed);
        }
    }

    /// Whether work is counted.
    pub(crate) fn counts(&self) -> bool {
        self.ration.is_some()
    }

    /// Whether all the work allowed is done.
    pub(crate) fn spent(&self) -> bool {
        self.ration.as_ref().is_some_and(|ration| ration.load(Ordering::Relaxed) == 0)
    }

    /// Whether it is time to stop.
    pub fn expired(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|c| c.load(Ordering::Relaxed))
            || self.spent()
            || self.timed_out()
    }

    /// Whether the clock ran out.
    pub(crate) fn timed_out(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }

    /// Whether it is time to stop if all of so many bytes are to be given back by then.
    pub(crate) fn expired_holding(&self, bytes: usize) -> bool {
        let returning = || Duration::from_nanos((bytes / GIVEN_BACK) as u64);
        self.expired() || self.at.is_some_and(|at| Instant::now() + returning() >= at)
    }

    /// Whether there is anything to watch.
    pub(crate) fn is_set(&self) -> bool {
        self.at.is_some() || self.cancelled.is_some() || self.ration.is_some()
    }
}
