//! Searches for objects whose states are many but tell little.
//!
//! The states of a queue or a stack are all that is in it, in order. Which of two values that were
//! put in at the same time lies below the other shows only when they come out, maybe thousands of
//! operations later; until then a search over states carries all possibilities along, and when one
//! turns out wrong, it goes back over everything that came in between. The searches here have no
//! states. They walk over sets of operations (see [`walk`]) and keep what is left open open.
//!
//! Each visits everything there is to visit before it says that there is no order, and leaves out
//! nothing but what is like something else. Orders are replayed by whoever asks for them.

mod queue;
mod stack;
mod walk;

use super::model::Call;
use super::models::CollectionOp;
use super::options::Deadline;
use super::report::Why;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

pub(crate) use queue::queue;
pub(crate) use stack::stack;

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
pub struct Effort<'a> {
    /// When to stop.
    pub deadline: &'a Deadline,
    /// Configurations to visit.
    pub configurations: u64,
    /// Bytes to hold.
    pub memory: usize,
    /// Skip what is like something that got as far with fewer of the operations that may not have
    /// happened.
    pub dominance: bool,
}

/// What a search of a model's own came to.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The answer.
    pub answer: Found,
    /// Configurations visited.
    pub configurations: u64,
}

/// The answer of a search of a model's own. Operations are indexes into the calls it was given.
#[derive(Clone, Debug)]
pub enum Found {
    /// This order explains everything.
    Order(Vec<u32>),
    /// There is none. The furthest return, by its position, that seems to have been reached.
    Nothing(u32),
    /// It ended first.
    Stopped(Why),
}

/// The calls that matter: of those that may never have happened, not those that found nothing, nor
/// values put in that nobody is known to have taken out. An order in which such a value comes out
/// by an operation that may not have happened, or never, is an order without both.
fn worthwhile(calls: &[Call<CollectionOp>]) -> impl Fn(&Call<CollectionOp>) -> bool {
    let taken = |call: &Call<CollectionOp>| match call.op {
        CollectionOp::Take(value) if !call.optional() => Some(value),
        _ => None,
    };
    let taken: FxHashSet<u32> = calls.iter().filter_map(taken).collect();
    move |call| match call.op {
        _ if !call.optional() => true,
        CollectionOp::Put(value) => taken.contains(&value),
        CollectionOp::Empty => false,
        CollectionOp::Take(_) | CollectionOp::TakeAny => true,
    }
}

/// Whether something returned without telling what it did: then it may have done nothing.
fn vague(calls: &[Call<CollectionOp>]) -> bool {
    calls.iter().any(|call| call.op == CollectionOp::TakeAny && !call.optional())
}

/// How many steps are taken between two looks at the clock.
const PATIENCE: u64 = 1024;

/// So many moves count as one more configuration.
const MANY: usize = 32;

/// A search under way.
struct Spent<'a> {
    effort: &'a Effort<'a>,
    configurations: u64,
    steps: u64,
}

impl<'a> Spent<'a> {
    fn new(effort: &'a Effort<'a>) -> Self {
        Spent { effort, configurations: 0, steps: 0 }
    }

    /// Counts a configuration from which there are so many moves. `Err` if it is one too many.
    fn one(&mut self, moves: usize, held: impl FnOnce() -> usize) -> Result<(), Why> {
        self.configurations += 1 + (moves / MANY) as u64;
        if self.configurations > self.effort.configurations {
            return Err(Why::Configurations);
        }
        self.step(held)
    }

    /// Counts a step. `Err` if it is time to stop.
    fn step(&mut self, held: impl FnOnce() -> usize) -> Result<(), Why> {
        self.steps += 1;
        if self.steps.is_multiple_of(PATIENCE) {
            self.effort.deadline.spend(PATIENCE);
            let held = held();
            if self.effort.deadline.expired_holding(held) {
                return Err(Why::Deadline);
            }
            if held > self.effort.memory {
                return Err(Why::Memory);
            }
        }
        Ok(())
    }

    fn searched(self, answer: Result<Found, Why>) -> Searched {
        let answer = answer.unwrap_or_else(Found::Stopped);
        Searched { answer, configurations: self.configurations }
    }
}

/// Places that were not looked at: the last one added comes first, but those where one more
/// operation happened that may not have happened come after all others, as few need to.
#[derive(Default)]
struct Open {
    now: Vec<u32>,
    later: VecDeque<u32>,
}

impl Open {
    fn add(&mut self, place: u32, later: bool) {
        if later {
            self.later.push_back(place);
        } else {
            self.now.push(place);
        }
    }

    fn next(&mut self) -> Option<u32> {
        self.now.pop().or_else(|| self.later.pop_front())
    }

    fn bytes(&self) -> usize {
        list_bytes(&self.now) + grown(self.later.len(), self.later.capacity()) * size_of::<u32>()
    }
}

/// No place, no operation.
const NONE: u32 = u32::MAX;

/// Bytes that a list holds, with those that it will need for a moment if it has to grow soon.
pub(super) fn list_bytes<T>(list: &Vec<T>) -> usize {
    grown(list.len(), list.capacity()) * size_of::<T>()
}

/// The same for a set.
fn set_bytes<T>(set: &FxHashSet<T>) -> usize {
    grown(set.len(), set.capacity()) * (size_of::<T>() + 1) * 8 / 7
}

/// The same for a table.
pub(super) fn table_bytes<K, V>(table: &FxHashMap<K, V>) -> usize {
    grown(table.len(), table.capacity()) * (size_of::<(K, V)>() + 1) * 8 / 7
}

pub(super) fn grown(length: usize, capacity: usize) -> usize {
    if length > SOON && length + SOON > capacity { 3 * capacity } else { capacity }
}

/// How much may come between two looks at the memory held.
const SOON: usize = 32 * PATIENCE as usize;
