//! Breadth first: all configurations of a layer, then those of the next.
//!
//! Holds one layer at a time, and the ways that led to it. Those ways nearly all share their
//! beginning, so the tree of them is pruned to what is still in use whenever it has doubled.

use super::expand::{Configuration, Cursor, Graph, Next};
use super::mask::{Mask, Wide};
use super::prepare::Prepared;
use super::space::Space;
use super::visited::Visited;
use super::{Answer, Limits, Looks, Outcome, untangle};
use crate::linearizability::options::{Deadline, Rules};
use crate::linearizability::report::Why;
use std::collections::BTreeMap;

const ROOT: u32 = u32::MAX;

/// Searches breadth first from each of the first `initial` states.
pub(crate) fn breadth_first(
    prepared: &Prepared,
    space: &mut Space<'_>,
    initial: u32,
    rules: Rules,
    limits: Limits,
    deadline: &Deadline,
) -> Outcome {
    // Without look-ahead, the last layer reached is exactly the first return without explanation.
    let graph = Graph::new(prepared, space, Rules { lookahead: false, ..rules }, false);
    match prepared.width {
        width if width <= u64::WIDTH => Search::<u64>::new(graph).run(initial, limits, deadline),
        width if width <= u128::WIDTH => Search::<u128>::new(graph).run(initial, limits, deadline),
        _ => Search::<Wide>::new(graph).run(initial, limits, deadline),
    }
}

/// For each of some layers, in ascending order, every way to have come so far and no further than
/// needed: the orders of operations taken. `None` if the search ended first.
pub(crate) fn frontiers(
    prepared: &Prepared,
    space: &mut Space<'_>,
    initial: u32,
    layers: &[u32],
    limits: Limits,
    deadline: &Deadline,
) -> Option<Vec<Vec<Vec<u32>>>> {
    // What goes unseen or is yet to be justified stands for several states.
    let (return_order, absorption, symmetry, dominance) = (true, true, true, true);
    let rules = Rules { return_order, absorption, symmetry, dominance, ..Rules::none() };
    let graph = Graph::new(prepared, space, rules, false);
    match prepared.width {
        width if width <= u64::WIDTH => {
            Search::<u64>::new(graph).fronts(initial, layers, limits, deadline)
        }
        width if width <= u128::WIDTH => {
            Search::<u128>::new(graph).fronts(initial, layers, limits, deadline)
        }
        _ => Search::<Wide>::new(graph).fronts(initial, layers, limits, deadline),
    }
}

/// Configurations of one layer, each with the way that led to it.
struct Bucket<M> {
    visited: Visited<M>,
    open: Vec<(Configuration<M>, u32)>,
}

struct Search<'g, 's, M> {
    graph: Graph<'g, 's>,
    buckets: BTreeMap<u32, Bucket<M>>,
    ways: Ways,
    overwrites: Vec<M>,
    configurations: u64,
    /// Bytes of the buckets that are not being expanded.
    waiting: usize,
    /// Layers to tell of when they are reached, the first one last, and what was told so far.
    layers: Vec<u32>,
    fronts: Vec<Vec<Vec<u32>>>,
}

impl<'g, 's, M: Mask> Search<'g, 's, M> {
    fn new(graph: Graph<'g, 's>) -> Self {
        let (buckets, ways) = (BTreeMap::new(), Ways::default());
        let overwrites = graph.overwrites();
        let (layers, fronts) = (Vec::new(), Vec::new());
        Search { graph, buckets, ways, overwrites, configurations: 0, waiting: 0, layers, fronts }
    }

    fn fronts(
        mut self,
        initial: u32,
        layers: &[u32],
        limits: Limits,
        deadline: &Deadline,
    ) -> Option<Vec<Vec<Vec<u32>>>> {
        self.layers = layers.iter().rev().copied().collect();
        self.search(initial, limits, deadline);
        self.layers.is_empty().then_some(self.fronts)
    }

    /// Tells of what is open, if everything before a layer that was asked for is done.
    fn tell(&mut self) {
        let Some(next) = self.buckets.keys().next() else { return };
        while self.layers.last().is_some_and(|layer| layer <= next) {
            self.layers.pop();
            let open = self.buckets.values().flat_map(|bucket| &bucket.open);
            let order = |(_, way): &(Configuration<M>, u32)| {
                let mut order: Vec<u32> = self.ways.back(*way).collect();
                order.reverse();
                order
            };
            self.fronts.push(open.map(order).collect());
        }
    }

    fn run(mut self, initial: u32, limits: Limits, deadline: &Deadline) -> Outcome {
        let answer = self.search(initial, limits, deadline);
        let answer = match self.graph.space.lie {
            Some(lie) => Answer::Lied(lie),
            None => answer,
        };
        Outcome { answer, configurations: self.configurations }
    }

    fn search(&mut self, initial: u32, limits: Limits, deadline: &Deadline) -> Answer {
        let mut steps = Vec::new();
        for state in 0..initial {
            steps.clear();
            match self.graph.start::<M>(state, &mut steps) {
                Next::Complete => return self.order(ROOT, &steps),
                Next::Stopped => return self.stopped(),
                Next::None => {}
                Next::Open(at) => self.file(at, ROOT, &steps),
            }
        }
        let (mut furthest, mut expansions, mut looks) = (0, 0u64, Looks::new());
        self.tell();
        while let Some((layer, mut bucket)) = self.buckets.pop_first() {
            furthest = layer;
            self.waiting = self.buckets.values().map(Bucket::bytes).sum();
            while let Some((at, way)) = bucket.open.pop() {
                let mut cursor = Cursor::default();
                loop {
                    expansions += 1;
                    if expansions == looks.next {
                        self.waiting = self.buckets.values().map(Bucket::bytes).sum();
                        let held = self.bytes(&bucket);
                        if let Some(why) = looks.look(expansions, held, &limits, deadline) {
                            return Answer::Stopped(why);
                        }
                    }
                    steps.clear();
                    match self.graph.next(&at, &mut cursor, &mut steps) {
                        Next::None => break,
                        Next::Complete => return self.order(way, &steps),
                        Next::Stopped => return self.stopped(),
                        Next::Open(to) if to.layer == layer => {
                            let overwrites = &self.overwrites;
                            if bucket.visited.insert(&to, overwrites, &self.graph.used) {
                                self.configurations += 1;
                                let way = self.ways.grow(way, &steps);
                                bucket.open.push((to, way));
                            }
                        }
                        Next::Open(to) => self.file(to, way, &steps),
                    }
                }
                if self.configurations > limits.configurations {
                    return Answer::Stopped(Why::Configurations);
                }
                if self.ways.overgrown() {
                    let waiting = self.buckets.values_mut().flat_map(|b| b.open.iter_mut());
                    self.ways.prune(bucket.open.iter_mut().chain(waiting).map(|(_, way)| way));
                }
            }
            self.tell();
        }
        Answer::Stuck(furthest)
    }

    /// Puts a configuration into the bucket of its layer, unless it has been there.
    fn file(&mut self, at: Configuration<M>, way: u32, steps: &[u32]) {
        let dominance = self.graph.rules.dominance;
        let bucket = self
            .buckets
            .entry(at.layer)
            .or_insert_with(|| Bucket { visited: Visited::new(dominance), open: Vec::new() });
        if bucket.visited.insert(&at, &self.overwrites, &self.graph.used) {
            self.configurations += 1;
            let way = self.ways.grow(way, steps);
            bucket.open.push((at, way));
        }
    }

    fn order(&self, way: u32, steps: &[u32]) -> Answer {
        let mut trail: Vec<u32> = self.ways.back(way).collect();
        trail.reverse();
        trail.extend_from_slice(steps);
        Answer::Order(untangle(&trail, self.graph.prepared))
    }

    fn stopped(&self) -> Answer {
        Answer::Stopped(self.graph.space.stopped.unwrap_or(Why::Deadline))
    }

    fn bytes(&self, current: &Bucket<M>) -> usize {
        current.bytes()
            + self.waiting
            + self.ways.bytes()
            + self.graph.space.bytes()
            + self.graph.used.bytes()
    }
}

impl<M: Mask> Bucket<M> {
    fn bytes(&self) -> usize {
        self.visited.bytes()
            + self.visited.growth()
            + self.open.capacity() * size_of::<(Configuration<M>, u32)>()
    }
}

/// A tree of trails: each node an operation, after the operation of its parent.
#[derive(Default)]
struct Ways {
    nodes: Vec<(u32, u32)>,
    /// How many were in use when it was last pruned.
    kept: usize,
}

impl Ways {
    fn grow(&mut self, mut way: u32, steps: &[u32]) -> u32 {
        for step in steps {
            self.nodes.push((way, *step));
            way = self.nodes.len() as u32 - 1;
        }
        way
    }

    fn back(&self, mut way: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::from_fn(move || {
            let (parent, step) = *self.nodes.get(way as usize)?;
            way = parent;
            Some(step)
        })
    }

    fn overgrown(&self) -> bool {
        self.nodes.len() > 2 * self.kept + (1 << 16)
    }

    /// Keeps what leads to these tips. A parent is always older than its children.
    fn prune<'w>(&mut self, tips: impl Iterator<Item = &'w mut u32>) {
        let mut tips: Vec<&mut u32> = tips.collect();
        let mut kept = vec![false; self.nodes.len()];
        for tip in &tips {
            let mut at = **tip;
            while at != ROOT && !kept[at as usize] {
                kept[at as usize] = true;
                at = self.nodes[at as usize].0;
            }
        }
        let mut moved = vec![ROOT; self.nodes.len()];
        let mut to = 0;
        for at in 0..self.nodes.len() {
            if kept[at] {
                let (parent, step) = self.nodes[at];
                let parent = if parent == ROOT { ROOT } else { moved[parent as usize] };
                self.nodes[to] = (parent, step);
                moved[at] = to as u32;
                to += 1;
            }
        }
        self.nodes.truncate(to);
        for tip in &mut tips {
            if **tip != ROOT {
                **tip = moved[**tip as usize];
            }
        }
        self.kept = to;
    }

    fn bytes(&self) -> usize {
        // Pruning needs a moment's room of its own.
        self.nodes.capacity() * size_of::<(u32, u32)>() + self.nodes.len() * 5
    }
}
