//! A model behind numbers.
//!
//! Operations and states of any model become numbers here, once, so that everything above the
//! model (engine, core, explanation) is compiled once and not for each model. The numbers stand
//! for values kept in two tables; equal values have equal numbers.

use super::graphs::{Effort, Searched};
use super::model::{Call, Keys, Spec, Step};
use super::options::Deadline;
use super::search::{Classes, Hints, Interned, Searchable, Source};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// Values by number.
struct Table<V> {
    values: Vec<V>,
    numbers: HashTable<u32>,
}

impl<V: Eq + Hash> Table<V> {
    fn new() -> Table<V> {
        Table { values: Vec::new(), numbers: HashTable::new() }
    }

    fn find(&self, hash: u64, value: &V) -> Option<u32> {
        self.numbers.find(hash, |n| self.values[*n as usize] == *value).copied()
    }

    fn number(&mut self, value: V) -> u32 {
        let hash = FxBuildHasher.hash_one(&value);
        self.find(hash, &value).unwrap_or_else(|| self.add(hash, value))
    }

    fn add(&mut self, hash: u64, value: V) -> u32 {
        let number = self.values.len() as u32;
        self.values.push(value);
        let values = &self.values;
        self.numbers.insert_unique(hash, number, |n| FxBuildHasher.hash_one(&values[*n as usize]));
        number
    }
}

/// A table that several threads share.
struct Shared<V>(RwLock<Table<V>>);

impl<V: Eq + Hash> Shared<V> {
    fn read(&self) -> RwLockReadGuard<'_, Table<V>> {
        // A panic in a model leaves the table as it was.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, value: V) -> u32 {
        let known = self.read().find(FxBuildHasher.hash_one(&value), &value);
        match known {
            Some(number) => number,
            None => self.0.write().unwrap_or_else(PoisonError::into_inner).number(value),
        }
    }
}

/// What can be asked about a model by number. The same as [`Spec`], for every model alike.
trait Numbered: Sync {
    fn init(&self) -> Vec<u32>;
    fn source<'s>(
        &'s self,
        classes: &[u32],
        initial: &[u32],
        deadline: &Deadline,
    ) -> (Box<dyn Source + Send + 's>, Vec<Hints>);
    fn step(&self, state: u32, op: u32, deadline: &Deadline) -> Step<u32>;
    fn first_rejected(&self, ops: &[u32], deadline: &Deadline) -> Option<usize>;
    fn forget(&self, op: u32) -> Option<u32>;
    fn keys(&self, op: u32) -> Keys;
    fn changes(&self, op: u32) -> Keys;
    fn parts(&self, op: u32) -> SmallVec<[u64; 2]>;
    fn narrow(&self, op: u32, key: u64) -> Option<u32>;
    fn leaves(&self, op: u32) -> Option<u32>;
    fn pure(&self, op: u32) -> bool;
    fn overwrite(&self, op: u32) -> bool;
    fn total(&self, op: u32) -> bool;
    fn reset(&self, op: u32) -> bool;
    fn looks_ahead(&self) -> bool;
    fn hopeless(&self, state: u32, op: u32) -> bool;
    fn tells_needs(&self) -> bool;
    fn needs(&self, state: u32, op: u32) -> SmallVec<[u64; 2]>;
    fn brings(&self, op: u32) -> SmallVec<[u64; 2]>;
    fn searches(&self) -> bool;
    fn search(&self, calls: &[Call<u32>], effort: &Effort<'_>) -> Option<Searched>;
    fn state_bytes(&self, state: u32) -> usize;
    fn why_not(&self, state: u32, op: u32) -> String;
    fn describe(&self, op: u32) -> String;
    fn describe_state(&self, state: u32) -> String;
}

struct Typed<'a, M: Spec> {
    model: &'a M,
    ops: Shared<M::Op>,
    states: Shared<M::State>,
}

impl<M: Spec> Numbered for Typed<'_, M> {
    fn init(&self) -> Vec<u32> {
        self.model.init().into_iter().map(|state| self.states.number(state)).collect()
    }

    fn source<'s>(
        &'s self,
        classes: &[u32],
        initial: &[u32],
        deadline: &Deadline,
    ) -> (Box<dyn Source + Send + 's>, Vec<Hints>) {
        let (states, ops) = (self.states.read(), self.ops.read());
        let classes = classes.iter().map(|op| ops.values[*op as usize].clone()).collect();
        let initial = initial.iter().map(|state| states.values[*state as usize].clone());
        let source = Interned::new(self.model, classes, initial, deadline);
        let hints = source.hints();
        (Box::new(source), hints)
    }

    fn step(&self, state: u32, op: u32, deadline: &Deadline) -> Step<u32> {
        let step = {
            let (states, ops) = (self.states.read(), self.ops.read());
            self.model.step(&states.values[state as usize], &ops.values[op as usize], deadline)
        };
        match step {
            Step::To(next) => Step::To(self.states.number(next)),
            Step::Any(next) => {
                Step::Any(next.into_iter().map(|state| self.states.number(state)).collect())
            }
            Step::Reject => Step::Reject,
            Step::Expired => Step::Expired,
        }
    }

    fn first_rejected(&self, ops: &[u32], deadline: &Deadline) -> Option<usize> {
        let table = self.ops.read();
        self.model.first_rejected(ops.iter().map(|op| &table.values[*op as usize]), deadline)
    }

    fn forget(&self, op: u32) -> Option<u32> {
        let forgotten = self.model.forget(&self.ops.read().values[op as usize]);
        forgotten.map(|op| self.ops.number(op))
    }

    fn keys(&self, op: u32) -> Keys {
        self.model.keys(&self.ops.read().values[op as usize])
    }

    fn changes(&self, op: u32) -> Keys {
        self.model.changes(&self.ops.read().values[op as usize])
    }

    fn parts(&self, op: u32) -> SmallVec<[u64; 2]> {
        self.model.parts(&self.ops.read().values[op as usize])
    }

    fn narrow(&self, op: u32, key: u64) -> Option<u32> {
        let narrow = self.model.narrow(&self.ops.read().values[op as usize], key);
        narrow.map(|op| self.ops.number(op))
    }

    fn leaves(&self, op: u32) -> Option<u32> {
        let state = self.model.leaves(&self.ops.read().values[op as usize]);
        state.map(|state| self.states.number(state))
    }

    fn pure(&self, op: u32) -> bool {
        self.model.pure(&self.ops.read().values[op as usize])
    }

    fn overwrite(&self, op: u32) -> bool {
        self.model.overwrite(&self.ops.read().values[op as usize])
    }

    fn total(&self, op: u32) -> bool {
        self.model.total(&self.ops.read().values[op as usize])
    }

    fn reset(&self, op: u32) -> bool {
        self.model.reset(&self.ops.read().values[op as usize])
    }

    fn looks_ahead(&self) -> bool {
        self.model.looks_ahead()
    }

    fn hopeless(&self, state: u32, op: u32) -> bool {
        let (states, ops) = (self.states.read(), self.ops.read());
        self.model.hopeless(&states.values[state as usize], &ops.values[op as usize])
    }

    fn tells_needs(&self) -> bool {
        self.model.tells_needs()
    }

    fn needs(&self, state: u32, op: u32) -> SmallVec<[u64; 2]> {
        let (states, ops) = (self.states.read(), self.ops.read());
        self.model.needs(&states.values[state as usize], &ops.values[op as usize])
    }

    fn brings(&self, op: u32) -> SmallVec<[u64; 2]> {
        self.model.brings(&self.ops.read().values[op as usize])
    }

    fn searches(&self) -> bool {
        self.model.searches()
    }

    fn search(&self, calls: &[Call<u32>], effort: &Effort<'_>) -> Option<Searched> {
        let typed: Vec<Call<M::Op>> = {
            let ops = self.ops.read();
            let typed = |call: &Call<u32>| {
                let &Call { op, called, returned, object } = call;
                Call { op: ops.values[op as usize].clone(), called, returned, object }
            };
            calls.iter().map(typed).collect()
        };
        self.model.search(&typed, effort)
    }

    fn state_bytes(&self, state: u32) -> usize {
        self.model.state_bytes(&self.states.read().values[state as usize]) + size_of::<u32>() * 2
    }

    fn why_not(&self, state: u32, op: u32) -> String {
        let (states, ops) = (self.states.read(), self.ops.read());
        self.model.why_not(&states.values[state as usize], &ops.values[op as usize])
    }

    fn describe(&self, op: u32) -> String {
        self.model.describe(&self.ops.read().values[op as usize])
    }

    fn describe_state(&self, state: u32) -> String {
        self.model.describe_state(&self.states.read().values[state as usize])
    }
}

/// A model whose operations and states are numbers.
pub(crate) struct Erased<'a>(Box<dyn Numbered + 'a>);

impl Debug for Erased<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Erased")
    }
}

/// Numbers the operations of a model.
pub(crate) fn erase<'a, M: Spec>(
    model: &'a M,
    calls: &[Call<M::Op>],
) -> (Erased<'a>, Vec<Call<u32>>) {
    let mut ops = Table::new();
    let erased = calls
        .iter()
        .map(|call| {
            let hash = FxBuildHasher.hash_one(&call.op);
            let known = ops.find(hash, &call.op);
            let op = known.unwrap_or_else(|| ops.add(hash, call.op.clone()));
            Call { op, called: call.called, returned: call.returned, object: call.object }
        })
        .collect();
    let states = Shared(RwLock::new(Table::new()));
    let typed = Typed { model, ops: Shared(RwLock::new(ops)), states };
    (Erased(Box::new(typed)), erased)
}

/// How much longer than the calls a table of all operations may be.
const SPARSE: usize = 8;

impl Searchable for Erased<'_> {
    fn classes(&self, calls: &[Call<u32>], members: &[u32]) -> Classes<u32> {
        let ops = || members.iter().map(|i| &calls[*i as usize]);
        let most = ops().map(|call| call.op as usize + 1).max().unwrap_or(0);
        if most > SPARSE * members.len() {
            return Classes::of(ops());
        }
        // Operations are numbers already: no need to look them up.
        let mut numbers = vec![u32::MAX; most];
        let mut classes = Classes { representatives: Vec::new(), of: Vec::new() };
        classes.of.extend(ops().map(|call| {
            let class = &mut numbers[call.op as usize];
            if *class == u32::MAX {
                *class = classes.representatives.len() as u32;
                classes.representatives.push(call.op);
            }
            *class
        }));
        classes
    }

    fn source<'s>(
        &'s self,
        classes: &[u32],
        initial: &[u32],
        deadline: &Deadline,
    ) -> (Box<dyn Source + Send + 's>, Vec<Hints>) {
        self.0.source(classes, initial, deadline)
    }
}

impl Spec for Erased<'_> {
    type Op = u32;
    type State = u32;

    fn init(&self) -> Vec<u32> {
        self.0.init()
    }
    fn step(&self, state: &u32, op: &u32, deadline: &Deadline) -> Step<u32> {
        self.0.step(*state, *op, deadline)
    }
    fn first_rejected<'o>(
        &self,
        ops: impl Iterator<Item = &'o u32>,
        deadline: &Deadline,
    ) -> Option<usize> {
        self.0.first_rejected(&ops.copied().collect::<Vec<_>>(), deadline)
    }
    fn forget(&self, op: &u32) -> Option<u32> {
        self.0.forget(*op)
    }
    fn keys(&self, op: &u32) -> Keys {
        self.0.keys(*op)
    }
    fn changes(&self, op: &u32) -> Keys {
        self.0.changes(*op)
    }
    fn parts(&self, op: &u32) -> SmallVec<[u64; 2]> {
        self.0.parts(*op)
    }
    fn narrow(&self, op: &u32, key: u64) -> Option<u32> {
        self.0.narrow(*op, key)
    }
    fn leaves(&self, op: &u32) -> Option<u32> {
        self.0.leaves(*op)
    }
    fn pure(&self, op: &u32) -> bool {
        self.0.pure(*op)
    }
    fn overwrite(&self, op: &u32) -> bool {
        self.0.overwrite(*op)
    }
    fn total(&self, op: &u32) -> bool {
        self.0.total(*op)
    }
    fn reset(&self, op: &u32) -> bool {
        self.0.reset(*op)
    }
    fn looks_ahead(&self) -> bool {
        self.0.looks_ahead()
    }
    fn hopeless(&self, state: &u32, op: &u32) -> bool {
        self.0.hopeless(*state, *op)
    }
    fn tells_needs(&self) -> bool {
        self.0.tells_needs()
    }
    fn needs(&self, state: &u32, op: &u32) -> SmallVec<[u64; 2]> {
        self.0.needs(*state, *op)
    }
    fn brings(&self, op: &u32) -> SmallVec<[u64; 2]> {
        self.0.brings(*op)
    }
    fn searches(&self) -> bool {
        self.0.searches()
    }
    fn search(&self, calls: &[Call<u32>], effort: &Effort<'_>) -> Option<Searched> {
        self.0.search(calls, effort)
    }
    fn state_bytes(&self, state: &u32) -> usize {
        self.0.state_bytes(*state)
    }
    fn why_not(&self, state: &u32, op: &u32) -> String {
        self.0.why_not(*state, *op)
    }
    fn describe(&self, op: &u32) -> String {
        self.0.describe(*op)
    }
    fn describe_state(&self, state: &u32) -> String {
        self.0.describe_state(*state)
    }
}
