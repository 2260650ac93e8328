//! Zones: how the operations on one value of a register lie in time.
//!
//! See [`register`](super::register) for what they are good for.

use super::operations::Op;
use schism_history::Outcome;

/// A write and the reads of its value.
pub(super) struct Cluster<'h> {
    /// The write.
    pub(super) write: &'h Op<'h>,
    first_end: &'h Op<'h>,
    last_begin: &'h Op<'h>,
}

impl<'h> Cluster<'h> {
    /// The cluster of a write nobody has read.
    pub(super) fn new(write: &'h Op<'h>) -> Cluster<'h> {
        Cluster { write, first_end: write, last_begin: write }
    }

    /// Adds a read.
    pub(super) fn add(&mut self, read: &'h Op<'h>) {
        if read.end < self.first_end.end {
            self.first_end = read;
        }
        if read.invoked > self.last_begin.invoked {
            self.last_begin = read;
        }
    }
}

/// The reads of the initial value, which was there before everything.
#[derive(Default)]
pub(super) struct Initial<'h> {
    last_begin: Option<&'h Op<'h>>,
}

impl<'h> Initial<'h> {
    /// Adds a read.
    pub(super) fn add(&mut self, read: &'h Op<'h>) {
        if self.last_begin.is_none_or(|last| last.invoked < read.invoked) {
            self.last_begin = Some(read);
        }
    }
}

/// Why two values cannot be ordered: an operation on the first ended before one on the second
/// began, and the other way round. No first operation stands for the initial value itself.
pub(super) struct Conflict<'h> {
    /// On the first value, then on the second.
    pub(super) first: (Option<&'h Op<'h>>, &'h Op<'h>),
    /// On the second value, then on the first.
    pub(super) second: (&'h Op<'h>, &'h Op<'h>),
}

/// A zone: from the earliest end to the latest beginning of a cluster, or the other way round.
#[derive(Clone, Copy)]
struct Zone<'h> {
    f: u64,
    s: u64,
    first_end: Option<&'h Op<'h>>,
    last_begin: &'h Op<'h>,
}

impl<'h> Zone<'h> {
    /// The evidence, if this value and that of `other` cannot be ordered.
    fn against(&self, other: &Zone<'h>) -> Option<Conflict<'h>> {
        let conflicts = self.f < other.s && other.f < self.s;
        let (a, b) = if self.first_end.is_none() { (self, other) } else { (other, self) };
        Some(Conflict {
            first: (a.first_end, b.last_begin),
            second: (b.first_end.filter(|_| conflicts)?, a.last_begin),
        })
    }
}

/// Finds two values that cannot be ordered, if there are any.
pub(super) fn conflict<'h>(
    initial: &Initial<'h>,
    clusters: &[Cluster<'h>],
) -> Option<Conflict<'h>> {
    // Times are counted from 1, so that the initial value ends before all.
    let mut forward: Vec<Zone<'h>> = Vec::new();
    let mut backward: Vec<Zone<'h>> = Vec::new();
    forward.extend(initial.last_begin.map(|last_begin| Zone {
        f: 0,
        s: last_begin.invoked + 1,
        first_end: None,
        last_begin,
    }));
    for cluster in clusters {
        let (first_end, last_begin) = (cluster.first_end, cluster.last_begin);
        if first_end.end == u64::MAX || cluster.write.outcome == Outcome::Fail {
            // In doubt and never read, or failed: it need not, or must not, have happened.
            continue;
        }
        let (f, s) = (first_end.end + 1, last_begin.invoked + 1);
        let zone = Zone { f, s, first_end: Some(first_end), last_begin };
        if f < s { forward.push(zone) } else { backward.push(zone) }
    }
    forward.sort_unstable_by_key(|z| z.f);
    for pair in forward.windows(2) {
        if pair[1].f < pair[0].s {
            return pair[0].against(&pair[1]);
        }
    }
    // Forward zones are disjoint now: only the last that begins before a backward zone can hold it.
    backward.iter().find_map(|zone| {
        let after = forward.partition_point(|forward| forward.f < zone.s);
        let holder = forward[..after].last()?;
        zone.against(holder)
    })
}
