//! Queue, stack and priority queue: what is put in comes out once, in an order.

use super::Symbols;
use crate::linearizability::fast::{self, Shortcut};
use crate::linearizability::graphs::{self, Effort, Searched};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};
use smallvec::{SmallVec, smallvec};
use std::collections::VecDeque;
use std::hint::black_box;

/// What can be done to a collection. Values are numbered by [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CollectionOp {
    /// Put this in.
    Put(u32),
    /// Took this out.
    Take(u32),
    /// Found it empty.
    Empty,
    /// Took out whatever came next, if there was anything.
    TakeAny,
}

fn forget(op: &CollectionOp) -> Option<CollectionOp> {
    Some(match op {
        CollectionOp::Put(_) => *op,
        CollectionOp::Take(_) | CollectionOp::Empty | CollectionOp::TakeAny => {
            CollectionOp::TakeAny
        }
    })
}

/// The value that an operation is about.
fn parts(op: &CollectionOp) -> SmallVec<[u64; 2]> {
    match *op {
        CollectionOp::Put(value) | CollectionOp::Take(value) => smallvec![u64::from(value)],
        CollectionOp::Empty | CollectionOp::TakeAny => SmallVec::new(),
    }
}

/// Without all that concerns other values, what comes out still does so in order, and what was
/// empty still is.
fn narrow(op: &CollectionOp, part: u64) -> Option<CollectionOp> {
    let about = parts(op);
    (about.is_empty() || about.contains(&part)).then_some(*op)
}

/// The words of a collection: what putting and taking is called.
struct Words {
    put: [&'static str; 2],
    take: [&'static str; 3],
    expected: &'static str,
}

fn translate(
    symbols: &mut Symbols,
    call: &RawCall<'_>,
    words: &Words,
) -> Result<Option<CollectionOp>, Mismatch> {
    let f = call.f();
    if words.put.contains(&f) {
        let put = CollectionOp::Put(symbols.number(call.input()));
        return Ok((call.outcome() != Outcome::Fail).then_some(put));
    }
    if !words.take.contains(&f) {
        return Err(Mismatch::function(call, words.expected));
    }
    Ok(match (call.outcome(), call.output()) {
        (Outcome::Ok, Some(Value::Nil) | None) => Some(CollectionOp::Empty),
        (Outcome::Ok, Some(Value::Keyword(k))) if k == "empty" => Some(CollectionOp::Empty),
        (Outcome::Ok, Some(value)) => Some(CollectionOp::Take(symbols.number(value))),
        (Outcome::Info, _) => Some(CollectionOp::TakeAny),
        (Outcome::Fail, _) => None,
    })
}

fn describe(symbols: &Symbols, op: &CollectionOp, put: &str, take: &str) -> String {
    match *op {
        CollectionOp::Put(value) => format!("{put} of {}", symbols.value(value)),
        CollectionOp::Take(value) => format!("{take} returned {}", symbols.value(value)),
        CollectionOp::Empty => format!("{take} found nothing"),
        CollectionOp::TakeAny => take.into(),
    }
}

fn list<'a>(symbols: &Symbols, values: impl Iterator<Item = &'a u32>) -> String {
    let values: Vec<Value> = values.map(|v| symbols.value(*v).clone()).collect();
    Value::List(values).to_string()
}

/// A queue: first in, first out.
#[derive(Clone, Debug, Default)]
pub struct FifoQueue {
    /// The values of the history.
    pub symbols: Symbols,
}

impl Spec for FifoQueue {
    type Op = CollectionOp;
    type State = VecDeque<u32>;

    fn init(&self) -> Vec<Self::State> {
        vec![VecDeque::new()]
    }

    fn step(&self, state: &Self::State, op: &CollectionOp, _: &Deadline) -> Step<Self::State> {
        let rest = || state.iter().skip(1).copied().collect();
        match op {
            CollectionOp::Put(value) => {
                Step::To(state.iter().copied().chain(std::iter::once(*value)).collect())
            }
            CollectionOp::Take(value) => Step::when(state.front() == Some(value), rest),
            CollectionOp::Empty => Step::when(state.is_empty(), || state.clone()),
            CollectionOp::TakeAny => Step::To(rest()),
        }
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o CollectionOp>,
        _: &Deadline,
    ) -> Option<usize> {
        // Which operation comes next cannot be guessed, so nothing branches on it.
        let mut ring = vec![0; 64];
        let (mut front, mut back) = (0, 0);
        ops.position(|op| {
            let (CollectionOp::Put(value) | CollectionOp::Take(value)) = *op else {
                let empty = front == back;
                front += usize::from(*op == CollectionOp::TakeAny && !empty);
                return *op == CollectionOp::Empty && !empty;
            };
            let put = matches!(op, CollectionOp::Put(_));
            if back - front == ring.len() {
                back -= front;
                ring.rotate_left(front % back);
                ring.resize(2 * back, 0);
                front = 0;
            }
            let last = ring.len() - 1;
            ring[back & last] = value;
            let wrong = (front == back) | (ring[front & last] != value);
            front += usize::from(!put);
            back += usize::from(put);
            black_box(!put & wrong)
        })
    }

    fn shortcut(&self, calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        fast::queue(calls, order)
    }

    fn searches(&self) -> bool {
        true
    }

    fn search(&self, calls: &[Call<CollectionOp>], effort: &Effort<'_>) -> Option<Searched> {
        graphs::queue(calls, effort)
    }

    fn forget(&self, op: &CollectionOp) -> Option<CollectionOp> {
        forget(op)
    }

    fn parts(&self, op: &CollectionOp) -> SmallVec<[u64; 2]> {
        parts(op)
    }

    fn narrow(&self, op: &CollectionOp, part: u64) -> Option<CollectionOp> {
        narrow(op, part)
    }

    fn pure(&self, op: &CollectionOp) -> bool {
        *op == CollectionOp::Empty
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &CollectionOp) -> String {
        describe(&self.symbols, op, "enqueue", "dequeue")
    }

    fn describe_state(&self, state: &Self::State) -> String {
        list(&self.symbols, state.iter())
    }

    fn why_not(&self, state: &Self::State, _: &CollectionOp) -> String {
        match state.front() {
            None => "the queue was empty".into(),
            Some(front) => format!("{} was at the front", self.symbols.value(*front)),
        }
    }
}

impl Translate for FifoQueue {
    const MODEL: Model = Model::FifoQueue;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(FifoQueue::default())
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<CollectionOp>, Mismatch> {
        let words = Words {
            put: ["enqueue", "offer"],
            take: ["dequeue", "poll", "deq"],
            expected: "`enqueue`, `dequeue`",
        };
        translate(&mut self.symbols, call, &words)
    }
}

/// A stack: last in, first out.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// The values of the history.
    pub symbols: Symbols,
}

impl Spec for Stack {
    type Op = CollectionOp;
    type State = Vec<u32>;

    fn init(&self) -> Vec<Self::State> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Self::State, op: &CollectionOp, _: &Deadline) -> Step<Self::State> {
        let rest = || state[..state.len().saturating_sub(1)].to_vec();
        match op {
            CollectionOp::Put(value) => {
                Step::To(state.iter().copied().chain(std::iter::once(*value)).collect())
            }
            CollectionOp::Take(value) => Step::when(state.last() == Some(value), rest),
            CollectionOp::Empty => Step::when(state.is_empty(), || state.clone()),
            CollectionOp::TakeAny => Step::To(rest()),
        }
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o CollectionOp>,
        _: &Deadline,
    ) -> Option<usize> {
        let mut stack = Vec::new();
        ops.position(|op| match op {
            CollectionOp::Put(value) => {
                stack.push(*value);
                false
            }
            CollectionOp::Take(value) => stack.pop() != Some(*value),
            CollectionOp::Empty => !stack.is_empty(),
            CollectionOp::TakeAny => {
                stack.pop();
                false
            }
        })
    }

    fn shortcut(&self, calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        fast::stack(calls, order)
    }

    fn searches(&self) -> bool {
        true
    }

    fn search(&self, calls: &[Call<CollectionOp>], effort: &Effort<'_>) -> Option<Searched> {
        graphs::stack(calls, effort)
    }

    fn forget(&self, op: &CollectionOp) -> Option<CollectionOp> {
        forget(op)
    }

    fn parts(&self, op: &CollectionOp) -> SmallVec<[u64; 2]> {
        parts(op)
    }

    fn narrow(&self, op: &CollectionOp, part: u64) -> Option<CollectionOp> {
        narrow(op, part)
    }

    fn pure(&self, op: &CollectionOp) -> bool {
        *op == CollectionOp::Empty
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &CollectionOp) -> String {
        describe(&self.symbols, op, "push", "pop")
    }

    fn describe_state(&self, state: &Self::State) -> String {
        list(&self.symbols, state.iter())
    }

    fn why_not(&self, state: &Self::State, _: &CollectionOp) -> String {
        match state.last() {
            None => "the stack was empty".into(),
            Some(top) => format!("{} was on top", self.symbols.value(*top)),
        }
    }
}

impl Translate for Stack {
    const MODEL: Model = Model::Stack;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(Stack::default())
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<CollectionOp>, Mismatch> {
        let words =
            Words { put: ["push", "push"], take: ["pop", "pop", "pop"], expected: "`push`, `pop`" };
        translate(&mut self.symbols, call, &words)
    }
}

/// A priority queue: the greatest comes out first. Values compare as [`Value`]s do.
#[derive(Clone, Debug, Default)]
pub struct PriorityQueue {
    /// The values of the history.
    pub symbols: Symbols,
}

impl PriorityQueue {
    /// Without its greatest element.
    fn rest(state: &[u32]) -> Vec<u32> {
        state[..state.len().saturating_sub(1)].to_vec()
    }
}

impl Spec for PriorityQueue {
    type Op = CollectionOp;
    /// From the least to the greatest.
    type State = Vec<u32>;

    fn init(&self) -> Vec<Self::State> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Self::State, op: &CollectionOp, _: &Deadline) -> Step<Self::State> {
        match op {
            CollectionOp::Put(value) => {
                let new = self.symbols.value(*value);
                let at = state.partition_point(|v| self.symbols.value(*v) <= new);
                let mut next = Vec::with_capacity(state.len() + 1);
                next.extend_from_slice(&state[..at]);
                next.push(*value);
                next.extend_from_slice(&state[at..]);
                Step::To(next)
            }
            CollectionOp::Take(value) => {
                Step::when(state.last() == Some(value), || Self::rest(state))
            }
            CollectionOp::Empty => Step::when(state.is_empty(), || state.clone()),
            CollectionOp::TakeAny => Step::To(Self::rest(state)),
        }
    }

    fn shortcut(&self, calls: &[Call<CollectionOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        let compare = |a, b| self.symbols.value(a).cmp(self.symbols.value(b));
        fast::priority(calls, compare, order)
    }

    fn forget(&self, op: &CollectionOp) -> Option<CollectionOp> {
        forget(op)
    }

    fn parts(&self, op: &CollectionOp) -> SmallVec<[u64; 2]> {
        parts(op)
    }

    fn narrow(&self, op: &CollectionOp, part: u64) -> Option<CollectionOp> {
        narrow(op, part)
    }

    fn pure(&self, op: &CollectionOp) -> bool {
        *op == CollectionOp::Empty
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &CollectionOp) -> String {
        describe(&self.symbols, op, "insert", "delete-max")
    }

    fn describe_state(&self, state: &Self::State) -> String {
        list(&self.symbols, state.iter())
    }

    fn why_not(&self, state: &Self::State, _: &CollectionOp) -> String {
        match state.last() {
            None => "the queue was empty".into(),
            Some(top) => format!("{} was the greatest", self.symbols.value(*top)),
        }
    }
}

impl Translate for PriorityQueue {
    const MODEL: Model = Model::PriorityQueue;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(PriorityQueue::default())
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<CollectionOp>, Mismatch> {
        let words = Words {
            put: ["insert", "enqueue"],
            take: ["delete-max", "dequeue", "poll"],
            expected: "`insert`, `delete-max`",
        };
        translate(&mut self.symbols, call, &words)
    }
}
