//! Zones: how the operations on one value of a register lie in time.
//!
//! See [`register`](super::register) for what they are good for.

/// An operation, by the records of its two ends; `u64::MAX` for an end that is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    /// Index of the invocation.
    pub(super) invoked: u64,
    /// Index of the completion.
    pub(super) end: u64,
}

/// Why two values cannot be ordered: an operation on the first ended before one on the second
/// began, and the other way round. No first operation stands for the initial value itself.
pub(super) struct Conflict {
    /// On the first value, then on the second.
    pub(super) first: (Option<Span>, Span),
    /// On the second value, then on the first.
    pub(super) second: (Span, Span),
}

/// From the earliest end to the latest beginning of the operations on a value, or the other way
/// round.
#[derive(Clone, Copy)]
pub(super) struct Zone {
    /// The operation that ended first. The initial value has none: it was there before everything.
    first_end: Option<Span>,
    last_begin: Span,
}

impl Zone {
    /// The zone of a value; a value in doubt that nobody has read need not exist.
    pub(super) fn new(first_end: Span, last_begin: Span) -> Option<Zone> {
        let exists = first_end.end != u64::MAX;
        exists.then_some(Zone { first_end: Some(first_end), last_begin })
    }

    /// The zone of the initial value, with the read of it that began last.
    pub(super) fn initial(last_begin: Span) -> Zone {
        Zone { first_end: None, last_begin }
    }

    /// The earliest end, counted from 1 so that the initial value comes before all.
    fn f(&self) -> u64 {
        self.first_end.map_or(0, |op| op.end + 1)
    }

    /// The latest beginning.
    fn s(&self) -> u64 {
        self.last_begin.invoked + 1
    }

    /// The evidence, if this value and that of `other` cannot be ordered.
    fn against(&self, other: &Zone) -> Option<Conflict> {
        let conflicts = self.f() < other.s() && other.f() < self.s();
        let (a, b) = if self.first_end.is_none() { (self, other) } else { (other, self) };
        Some(Conflict {
            first: (a.first_end, b.last_begin),
            second: (b.first_end.filter(|_| conflicts)?, a.last_begin),
        })
    }
}

/// Finds two values of a register that cannot be ordered, if there are any.
pub(super) fn conflict(zones: Vec<Zone>) -> Option<Conflict> {
    let (mut forward, backward): (Vec<_>, Vec<_>) = zones.into_iter().partition(|z| z.f() < z.s());
    forward.sort_unstable_by_key(Zone::f);
    for pair in forward.windows(2) {
        if pair[1].f() < pair[0].s() {
            return pair[0].against(&pair[1]);
        }
    }
    // Forward zones are disjoint now: only the last that begins before a backward zone can hold it.
    backward.iter().find_map(|zone| {
        let after = forward.partition_point(|forward| forward.f() < zone.s());
        zone.against(forward[..after].last()?)
    })
}
