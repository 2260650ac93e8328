//! What a sequential object is, as the search sees it.

use super::Deadline;
use super::fast::Shortcut;
use super::graphs::{Effort, Searched};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::Hash;

/// A sequential specification: which operations, with which results, an object can perform one
/// after the other.
///
/// Only [`init`](Spec::init) and [`step`](Spec::step) say what is right. Everything else is a
/// hint that makes the search faster. Hints are checked against `step` while the search runs and
/// by [`check_hints`](super::check_hints): one that lies is reported and not used.
pub trait Spec: Sync {
    /// An operation together with what it returned, or with an unknown result.
    type Op: Clone + Eq + Hash + Debug + Send + Sync;
    /// The state of the object.
    type State: Clone + Eq + Hash + Debug + Send + Sync;

    /// The states the object may start in.
    fn init(&self) -> Vec<Self::State>;

    /// Performs an operation in a state. A step that takes long should look at the deadline and
    /// return [`Step::Expired`] once it has passed.
    fn step(&self, state: &Self::State, op: &Self::Op, deadline: &Deadline) -> Step<Self::State>;

    /// The place of the first of these operations that cannot follow those before it, if there is
    /// one. Means nothing once the deadline has passed.
    fn first_rejected<'o>(
        &self,
        ops: impl Iterator<Item = &'o Self::Op>,
        deadline: &Deadline,
    ) -> Option<usize>
    where
        Self::Op: 'o,
    {
        let mut states = self.init();
        for (at, op) in ops.enumerate() {
            if at % 64 == 63 && deadline.expired() {
                return None;
            }
            if let [state] = &mut states[..]
                && let Step::To(next) = self.step(state, op, deadline)
            {
                *state = next;
                continue;
            }
            let mut seen = FxHashSet::default();
            states = states
                .iter()
                .flat_map(|state| match self.step(state, op, deadline) {
                    Step::To(next) => vec![next],
                    Step::Any(next) => next,
                    Step::Reject | Step::Expired => Vec::new(),
                })
                .filter(|state| seen.insert(state.clone()))
                .collect();
            if states.is_empty() {
                return Some(at);
            }
        }
        None
    }

    /// The same operation with its result forgotten: it must be accepted wherever `op` is, and
    /// lead to a state that accepts no less. `None` if the operation tells nothing without its
    /// result: then leaving it out must not make anything else impossible.
    fn forget(&self, op: &Self::Op) -> Option<Self::Op>;

    /// Which parts of the state the operation reads or writes. Operations on different parts must
    /// not notice each other.
    fn keys(&self, _op: &Self::Op) -> Keys {
        Keys::All
    }

    /// Those of its [keys](Spec::keys) whose part of the state the operation may change. It must not
    /// notice what others do that change none of its keys.
    fn changes(&self, op: &Self::Op) -> Keys {
        if self.pure(op) { Keys::Some(SmallVec::new()) } else { self.keys(op) }
    }

    /// Parts of the state that may be looked at one by one, of those the operation concerns: its
    /// keys, or the values it puts in or takes out. None if it may concern any.
    fn parts(&self, op: &Self::Op) -> SmallVec<[u64; 2]> {
        match self.keys(op) {
            Keys::All => SmallVec::new(),
            Keys::Some(keys) => keys,
        }
    }

    /// What is left of the operation if only some [parts](Spec::parts) of the state are looked at,
    /// of which this is one: it must be accepted wherever `op` is once all operations on other
    /// parts are left out, and do the same to this part and nothing to others. `None` if nothing
    /// is left, or if the model cannot tell. Violations are easier to explain part by part.
    fn narrow(&self, _op: &Self::Op, _part: u64) -> Option<Self::Op> {
        None
    }

    /// The state after the operation, if it is the same whatever was before. Violations are easier
    /// to explain from there on.
    fn leaves(&self, _op: &Self::Op) -> Option<Self::State> {
        None
    }

    /// Whether the operation leaves every state that accepts it as it was.
    fn pure(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Whether every state accepts the operation and it leads from all of them to the same one.
    fn overwrite(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Whether every state accepts the operation.
    fn total(&self, op: &Self::Op) -> bool {
        self.overwrite(op)
    }

    /// Whether an operation that is [`hopeless`](Spec::hopeless) in a state may become possible
    /// again after this one.
    fn reset(&self, op: &Self::Op) -> bool {
        self.overwrite(op)
    }

    /// Whether the model ever says that something is [`hopeless`](Spec::hopeless); asking costs
    /// time.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// Whether no state that can be reached from this one without a [`reset`](Spec::reset)
    /// accepts the operation.
    fn hopeless(&self, _state: &Self::State, _op: &Self::Op) -> bool {
        false
    }

    /// Whether the model ever says what an operation [needs](Spec::needs); asking costs time.
    fn tells_needs(&self) -> bool {
        false
    }

    /// What must come first if a state does not accept an operation: numbers, of each of which it
    /// is sure that no state that can be reached without an operation that
    /// [brings](Spec::brings) it accepts the operation either. None if it is accepted, or if too
    /// little is known.
    fn needs(&self, _state: &Self::State, _op: &Self::Op) -> SmallVec<[u64; 2]> {
        SmallVec::new()
    }

    /// What the operation may bring of what others [need](Spec::needs). It brings no less with its
    /// result forgotten.
    fn brings(&self, _op: &Self::Op) -> SmallVec<[u64; 2]> {
        SmallVec::new()
    }

    /// A verdict without a search, if the model knows a faster way for this kind of history. The
    /// calls are those of one object. A violation is looked at again by a search.
    fn shortcut(&self, _calls: &[Call<Self::Op>], _order: bool) -> Option<Shortcut<Self::Op>> {
        None
    }

    /// Whether the model has a [`search`](Spec::search) of its own.
    fn searches(&self) -> bool {
        false
    }

    /// A search of the model's own that needs no states, from the first state on. The calls are
    /// those of one object. An order is looked at again by [`step`](Spec::step); that there is none
    /// is believed. `None` if it cannot tell.
    fn search(&self, _calls: &[Call<Self::Op>], _effort: &Effort<'_>) -> Option<Searched> {
        None
    }

    /// Bytes a state holds, with what it points to.
    fn state_bytes(&self, _state: &Self::State) -> usize {
        size_of::<Self::State>()
    }

    /// Why a state does not accept an operation, in words that follow "because".
    fn why_not(&self, state: &Self::State, _op: &Self::Op) -> String {
        format!("the state was {}", self.describe_state(state))
    }

    /// An operation in words.
    fn describe(&self, op: &Self::Op) -> String {
        format!("{op:?}")
    }

    /// A state in words.
    fn describe_state(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}

/// What an operation does to a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<State> {
    /// It cannot have returned that from there.
    Reject,
    /// It leads to this state.
    To(State),
    /// It may lead to any of these states. None at all is a rejection.
    Any(Vec<State>),
    /// The deadline passed before the step was done.
    Expired,
}

impl<State> Step<State> {
    /// Leads to `next` if it is accepted.
    pub fn when(accepted: bool, next: impl FnOnce() -> State) -> Self {
        if accepted { Step::To(next()) } else { Step::Reject }
    }
}

/// The parts of a state that an operation concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Possibly all of them.
    All,
    /// These, by number.
    Some(SmallVec<[u64; 2]>),
}

/// An operation with its place in the history.
///
/// Positions count the ends of operations from 0, in the order of the history; no two are the
/// same. An operation that returned at a position before another was called came first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<Op> {
    /// What was done, and what came of it.
    pub op: Op,
    /// The position of its invocation.
    pub called: u32,
    /// The position of its return; [`NEVER`] if it may take effect at any later time, or not at
    /// all.
    pub returned: u32,
    /// The independent object it concerns.
    pub object: u32,
}

/// The return of an operation that nobody knows to have happened.
pub const NEVER: u32 = u32::MAX;

impl<Op> Call<Op> {
    /// Whether it may never have happened.
    pub fn optional(&self) -> bool {
        self.returned == NEVER
    }
}
