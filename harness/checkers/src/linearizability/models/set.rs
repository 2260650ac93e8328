//! A set. Without reads of the whole, every element is an object of its own.

use super::Symbols;
use crate::linearizability::fast::{self, Shortcut, Touch};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Keys, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use rustc_hash::FxHashSet;
use schism_history::{OpEvent, Outcome, Value};
use smallvec::{SmallVec, smallvec};
use std::hint::select_unpredictable;

/// What can be done to a set. Elements are numbered by [`Symbols`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetOp {
    /// Put this in; whether it was new, if that is known.
    Add(u32, Option<bool>),
    /// Took this out; whether it was in, if that is known.
    Remove(u32, Option<bool>),
    /// Whether this was in.
    Contains(u32, bool),
    /// Returned all elements, by number.
    Read(Vec<u32>),
}

/// A set of values.
#[derive(Clone, Debug, Default)]
pub struct Set {
    /// The values of the history.
    pub symbols: Symbols,
    whole: bool,
}

impl Set {
    /// A set that is read as a whole, or whose elements are only dealt with one by one.
    pub fn new(whole: bool) -> Set {
        Set { symbols: Symbols::default(), whole }
    }

    /// The element that an operation is about which has been translated; `None` if it is about the
    /// whole.
    pub(crate) fn element(&self, asked: &OpEvent) -> Option<u32> {
        if asked.f == "read" { None } else { self.symbols.known(&asked.value) }
    }
}

/// Elements that are held while an order is replayed: a table of small numbers, and the others.
#[derive(Default)]
struct Held {
    small: Vec<bool>,
    others: FxHashSet<u32>,
    count: usize,
}

impl Held {
    /// Puts an element in or takes it out, or only looks, and tells whether it was in.
    #[inline]
    fn replace(&mut self, element: u32, looks: bool, put: bool) -> bool {
        let at = element as usize;
        let there = if at < SMALL {
            if at >= self.small.len() {
                self.small.resize((at + 1).next_power_of_two(), false);
            }
            let there = self.small[at];
            self.small[at] = select_unpredictable(looks, there, put);
            there
        } else if looks {
            self.others.contains(&element)
        } else if put {
            !self.others.insert(element)
        } else {
            self.others.remove(&element)
        };
        let after = select_unpredictable(looks, there, put);
        self.count = self.count + usize::from(after) - usize::from(there);
        there
    }

    /// Whether these are all.
    fn is(&self, all: &[u32]) -> bool {
        let held = |e: &u32| match self.small.get(*e as usize) {
            Some(there) => *there,
            None => self.others.contains(e),
        };
        all.len() == self.count && all.iter().all(held)
    }
}

/// Elements that a table is worth.
const SMALL: usize = 1 << 16;

/// That an element is put in or taken out, as a number.
fn becomes(element: u32, held: bool) -> u64 {
    u64::from(element) << 1 | u64::from(held)
}

impl Spec for Set {
    type Op = SetOp;
    /// In ascending order.
    type State = Vec<u32>;

    fn init(&self) -> Vec<Vec<u32>> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Vec<u32>, op: &SetOp, _: &Deadline) -> Step<Vec<u32>> {
        match op {
            SetOp::Add(element, fresh) => match state.binary_search(element) {
                Ok(_) => Step::when(*fresh != Some(true), || state.clone()),
                Err(at) => Step::when(*fresh != Some(false), || {
                    let mut next = state.clone();
                    next.insert(at, *element);
                    next
                }),
            },
            SetOp::Remove(element, present) => match state.binary_search(element) {
                Ok(at) => Step::when(*present != Some(false), || {
                    let mut next = state.clone();
                    next.remove(at);
                    next
                }),
                Err(_) => Step::when(*present != Some(true), || state.clone()),
            },
            SetOp::Contains(element, found) => {
                Step::when(state.binary_search(element).is_ok() == *found, || state.clone())
            }
            SetOp::Read(elements) => Step::when(elements == state, || state.clone()),
        }
    }

    fn forget(&self, op: &SetOp) -> Option<SetOp> {
        match op {
            SetOp::Add(element, _) => Some(SetOp::Add(*element, None)),
            SetOp::Remove(element, _) => Some(SetOp::Remove(*element, None)),
            SetOp::Contains(..) | SetOp::Read(_) => None,
        }
    }

    fn keys(&self, op: &SetOp) -> Keys {
        match op {
            SetOp::Add(e, _) | SetOp::Remove(e, _) | SetOp::Contains(e, _) => {
                Keys::Some(smallvec![u64::from(*e)])
            }
            SetOp::Read(_) => Keys::All,
        }
    }

    fn narrow(&self, op: &SetOp, key: u64) -> Option<SetOp> {
        match op {
            SetOp::Add(e, _) | SetOp::Remove(e, _) | SetOp::Contains(e, _) => {
                (u64::from(*e) == key).then(|| op.clone())
            }
            SetOp::Read(elements) => {
                let element = u32::try_from(key).ok()?;
                Some(SetOp::Contains(element, elements.binary_search(&element).is_ok()))
            }
        }
    }

    fn leaves(&self, op: &SetOp) -> Option<Vec<u32>> {
        match op {
            SetOp::Read(elements) => Some(elements.clone()),
            SetOp::Add(..) | SetOp::Remove(..) | SetOp::Contains(..) => None,
        }
    }

    fn tells_needs(&self) -> bool {
        self.whole
    }

    /// Elements that must be put in or taken out.
    fn needs(&self, state: &Vec<u32>, op: &SetOp) -> SmallVec<[u64; 2]> {
        let held = |e: &u32| state.binary_search(e).is_ok();
        let wanted = match op {
            SetOp::Add(e, told) => told.map(|fresh| (*e, !fresh)),
            SetOp::Remove(e, told) => told.map(|present| (*e, present)),
            SetOp::Contains(e, found) => Some((*e, *found)),
            SetOp::Read(elements) => {
                let missing = elements.iter().filter(|e| !held(e)).map(|e| becomes(*e, true));
                let extra = state.iter().filter(|e| elements.binary_search(e).is_err());
                return missing.chain(extra.map(|e| becomes(*e, false))).collect();
            }
        };
        let wrong = wanted.filter(|(e, wanted)| held(e) != *wanted);
        wrong.map(|(e, wanted)| becomes(e, wanted)).into_iter().collect()
    }

    fn brings(&self, op: &SetOp) -> SmallVec<[u64; 2]> {
        match *op {
            SetOp::Add(e, None | Some(true)) => smallvec![becomes(e, true)],
            SetOp::Remove(e, None | Some(true)) => smallvec![becomes(e, false)],
            _ => SmallVec::new(),
        }
    }

    fn pure(&self, op: &SetOp) -> bool {
        match op {
            SetOp::Add(_, result) | SetOp::Remove(_, result) => *result == Some(false),
            SetOp::Contains(..) | SetOp::Read(_) => true,
        }
    }

    fn overwrite(&self, op: &SetOp) -> bool {
        !self.whole && matches!(op, SetOp::Add(_, None) | SetOp::Remove(_, None))
    }

    fn reset(&self, op: &SetOp) -> bool {
        matches!(op, SetOp::Remove(_, None | Some(true)))
    }

    fn looks_ahead(&self) -> bool {
        self.whole
    }

    fn hopeless(&self, state: &Vec<u32>, op: &SetOp) -> bool {
        match op {
            SetOp::Read(elements) => state.iter().any(|e| elements.binary_search(e).is_err()),
            _ => false,
        }
    }

    fn shortcut(&self, calls: &[Call<SetOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        let touch = |call: &Call<SetOp>| {
            let (element, told) = match &call.op {
                SetOp::Add(e, told) | SetOp::Remove(e, told) => (*e, *told),
                SetOp::Contains(e, told) => (*e, Some(*told)),
                SetOp::Read(_) => return None,
            };
            // One that may never have happened flips the bit or does nothing.
            let told = told.or(call.optional().then_some(true))?;
            let looks = matches!(call.op, SetOp::Contains(..));
            let value = select_unpredictable(looks, told, matches!(call.op, SetOp::Add(..)));
            Some(Touch { element, value, flips: told & !looks })
        };
        fast::set(calls, touch, order)
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o SetOp>,
        _: &Deadline,
    ) -> Option<usize> {
        let mut set = Held::default();
        ops.position(|op| {
            // Which operation comes next cannot be guessed, so nothing branches on it.
            let (element, told) = match op {
                SetOp::Add(e, told) | SetOp::Remove(e, told) => (*e, *told),
                SetOp::Contains(e, told) => (*e, Some(*told)),
                SetOp::Read(all) => return !set.is(all),
            };
            let (add, looks) = (matches!(op, SetOp::Add(..)), matches!(op, SetOp::Contains(..)));
            let there = set.replace(element, looks, add);
            told.is_some() & ((told == Some(true)) == (there == add))
        })
    }

    fn state_bytes(&self, state: &Vec<u32>) -> usize {
        size_of::<Vec<u32>>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &SetOp) -> String {
        let result = |known: &Option<bool>, yes: &str, no: &str| match known {
            Some(true) => format!(" {yes}"),
            Some(false) => format!(" {no}"),
            None => String::new(),
        };
        match op {
            SetOp::Add(e, fresh) => {
                let result = result(fresh, "found it new", "found it there already");
                format!("add of {}{result}", self.symbols.value(*e))
            }
            SetOp::Remove(e, present) => {
                let result = result(present, "took it out", "found nothing");
                format!("remove of {}{result}", self.symbols.value(*e))
            }
            SetOp::Contains(e, found) => {
                let found = if *found { "found it" } else { "did not find it" };
                format!("lookup of {} {found}", self.symbols.value(*e))
            }
            SetOp::Read(elements) => format!("read returned {}", self.describe_state(elements)),
        }
    }

    fn describe_state(&self, state: &Vec<u32>) -> String {
        Value::Set(state.iter().map(|e| self.symbols.value(*e).clone()).collect()).to_string()
    }

    fn why_not(&self, state: &Vec<u32>, op: &SetOp) -> String {
        match op {
            SetOp::Add(e, _) | SetOp::Remove(e, _) | SetOp::Contains(e, _) => {
                let there = if state.binary_search(e).is_ok() { "was" } else { "was not" };
                format!("{} {there} in the set", self.symbols.value(*e))
            }
            SetOp::Read(_) => format!("the set was {}", self.describe_state(state)),
        }
    }
}

impl Translate for Set {
    const MODEL: Model = Model::Set;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(Set::default())
    }

    fn survey(&mut self, calls: &[RawCall<'_>]) -> Option<String> {
        self.whole = calls.iter().any(|call| call.f() == "read");
        None
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<SetOp>, Mismatch> {
        let happened = call.outcome() != Outcome::Fail;
        let flag = || match call.output() {
            Some(Value::Bool(flag)) => Some(*flag),
            _ => None,
        };
        Ok(match call.f() {
            "add" | "insert" => {
                happened.then(|| SetOp::Add(self.symbols.number(call.input()), flag()))
            }
            "remove" | "delete" => {
                happened.then(|| SetOp::Remove(self.symbols.number(call.input()), flag()))
            }
            "contains" => {
                let element = self.symbols.number(call.input());
                match (call.outcome(), flag()) {
                    (Outcome::Ok, Some(found)) => Some(SetOp::Contains(element, found)),
                    (Outcome::Ok, None) => return Err(Mismatch::output(call, "true or false")),
                    _ => None,
                }
            }
            "read" => match call.output() {
                None => None,
                Some(Value::Nil) => Some(SetOp::Read(Vec::new())),
                Some(value) => {
                    let Some(items) = value.as_list() else {
                        return Err(Mismatch::output(call, "a list or set of elements"));
                    };
                    let mut elements: Vec<u32> =
                        items.iter().map(|item| self.symbols.number(item)).collect();
                    elements.sort_unstable();
                    elements.dedup();
                    Some(SetOp::Read(elements))
                }
            },
            _ => return Err(Mismatch::function(call, "`add`, `remove`, `contains`, `read`")),
        })
    }
}
