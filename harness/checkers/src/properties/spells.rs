//! When faults were in force.
//!
//! A promise that was kept in fair weather proves little, so most checks count how many of their
//! cases met a fault. A spell lasts from the beginning of a fault to its end, while a node is down
//! or paused, and from the moment a node turns Byzantine. A fault whose end says that it touched
//! nothing did not land and makes no spell.

use rustc_hash::FxHashMap;
use schism_history::{Fault, FaultEdge, Nanos, NodeChange, NodeEvent, NodeId};

/// The times at which at least one fault was in force.
pub struct Spells {
    spells: Vec<(Nanos, Nanos)>,
    faults: FxHashMap<u32, Nanos>,
    down: FxHashMap<NodeId, Nanos>,
    paused: FxHashMap<NodeId, Nanos>,
    end: Nanos,
}

impl Spells {
    /// No spells yet, in a history that ends at `end`.
    pub(super) fn new(end: Nanos) -> Spells {
        Spells {
            spells: Vec::new(),
            faults: FxHashMap::default(),
            down: FxHashMap::default(),
            paused: FxHashMap::default(),
            end,
        }
    }

    pub(super) fn fault(&mut self, time: Nanos, fault: &Fault) {
        match fault.edge {
            FaultEdge::Begin => {
                self.faults.entry(fault.id).or_insert(time);
            }
            FaultEdge::End => {
                let began = self.faults.remove(&fault.id);
                if let Some(began) = began.filter(|_| fault.touched > 0) {
                    self.spells.push((began, time));
                }
            }
        }
    }

    pub(super) fn node(&mut self, time: Nanos, event: &NodeEvent) {
        let over = match event.change {
            NodeChange::Killed | NodeChange::Died(_) => {
                self.down.entry(event.node).or_insert(time);
                None
            }
            NodeChange::Started { .. } => self.down.remove(&event.node),
            NodeChange::Paused => {
                self.paused.entry(event.node).or_insert(time);
                None
            }
            NodeChange::Resumed => self.paused.remove(&event.node),
            NodeChange::Byzantine(_) => {
                self.spells.push((time, Nanos::MAX));
                None
            }
            _ => None,
        };
        self.spells.extend(over.map(|began| (began, time)));
    }

    /// Closes what is still open and merges what overlaps.
    pub(super) fn finish(mut self) -> Spells {
        let open = self.faults.drain().map(|(_, t)| t);
        let open = open.chain(self.down.drain().map(|(_, t)| t));
        let open = open.chain(self.paused.drain().map(|(_, t)| t));
        let end = self.end;
        let open: Vec<_> = open.map(|began| (began, end)).collect();
        self.spells.extend(open);
        self.spells.sort_unstable();
        let mut merged: Vec<(Nanos, Nanos)> = Vec::with_capacity(self.spells.len());
        for &(from, until) in &self.spells {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => merged.push((from, until)),
            }
        }
        self.spells = merged;
        self
    }

    /// Whether a fault was in force at some time from `from` to `until`.
    #[inline]
    pub fn meet(&self, from: Nanos, until: Nanos) -> bool {
        let next = self.spells.partition_point(|&(_, end)| end < from);
        self.spells.get(next).is_some_and(|&(begin, _)| begin <= until)
    }

    /// Whether any fault landed at all.
    pub fn any(&self) -> bool {
        !self.spells.is_empty()
    }

    /// Whether a fault had begun by a time.
    pub fn begun_by(&self, time: Nanos) -> bool {
        self.spells.first().is_some_and(|&(begin, _)| begin <= time)
    }
}
