//! The states of an object and the steps between them, each computed once.

use super::super::graphs::{list_bytes, table_bytes};
use super::super::model::Keys;
use super::super::report::Why;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The class is not accepted.
pub(super) const REJECT: u32 = u32::MAX;
/// The step ended without an answer; [`Space::stopped`] says why.
pub(super) const STOP: u32 = u32::MAX - 1;
const UNKNOWN: u32 = u32::MAX - 2;
/// Set in the number of a set of states that a step may lead to.
const FAN: u32 = 1 << 31;
/// Steps kept in a table rather than hashed.
const DENSE: usize = 1 << 20;
/// No state.
pub(super) const NO_STATE: u32 = u32::MAX;
/// Any state that nothing will look at before it is overwritten.
pub(super) const BLIND: u32 = u32::MAX - 3;

/// What a model hints about a class of operations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    /// It leaves every state that accepts it as it was.
    pub pure: bool,
    /// Every state accepts it and it leads to the same one from all.
    pub overwrite: bool,
    /// Every state accepts it.
    pub total: bool,
    /// What is hopeless may become possible after it.
    pub reset: bool,
}

/// A hint that turned out false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// An operation said to be pure changed this state.
    Pure { state: u32, class: u32 },
    /// An operation said to overwrite was rejected, or led elsewhere from this state.
    Overwrite { state: u32, class: u32 },
    /// An operation said to be accepted by every state was rejected.
    Total { state: u32, class: u32 },
    /// An operation said to leave the same state always led elsewhere from this one.
    Leaves { state: u32, class: u32 },
    /// An operation said to be hopeless was accepted.
    Hopeless { state: u32, class: u32 },
    /// An operation said to need something first was accepted.
    Needs { state: u32, class: u32 },
}

/// Where steps come from.
pub(crate) trait Source {
    /// Performs a class in a state.
    fn step(&mut self, state: u32, class: u32) -> Stepped;
    /// The state after the class, if it is the same from every state that accepts it.
    fn leaves(&mut self, class: u32) -> Option<u32>;
    /// What must come first before the state accepts the class.
    fn needs(&self, state: u32, class: u32) -> SmallVec<[u64; 2]>;
    /// The parts of the state that the class looks at, and those it changes.
    fn touches(&self, class: u32) -> (Keys, Keys);
    /// What the class brings of that.
    fn brings(&self, class: u32) -> SmallVec<[u64; 2]>;
    /// Whether the class is out of reach from this state.
    fn hopeless(&self, state: u32, class: u32) -> bool;
    /// How many states there are so far.
    fn states(&self) -> usize;
    /// Bytes held.
    fn bytes(&self) -> usize;
    /// A class in words.
    fn describe(&self, class: u32) -> String;
    /// A state in words.
    fn describe_state(&self, state: u32) -> String;
}

/// What a step leads to, by number.
#[derive(Clone, Debug)]
pub(crate) enum Stepped {
    Reject,
    To(u32),
    Any(Vec<u32>),
    /// The deadline passed.
    Expired,
    /// The model gave up before the deadline.
    GaveUp,
}

/// Steps, remembered.
pub(crate) struct Space<'a> {
    source: Box<dyn Source + Send + 'a>,
    hints: Vec<Hints>,
    /// Where each overwriting class leads, as far as known.
    targets: Vec<u32>,
    stride: usize,
    dense: Vec<u32>,
    sparse: FxHashMap<u64, u32>,
    fans: Vec<Box<[u32]>>,
    hopeless: FxHashMap<u64, bool>,
    /// What each class leaves, as far as asked.
    left: FxHashMap<u32, Option<u32>>,
    trusts_left: bool,
    /// The first hint that turned out false.
    pub lie: Option<Lie>,
    /// Why a step ended without an answer.
    pub stopped: Option<Why>,
}

impl<'a> Space<'a> {
    pub fn new(
        source: Box<dyn Source + Send + 'a>,
        hints: Vec<Hints>,
        trusts_left: bool,
    ) -> Space<'a> {
        Space {
            source,
            targets: vec![NO_STATE; hints.len()],
            stride: hints.len().max(1),
            hints,
            dense: Vec::new(),
            sparse: FxHashMap::default(),
            fans: Vec::new(),
            hopeless: FxHashMap::default(),
            left: FxHashMap::default(),
            trusts_left,
            lie: None,
            stopped: None,
        }
    }

    /// The number of the state, [`REJECT`], [`STOP`], or a number for [`fan`](Space::fan).
    #[inline(always)]
    pub(super) fn step(&mut self, state: u32, class: u32) -> u32 {
        match self.dense.get(state as usize * self.stride + class as usize) {
            Some(&next) if next != UNKNOWN => next,
            _ => self.look_up(state, class),
        }
    }

    /// The states a number stands for, if it stands for several.
    #[inline(always)]
    pub(super) fn fan(&self, next: u32) -> Option<&[u32]> {
        if next & FAN == 0 || next >= UNKNOWN {
            return None;
        }
        Some(&self.fans[(next & !FAN) as usize])
    }

    /// Whether a class leads from one state to another.
    pub(super) fn leads(&mut self, from: u32, class: u32, to: u32) -> bool {
        let next = self.step(from, class);
        next == to || self.fan(next).is_some_and(|states| states.contains(&to))
    }

    /// Whether a class may be accepted right after another.
    pub(super) fn may_follow(&mut self, class: u32, first: u32) -> bool {
        let left = match self.left.get(&first) {
            Some(left) => *left,
            None => {
                let left = self.source.leaves(first).filter(|_| self.trusts_left);
                self.left.insert(first, left);
                self.verify_left(first, left);
                left
            }
        };
        left.is_none_or(|state| self.step(state, class) != REJECT)
    }

    /// Whether any class that every state accepts always leaves the same state: where there is
    /// none, too little is known of what brings about what.
    pub(crate) fn some_leave(&mut self) -> bool {
        let source = &mut self.source;
        let mut overwrites = (0u32..).zip(&self.hints).filter(|(_, hints)| hints.overwrite);
        self.trusts_left && overwrites.any(|(class, _)| source.leaves(class).is_some())
    }

    /// Whether every state accepts a class, as the model says.
    pub(super) fn total(&self, class: u32) -> bool {
        self.hints[class as usize].total
    }

    /// Holds what a class is said to leave against the steps taken already.
    fn verify_left(&mut self, class: u32, left: Option<u32>) {
        let Some(left) = left else { return };
        for state in 0..self.dense.len() / self.stride {
            let next = self.dense[state * self.stride + class as usize];
            if next != UNKNOWN && next != REJECT && next != left {
                self.lie.get_or_insert(Lie::Leaves { state: state as u32, class });
            }
        }
    }

    /// What must come first before a state accepts a class.
    pub(super) fn needs(&mut self, state: u32, class: u32) -> SmallVec<[u64; 2]> {
        let needs = self.source.needs(state, class);
        let known = self.dense.get(state as usize * self.stride + class as usize);
        if !needs.is_empty() && known.is_some_and(|next| !matches!(*next, REJECT | UNKNOWN)) {
            self.lie.get_or_insert(Lie::Needs { state, class });
        }
        needs
    }

    /// The parts of the state that a class looks at, and those it changes.
    pub(super) fn touches(&self, class: u32) -> (Keys, Keys) {
        self.source.touches(class)
    }

    /// What a class brings of that.
    pub(super) fn brings(&self, class: u32) -> SmallVec<[u64; 2]> {
        self.source.brings(class)
    }

    /// Whether a class is out of reach from a state for good.
    pub(super) fn hopeless(&mut self, state: u32, class: u32) -> bool {
        let key = u64::from(state) << 32 | u64::from(class);
        if let Some(known) = self.hopeless.get(&key) {
            return *known;
        }
        let hopeless = self.source.hopeless(state, class);
        if hopeless && !matches!(self.step(state, class), REJECT | STOP) {
            self.lie.get_or_insert(Lie::Hopeless { state, class });
        }
        self.hopeless.insert(key, hopeless);
        hopeless
    }

    /// A hint that turned out false, in words.
    pub fn blame(&self, lie: Lie) -> String {
        let (what, state, class) = match lie {
            Lie::Pure { state, class } => ("pure, but changed", state, class),
            Lie::Overwrite { state, class } => {
                ("an overwrite, but depended on what was there in", state, class)
            }
            Lie::Total { state, class } => ("accepted always, but not in", state, class),
            Lie::Leaves { state, class } => {
                ("followed by one state only, but was by another from", state, class)
            }
            Lie::Hopeless { state, class } => ("hopeless, but was accepted in", state, class),
            Lie::Needs { state, class } => {
                ("in need of another, but was accepted in", state, class)
            }
        };
        let (op, state) = (self.source.describe(class), self.source.describe_state(state));
        format!("the model says that `{op}` is {what} state {state}; that hint was not used")
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.source.bytes()
            + list_bytes(&self.dense)
            + table_bytes(&self.sparse)
            + table_bytes(&self.hopeless)
            + table_bytes(&self.left)
            + self.fans.len() * 64
    }

    #[cold]
    fn look_up(&mut self, state: u32, class: u32) -> u32 {
        let key = u64::from(state) << 32 | u64::from(class);
        let row = state as usize * self.stride;
        let dense = row + self.stride <= DENSE;
        if !dense && let Some(next) = self.sparse.get(&key) {
            return *next;
        }
        let next = match self.source.step(state, class) {
            Stepped::Reject => REJECT,
            Stepped::To(next) => next,
            Stepped::Any(states) => {
                self.fans.push(states.into_boxed_slice());
                FAN | (self.fans.len() as u32 - 1)
            }
            Stepped::Expired => {
                self.stopped = Some(Why::Deadline);
                return STOP;
            }
            Stepped::GaveUp => {
                self.stopped = Some(Why::Step);
                return STOP;
            }
        };
        self.verify(state, class, next);
        if dense {
            if self.dense.len() < row + self.stride {
                self.dense.resize(row + self.stride, UNKNOWN);
            }
            self.dense[row + class as usize] = next;
        } else {
            self.sparse.insert(key, next);
        }
        next
    }

    /// Holds the model's hints against what the step did.
    fn verify(&mut self, state: u32, class: u32, next: u32) {
        let hints = self.hints[class as usize];
        if hints.pure && next != REJECT && next != state {
            self.lie.get_or_insert(Lie::Pure { state, class });
        }
        if hints.overwrite {
            let target = &mut self.targets[class as usize];
            if *target == NO_STATE && next & FAN == 0 {
                *target = next;
            }
            if next != *target {
                self.lie.get_or_insert(Lie::Overwrite { state, class });
            }
        }
        if next != REJECT
            && self.left.get(&class).is_some_and(|left| left.is_some_and(|l| l != next))
        {
            self.lie.get_or_insert(Lie::Leaves { state, class });
        }
        if hints.total && next == REJECT {
            self.lie.get_or_insert(Lie::Total { state, class });
        }
    }
}
