//! The search engine: configurations, the rules that prune them, and two ways to visit them.
//!
//! Which operations have been put in order so far is always "all that returned before a certain
//! return, and some of those pending at it". So a configuration needs no set of all operations:
//! the number of that return (its *layer*), a mask over the pending operations, and the state are
//! enough, however long the history is. Depth first finds an order fast where there is one;
//! breadth first, layer by layer, holds no more than a layer at a time.

mod ahead;
mod apart;
mod blind;
mod breadth;
mod depth;
mod expand;
mod interned;
mod mask;
mod needs;
mod overwriting;
mod prepare;
mod reach;
mod space;
mod supply;
mod used;
mod visited;

pub(crate) use breadth::{breadth_first, frontiers};
pub(crate) use depth::{Looking, depth_first};
pub(crate) use interned::{COPIED, Classes, Interned, Searchable};
pub(crate) use mask::Mask;
pub(crate) use prepare::{Numbered, Operation, Prepared, prepare};
pub(crate) use space::{Hints, Lie, Source, Space};
pub(crate) use used::{NOTHING, Used};

use super::options::Deadline;
use super::report::Why;

/// How far one search may go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Configurations to visit.
    pub configurations: u64,
    /// Bytes to hold.
    pub memory: usize,
}

/// What one search came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// Configurations visited.
    pub configurations: u64,
}

/// The answer of one search.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// This order explains everything.
    Order(Vec<u32>),
    /// There is none. The furthest layer that was reached, or had to be: exactly the first return
    /// without an explanation unless look-ahead was in force, else a guess near it.
    Stuck(u32),
    /// It ended first.
    Stopped(Why),
    /// A hint of the model turned out false.
    Lied(Lie),
}

/// Turns a trail into an order. A trail holds operations as they were taken; one that went unseen
/// (see [`overwriting`]) stands where it returned, marked, and belongs just before the last overwrite
/// taken by then.
fn untangle(trail: &[u32], prepared: &Prepared) -> Vec<u32> {
    let mut reversed = Vec::with_capacity(trail.len());
    let mut unseen: Vec<u32> = Vec::new();
    for &step in trail.iter().rev() {
        if step & overwriting::UNSEEN != 0 {
            unseen.push(step & !overwriting::UNSEEN);
            continue;
        }
        reversed.push(step);
        if prepared.ops[step as usize].overwrite {
            reversed.append(&mut unseen);
        }
    }
    reversed.append(&mut unseen);
    reversed.reverse();
    reversed
}

/// When to look at the clock and at the memory held: every so many expansions, and sooner where
/// states are so large that much is held within that.
struct Looks {
    next: u64,
    last: u64,
    held: usize,
}

/// Expansions between two looks, and where memory fills up fast.
const PATIENCE: [u64; 2] = [512, 32];

impl Looks {
    fn new() -> Looks {
        Looks { next: PATIENCE[0], last: 0, held: 0 }
    }

    /// After so many expansions, with so many bytes held. Whether that ends the search.
    fn look(
        &mut self,
        expansions: u64,
        held: usize,
        limits: &Limits,
        deadline: &Deadline,
    ) -> Option<Why> {
        deadline.spend(expansions - self.last);
        let fast = held.saturating_sub(self.held) > limits.memory / 64;
        (self.last, self.held) = (expansions, held);
        self.next = expansions + PATIENCE[usize::from(fast)];
        if deadline.expired_holding(held) {
            Some(Why::Deadline)
        } else {
            (held > limits.memory).then_some(Why::Memory)
        }
    }
}
