//! A register whose writes are unique, followed by what is known of each value.
//!
//! Whatever concerns a value lies together in any order. If something of `a` returned before the
//! last operation on `b` was called, and something of `b` before the last on `a` was, then neither
//! came first; and if that holds of no two values, there is an order (see `fast/zones.rs`, where
//! positions are one more than those of the ends too, for the first value).
//!
//! All operations to come are called after the oldest one that is open. Of the values of which
//! something returned before that, the one whose last operation was called last is newer than
//! everything that returned before that call. Nothing older can be read any more, and whatever an
//! older value rules out, that one does too, so older values are forgotten. Whoever reads one is
//! treated as if nobody had written it, and whoever writes one again as if it were new.

use super::rule::{End, Followed, Rule};
use crate::linearizability::fast::Access;
use crate::linearizability::model::{NEVER, Spec};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What lies together: the first return and the last call of it.
#[derive(Clone, Copy)]
pub(super) struct Cluster {
    pub first: u32,
    pub last: u32,
}

impl Cluster {
    /// Whether neither can have come first.
    pub fn clashes(self, other: Cluster) -> bool {
        self.first < other.last && other.first < self.last
    }
}

/// How an operation concerns a register, if it reads or writes a value and does nothing else.
pub(super) type Reading<M> = fn(&M, &<M as Spec>::Op) -> Option<Access>;

pub(super) struct Zones<M: Spec> {
    reading: Reading<M>,
    /// By the values that may still be read.
    clusters: FxHashMap<u32, Cluster>,
    /// Operations that are open, in the order of their calls: the call, and the value they write.
    open: BTreeMap<u32, (u32, Option<u32>)>,
    /// How many values may be left to forget.
    patience: usize,
}

impl<M: Spec> Zones<M> {
    /// A register that holds `initial` at first.
    pub fn new(reading: Reading<M>, initial: u32) -> Self {
        let clusters = FxHashMap::from_iter([(initial, Cluster { first: 0, last: 0 })]);
        Zones { reading, clusters, open: BTreeMap::new(), patience: 0 }
    }

    /// The operation on another value that makes this one impossible, if there is one.
    fn clash(&self, value: u32) -> Option<u32> {
        let own = *self.clusters.get(&value)?;
        let clashes = |(other, cluster): (&u32, &Cluster)| {
            (*other != value && own.clashes(*cluster)).then_some(*other)
        };
        // The smallest, as they come in no order.
        self.clusters.iter().filter_map(clashes).min()
    }

    fn forget(&mut self, position: u32) {
        if self.clusters.len() <= self.patience {
            return;
        }
        let oldest = self.open.values().next().map_or(position, |(called, _)| *called);
        let begun = self.clusters.iter().filter(|(_, cluster)| cluster.first < oldest);
        let newest = begun.max_by_key(|(value, cluster)| (cluster.last, **value));
        if let Some((newest, last)) = newest.map(|(value, cluster)| (*value, cluster.last)) {
            self.clusters.retain(|value, cluster| cluster.first >= last || *value == newest);
        }
        self.patience = 2 * self.clusters.len() + 16;
    }
}

impl<M: Spec + 'static> Rule<M, M::Op> for Zones<M> {
    fn called(&mut self, model: &M, end: &End<'_, M::Op>) -> Followed {
        let called = end.position + 1;
        let value = match end.op.map(|op| (self.reading)(model, op)) {
            // What will be read is not known yet.
            None => None,
            Some(Some(Access { value, write: true })) => Some(value),
            Some(_) => return Followed::Lost,
        };
        if let Some(value) = value {
            let new = Cluster { first: NEVER, last: called };
            let open = self.open.values().any(|(_, written)| *written == Some(value));
            if self.clusters.insert(value, new).is_some() || open {
                return Followed::Lost;
            }
        }
        self.open.insert(end.number, (called, value));
        Followed::Well
    }

    fn returned(&mut self, model: &M, end: &End<'_, M::Op>) -> Followed {
        let Some((called, written)) = self.open.remove(&end.number) else { return Followed::Lost };
        let position = end.position + 1;
        let access = end.op.map(|op| (self.reading)(model, op));
        let Access { value, .. } = match (access, written) {
            (None, None) => return Followed::Well,
            (None, Some(value)) => {
                // Only what was read is forgotten.
                let read = self.clusters.remove(&value).is_none_or(|c| c.first != NEVER);
                let sentence = "a write that failed was read";
                return if read { Followed::Wrong(sentence.into()) } else { Followed::Well };
            }
            (Some(Some(access)), _) => access,
            (Some(None), _) => return Followed::Lost,
        };
        let describe = |op: &M::Op| model.describe(op);
        let Some(cluster) = self.clusters.get_mut(&value) else {
            if written.is_some() {
                return Followed::Well;
            }
            let but = "but that was never written, or had been overwritten for certain";
            return end.says(describe, but);
        };
        cluster.first = cluster.first.min(position);
        cluster.last = cluster.last.max(called);
        if self.clash(value).is_some() {
            let but = "but another value had been there in between, which nothing explains";
            return end.says(describe, but);
        }
        self.forget(position);
        Followed::Well
    }

    fn lost(&mut self, _: &M, end: &End<'_, M::Op>) -> Followed {
        self.open.remove(&end.number);
        Followed::Well
    }
}
