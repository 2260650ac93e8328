//! Operations and states of a model as numbers.

use super::space::{Hints, Source, Stepped};
use crate::linearizability::graphs::{grown, list_bytes};
use crate::linearizability::model::{Call, Keys, Spec, Step};
use crate::linearizability::options::Deadline;
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// Bytes of a state that are copied in the time that a small step takes.
pub(crate) const COPIED: usize = 256;

/// Operations numbered by class: those with the same input and result are one.
pub(crate) struct Classes<Op> {
    /// One operation of each class.
    pub representatives: Vec<Op>,
    /// The class of every call.
    pub of: Vec<u32>,
}

impl<Op: Clone + Eq + std::hash::Hash> Classes<Op> {
    /// Numbers the operations of these calls.
    pub fn of<'a>(calls: impl ExactSizeIterator<Item = &'a Call<Op>>) -> Classes<Op>
    where
        Op: 'a,
    {
        let mut classes = Classes { representatives: Vec::new(), of: Vec::new() };
        classes.of.reserve(calls.len());
        let mut numbers: FxHashMap<&Op, u32> = FxHashMap::default();
        for call in calls {
            let class = *numbers.entry(&call.op).or_insert_with(|| {
                classes.representatives.push(call.op.clone());
                classes.representatives.len() as u32 - 1
            });
            classes.of.push(class);
        }
        classes
    }
}

/// A model that steps can be taken from, by number.
pub(crate) trait Searchable: Spec {
    /// Numbers the operations of these calls.
    fn classes(&self, calls: &[Call<Self::Op>], members: &[u32]) -> Classes<Self::Op>;

    /// Steps of these operations, by their place among them, from these states on, which get the
    /// first numbers; and what the model hints about each operation.
    fn source<'s>(
        &'s self,
        classes: &[Self::Op],
        initial: &[Self::State],
        deadline: &Deadline,
    ) -> (Box<dyn Source + Send + 's>, Vec<Hints>);
}

/// A model whose operations and states are numbers.
pub(crate) struct Interned<'a, M: Spec> {
    model: &'a M,
    classes: Vec<M::Op>,
    states: Vec<M::State>,
    numbers: HashTable<u32>,
    deadline: Deadline,
    heap: usize,
}

impl<'a, M: Spec> Interned<'a, M> {
    /// Starting in these states, which get the first numbers.
    pub fn new(
        model: &'a M,
        classes: Vec<M::Op>,
        initial: impl Iterator<Item = M::State>,
        deadline: &Deadline,
    ) -> Interned<'a, M> {
        let mut interned = Interned {
            model,
            classes,
            states: Vec::new(),
            numbers: HashTable::new(),
            deadline: deadline.clone(),
            heap: 0,
        };
        for state in initial {
            interned.number(state);
        }
        interned
    }

    /// What the model hints about each class.
    pub fn hints(&self) -> Vec<Hints> {
        let hint = |op| Hints {
            pure: self.model.pure(op),
            overwrite: self.model.overwrite(op),
            total: self.model.total(op),
            reset: self.model.reset(op),
        };
        self.classes.iter().map(hint).collect()
    }

    fn number(&mut self, state: M::State) -> u32 {
        let hash = FxBuildHasher.hash_one(&state);
        let states = &self.states;
        if let Some(number) = self.numbers.find(hash, |n| states[*n as usize] == state) {
            return *number;
        }
        let number = self.states.len() as u32;
        self.heap += self.model.state_bytes(&state).saturating_sub(size_of::<M::State>());
        self.states.push(state);
        let states = &self.states;
        self.numbers.insert_unique(hash, number, |n| FxBuildHasher.hash_one(&states[*n as usize]));
        number
    }
}

impl<M: Spec> Source for Interned<'_, M> {
    fn step(&mut self, state: u32, class: u32) -> Stepped {
        let op = &self.classes[class as usize];
        let state = &self.states[state as usize];
        if self.deadline.counts() {
            // Large states are copied, hashed and compared.
            self.deadline.spend((self.model.state_bytes(state) / COPIED) as u64);
        }
        match self.model.step(state, op, &self.deadline) {
            _ if self.deadline.is_set() && self.deadline.expired() => Stepped::Expired,
            Step::Reject => Stepped::Reject,
            Step::To(next) => Stepped::To(self.number(next)),
            Step::Any(next) => {
                let mut numbers: Vec<u32> = next.into_iter().map(|s| self.number(s)).collect();
                let mut seen = rustc_hash::FxHashSet::default();
                numbers.retain(|n| seen.insert(*n));
                match numbers[..] {
                    [] => Stepped::Reject,
                    [one] => Stepped::To(one),
                    _ => Stepped::Any(numbers),
                }
            }
            Step::Expired => Stepped::GaveUp,
        }
    }

    fn leaves(&mut self, class: u32) -> Option<u32> {
        let state = self.model.leaves(&self.classes[class as usize])?;
        Some(self.number(state))
    }

    fn needs(&self, state: u32, class: u32) -> SmallVec<[u64; 2]> {
        self.model.needs(&self.states[state as usize], &self.classes[class as usize])
    }

    fn touches(&self, class: u32) -> (Keys, Keys) {
        let op = &self.classes[class as usize];
        (self.model.keys(op), self.model.changes(op))
    }

    fn brings(&self, class: u32) -> SmallVec<[u64; 2]> {
        self.model.brings(&self.classes[class as usize])
    }

    fn hopeless(&self, state: u32, class: u32) -> bool {
        self.model.hopeless(&self.states[state as usize], &self.classes[class as usize])
    }

    fn states(&self) -> usize {
        self.states.len()
    }

    fn bytes(&self) -> usize {
        let numbers = grown(self.numbers.len(), self.numbers.capacity());
        list_bytes(&self.states) + self.heap + numbers * (size_of::<u32>() + 1) * 8 / 7
    }

    fn describe(&self, class: u32) -> String {
        self.model.describe(&self.classes[class as usize])
    }

    fn describe_state(&self, state: u32) -> String {
        self.model.describe_state(&self.states[state as usize])
    }
}
