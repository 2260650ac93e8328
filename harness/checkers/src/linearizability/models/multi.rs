//! Several registers, read and written together.

use super::{NIL, Symbols};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Keys, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};

/// One part of an operation: a key, and what was done to it. Both are numbered by [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The register of this key held that.
    Read(u32, u32),
    /// The register of this key was given that.
    Write(u32, u32),
}

/// What can be done to registers: parts that happen at once, seeing those before them.
pub type MultiOp = Vec<Part>;

/// Several registers.
#[derive(Clone, Debug, Default)]
pub struct MultiRegister {
    /// The keys and values of the history.
    pub symbols: Symbols,
    /// What every register holds at first.
    pub initial: u32,
}

impl MultiRegister {
    fn get(&self, state: &[(u32, u32)], key: u32) -> u32 {
        match state.binary_search_by_key(&key, |(k, _)| *k) {
            Ok(at) => state[at].1,
            Err(_) => self.initial,
        }
    }

    fn pair(&self, key: u32, value: u32) -> String {
        format!("{} = {}", self.symbols.value(key), self.symbols.value(value))
    }
}

impl Spec for MultiRegister {
    type Op = MultiOp;
    /// What was written, by key in ascending order.
    type State = Vec<(u32, u32)>;

    fn init(&self) -> Vec<Self::State> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Self::State, op: &MultiOp, _: &Deadline) -> Step<Self::State> {
        let mut next = state.clone();
        for part in op {
            match *part {
                Part::Read(key, value) => {
                    if self.get(&next, key) != value {
                        return Step::Reject;
                    }
                }
                Part::Write(key, value) => match next.binary_search_by_key(&key, |(k, _)| *k) {
                    Ok(at) => next[at].1 = value,
                    Err(at) => next.insert(at, (key, value)),
                },
            }
        }
        Step::To(next)
    }

    fn forget(&self, op: &MultiOp) -> Option<MultiOp> {
        let writes: MultiOp = op.iter().copied().filter(|p| matches!(p, Part::Write(..))).collect();
        (!writes.is_empty()).then_some(writes)
    }

    fn keys(&self, op: &MultiOp) -> Keys {
        let key = |part: &Part| match part {
            Part::Read(key, _) | Part::Write(key, _) => u64::from(*key),
        };
        Keys::Some(op.iter().map(key).collect())
    }

    fn pure(&self, op: &MultiOp) -> bool {
        op.iter().all(|part| matches!(part, Part::Read(..)))
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.capacity() * size_of::<(u32, u32)>()
    }

    fn describe(&self, op: &MultiOp) -> String {
        let parts: Vec<String> = op
            .iter()
            .map(|part| match *part {
                Part::Read(key, value) => format!("read {}", self.pair(key, value)),
                Part::Write(key, value) => format!("write {}", self.pair(key, value)),
            })
            .collect();
        parts.join(", ")
    }

    fn describe_state(&self, state: &Self::State) -> String {
        let parts: Vec<String> = state.iter().map(|(k, v)| self.pair(*k, *v)).collect();
        if parts.is_empty() { "nothing written".into() } else { parts.join(", ") }
    }

    fn why_not(&self, state: &Self::State, op: &MultiOp) -> String {
        let mut own: Vec<u32> = Vec::new();
        for part in op {
            match *part {
                Part::Read(key, value) => {
                    let held = self.get(state, key);
                    if held != value && !own.contains(&key) {
                        let (key, held) = (self.symbols.value(key), self.symbols.value(held));
                        return format!("{key} was {held}");
                    }
                }
                Part::Write(key, _) => own.push(key),
            }
        }
        "it contradicts itself".into()
    }
}

impl Translate for MultiRegister {
    const MODEL: Model = Model::MultiRegister;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        let mut symbols = Symbols::default();
        let initial = kind.initial.as_ref().map_or(NIL, |value| symbols.number(value));
        Ok(MultiRegister { symbols, initial })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<MultiOp>, Mismatch> {
        const SHAPE: &str = "a list of [read key value] and [write key value]";
        if call.outcome() == Outcome::Fail {
            return Ok(None);
        }
        let ok = call.outcome() == Outcome::Ok;
        let value = call.output().filter(|v| !v.is_nil()).unwrap_or(call.input());
        // Jepsen's oldest shape: `read` and `write` of a map from keys to values.
        if let (f @ ("read" | "write"), Value::Map(entries)) = (call.f(), value) {
            if f == "read" && !ok {
                return Ok(None);
            }
            let mut op = MultiOp::new();
            for (key, value) in entries {
                let (key, value) = (self.symbols.number(key), self.symbols.number(value));
                op.push(if f == "read" { Part::Read(key, value) } else { Part::Write(key, value) });
            }
            return Ok((!op.is_empty()).then_some(op));
        }
        let Some(parts) = value.as_list() else { return Err(Mismatch::input(call, SHAPE)) };
        let mut op = MultiOp::new();
        for part in parts {
            let Some([f, key, value]) = part.as_list() else {
                return Err(Mismatch::input(call, SHAPE));
            };
            let (key, value) = (self.symbols.number(key), self.symbols.number(value));
            match f.as_str() {
                Some("read" | "r") if ok => op.push(Part::Read(key, value)),
                Some("read" | "r") => {}
                Some("write" | "w") => op.push(Part::Write(key, value)),
                _ => return Err(Mismatch::input(call, SHAPE)),
            }
        }
        Ok((!op.is_empty()).then_some(op))
    }
}
