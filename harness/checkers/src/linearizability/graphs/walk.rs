//! Sets of operations that may have happened first, and the steps from one to the next.
//!
//! Such a set is all that returned before a certain return, some of those pending at it, and some
//! of those that may never have happened, as in the [search](crate::linearizability::search). Of
//! operations that are alike the one due first is taken first, and one that returned before one
//! that may never have happened: exchanged, they make the same order of what was done. Where there
//! are other operations besides, which are in another walk, that one must also have been called
//! first: else one of those might have to stand between the two.

use super::{list_bytes, table_bytes};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::options::Deadline;
use crate::linearizability::search::{
    Classes, Hints, Mask, NOTHING, Numbered, Operation, Prepared, Used, prepare,
};
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// A set of operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    layer: u32,
    used: u32,
    done: u128,
}

/// A step from a set to a larger one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// The operation it takes, by the index of its call.
    pub operation: u32,
    /// What that is.
    pub class: u32,
    /// Where it leads.
    pub to: u32,
    /// Whether the operation may not have happened.
    pub optional: bool,
}

/// The sets reached so far, by number. The first is the empty one.
pub(super) struct Walk<Op> {
    /// Whether there are no other operations.
    alone: bool,
    /// What each class of operations is.
    pub ops: Vec<Op>,
    prepared: Prepared,
    origin: Vec<u32>,
    nodes: Vec<Node>,
    numbers: FxHashMap<Node, u32>,
    /// For each set, the number it shares with those that differ in what may not have happened.
    spots: Vec<u32>,
    spot_numbers: FxHashMap<(u32, u128), u32>,
    /// For each set, the latest call in it.
    latest: Vec<u32>,
    used: Used,
    moves: Vec<Move>,
    /// For each set, where its moves are.
    ranges: Vec<Option<(u32, u32)>>,
}

/// The empty set.
pub(super) const EMPTY: u32 = 0;

impl<Op: Copy + Eq + Hash> Walk<Op> {
    /// Over the calls chosen; `alone` if there are no others. `None` if too many are pending at once, or the deadline passes.
    pub fn new(
        calls: &[Call<Op>],
        chosen: impl Fn(&Call<Op>) -> bool,
        alone: bool,
        deadline: &Deadline,
    ) -> Option<Walk<Op>> {
        let origin: Vec<u32> =
            (0..calls.len() as u32).filter(|i| chosen(&calls[*i as usize])).collect();
        let classes = Classes::of(origin.iter().map(|i| &calls[*i as usize]));
        let numbered = |(i, class): (&u32, &u32)| {
            let Call { called, returned, .. } = calls[*i as usize];
            Numbered { class: *class, called, returned }
        };
        let numbered: Vec<Numbered> = origin.iter().zip(&classes.of).map(numbered).collect();
        let ops = classes.representatives;
        let hints = vec![Hints::default(); ops.len()];
        let prepared = prepare(&numbered, &hints, true, false, deadline)?;
        if prepared.width > u128::WIDTH {
            return None;
        }
        let mut walk = Walk {
            alone,
            ops,
            prepared,
            origin,
            nodes: Vec::new(),
            numbers: FxHashMap::default(),
            spots: Vec::new(),
            spot_numbers: FxHashMap::default(),
            latest: Vec::new(),
            used: Used::new(),
            moves: Vec::new(),
            ranges: Vec::new(),
        };
        walk.number(Node { layer: 0, used: NOTHING, done: 0 }, 0);
        Some(walk)
    }

    fn number(&mut self, node: Node, latest: u32) -> u32 {
        let next = self.nodes.len() as u32;
        let number = *self.numbers.entry(node).or_insert(next);
        if number == next {
            self.nodes.push(node);
            let next = self.spot_numbers.len() as u32;
            self.spots.push(*self.spot_numbers.entry((node.layer, node.done)).or_insert(next));
            self.latest.push(latest);
            self.ranges.push(None);
        }
        number
    }

    /// Whether all that returned is in the set.
    pub fn complete(&self, set: u32) -> bool {
        self.nodes[set as usize].layer as usize == self.prepared.layers.len()
    }

    /// A number that it shares with the sets that differ from it only in what may not have happened.
    pub fn spot(&self, set: u32) -> u32 {
        self.spots[set as usize]
    }

    /// Whether what may not have happened and is in one set is in the other, too.
    pub fn spent_within(&self, less: u32, more: u32) -> bool {
        self.used.within(self.nodes[less as usize].used, self.nodes[more as usize].used)
    }

    /// The first return of what is not in the set.
    pub fn due(&self, set: u32) -> u32 {
        let layer = self.nodes[set as usize].layer as usize;
        self.prepared.layers.get(layer).map_or(NEVER, |layer| layer.returned)
    }

    /// The last call of what is in the set.
    pub fn latest(&self, set: u32) -> u32 {
        self.latest[set as usize]
    }

    /// The steps from a set, that of the operation due first at first.
    pub fn moves(&mut self, set: u32) -> std::ops::Range<usize> {
        if let Some((begin, end)) = self.ranges[set as usize] {
            return begin as usize..end as usize;
        }
        let from = self.nodes[set as usize];
        let begin = self.moves.len();
        let returned = self.due(set);
        let pending = match self.complete(set) {
            true => 0,
            false => self.prepared.mutators(from.layer).len(),
        };
        for at in 0..pending {
            let one = self.prepared.mutators(from.layer)[at];
            if !from.done.has(one.slot) && !self.comes_later(from, at, one.class, one.operation) {
                let mut to = from;
                to.done.set(one.slot);
                self.step(set, one.operation, one.class, to);
            }
        }
        for at in 0..self.prepared.optional.len() {
            let optional = &self.prepared.optional[at];
            if optional.calls[0].0 > returned {
                break;
            }
            let class = optional.class;
            let next = optional.calls.get(self.used.count(from.used, class));
            let Some(&(_, operation)) = next.filter(|(called, _)| *called < returned) else {
                continue;
            };
            if !self.comes_later(from, pending, class, operation) {
                let used = self.used.with(from.used, class);
                self.step(set, operation, class, Node { used, ..from });
            }
        }
        self.ranges[set as usize] = Some((begin as u32, self.moves.len() as u32));
        begin..self.moves.len()
    }

    /// Whether one of those due first that are alike should be taken before an operation.
    fn comes_later(&self, from: Node, due_first: usize, class: u32, operation: u32) -> bool {
        if due_first == 0 {
            return false;
        }
        let called = |operation: u32| self.prepared.ops[operation as usize].called;
        self.prepared.mutators(from.layer)[..due_first].iter().any(|other| {
            other.class == class
                && !from.done.has(other.slot)
                && (self.alone || called(other.operation) < called(operation))
        })
    }

    /// A move.
    pub fn at(&self, at: usize) -> Move {
        self.moves[at]
    }

    fn step(&mut self, from: u32, operation: u32, class: u32, mut to: Node) {
        let layers = &self.prepared.layers;
        while let Some(layer) = layers.get(to.layer as usize)
            && to.done.has(layer.slot)
        {
            to.done.unset(layer.slot);
            to.layer += 1;
        }
        let Operation { called, returned, .. } = self.prepared.ops[operation as usize];
        let latest = self.latest(from).max(called);
        let to = self.number(to, latest);
        let (operation, optional) = (self.origin[operation as usize], returned == NEVER);
        self.moves.push(Move { operation, class, to, optional });
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.prepared.bytes()
            + list_bytes(&self.nodes)
            + list_bytes(&self.latest)
            + list_bytes(&self.ranges)
            + list_bytes(&self.spots)
            + table_bytes(&self.numbers)
            + table_bytes(&self.spot_numbers)
            + list_bytes(&self.moves)
            + self.used.bytes()
    }
}
