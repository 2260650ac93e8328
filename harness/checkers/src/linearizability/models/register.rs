//! A register, with or without compare-and-set.

use super::{NIL, Symbols};
use crate::linearizability::fast::{self, Access, Passage, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate, failed_without_reason};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, FailedCas, Options};
use schism_history::{Outcome, Value};
use smallvec::{SmallVec, smallvec};
use std::hint::black_box;

/// What can be done to a register. Values are numbered by [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterOp {
    /// Returned this.
    Read(u32),
    /// Stored this.
    Write(u32),
    /// Compared with the first, stored the second if equal; whether it did, if that is known.
    Cas(u32, u32, Option<bool>),
}

/// A register that holds one value.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// The values of the history.
    pub symbols: Symbols,
    /// What it holds at first.
    pub initial: u32,
    cas: bool,
    failed_cas: FailedCas,
}

impl Register {
    /// A register over these values that holds this one at first.
    pub fn new(symbols: Symbols, initial: u32) -> Register {
        Register { symbols, initial, ..Register::default() }
    }

    /// What an operation does that reads or writes.
    pub(crate) fn access(&self, op: &RegisterOp) -> Option<Access> {
        let (RegisterOp::Read(value) | RegisterOp::Write(value)) = *op else { return None };
        Some(Access { value, write: matches!(op, RegisterOp::Write(_)) })
    }

    fn show(&self, value: u32) -> &Value {
        self.symbols.value(value)
    }
}

/// What an operation found and left.
fn passage(op: &RegisterOp) -> Passage {
    match *op {
        RegisterOp::Read(value) => Passage { found: Some(value), ..Passage::default() },
        RegisterOp::Write(value) => Passage { found: None, left: Some(value), certain: true },
        RegisterOp::Cas(old, new, matched) => Passage {
            found: (matched == Some(true)).then_some(old),
            left: (matched != Some(false) && old != new).then_some(new),
            certain: matched == Some(true) && old != new,
        },
    }
}

impl Spec for Register {
    type Op = RegisterOp;
    type State = u32;

    fn init(&self) -> Vec<u32> {
        vec![self.initial]
    }

    fn step(&self, state: &u32, op: &RegisterOp, _: &Deadline) -> Step<u32> {
        match *op {
            RegisterOp::Read(value) => Step::when(value == *state, || value),
            RegisterOp::Write(value) => Step::To(value),
            RegisterOp::Cas(old, new, matched) => {
                let hit = *state == old;
                Step::when(matched.is_none_or(|m| m == hit), || if hit { new } else { *state })
            }
        }
    }

    fn forget(&self, op: &RegisterOp) -> Option<RegisterOp> {
        match *op {
            RegisterOp::Read(_) => None,
            RegisterOp::Write(_) => Some(*op),
            RegisterOp::Cas(old, new, _) => Some(RegisterOp::Cas(old, new, None)),
        }
    }

    fn leaves(&self, op: &RegisterOp) -> Option<u32> {
        match *op {
            RegisterOp::Read(value)
            | RegisterOp::Write(value)
            | RegisterOp::Cas(_, value, Some(true)) => Some(value),
            RegisterOp::Cas(..) => None,
        }
    }

    fn pure(&self, op: &RegisterOp) -> bool {
        match op {
            RegisterOp::Read(_) | RegisterOp::Cas(_, _, Some(false)) => true,
            RegisterOp::Cas(old, new, Some(true)) => old == new,
            RegisterOp::Write(_) | RegisterOp::Cas(_, _, None) => false,
        }
    }

    fn tells_needs(&self) -> bool {
        true
    }

    /// The value that was found.
    fn needs(&self, state: &u32, op: &RegisterOp) -> SmallVec<[u64; 2]> {
        match *op {
            RegisterOp::Read(value) | RegisterOp::Cas(value, _, Some(true)) if value != *state => {
                smallvec![value.into()]
            }
            _ => SmallVec::new(),
        }
    }

    fn brings(&self, op: &RegisterOp) -> SmallVec<[u64; 2]> {
        match *op {
            RegisterOp::Write(value) | RegisterOp::Cas(_, value, None | Some(true)) => {
                smallvec![value.into()]
            }
            RegisterOp::Read(_) | RegisterOp::Cas(_, _, Some(false)) => SmallVec::new(),
        }
    }

    fn overwrite(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Write(_))
    }

    fn shortcut(&self, calls: &[Call<RegisterOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        fast::register(calls, |op| self.access(op), self.initial, order)
            .or_else(|| fast::stale(calls, passage, RegisterOp::Write, self.initial))
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o RegisterOp>,
        _: &Deadline,
    ) -> Option<usize> {
        let mut state = self.initial;
        ops.position(|op| {
            if let RegisterOp::Cas(old, new, matched) = *op {
                let hit = state == old;
                state = if hit { new } else { state };
                return matched.is_some_and(|matched| matched != hit);
            }
            // Which of the others comes next cannot be guessed, so nothing branches on it: after
            // either the value is held, or nothing matters any more.
            let (RegisterOp::Read(value) | RegisterOp::Write(value) | RegisterOp::Cas(value, ..)) =
                *op;
            let held = std::mem::replace(&mut state, value);
            black_box(matches!(op, RegisterOp::Read(_)) & (held != value))
        })
    }

    fn why_not(&self, state: &u32, op: &RegisterOp) -> String {
        let state = self.show(*state);
        match op {
            RegisterOp::Cas(_, _, Some(false)) => format!("the value was {state}, which matches"),
            _ => format!("the value was {state}"),
        }
    }

    fn describe(&self, op: &RegisterOp) -> String {
        match *op {
            RegisterOp::Read(value) => format!("read returned {}", self.show(value)),
            RegisterOp::Write(value) => format!("write of {}", self.show(value)),
            RegisterOp::Cas(old, new, matched) => {
                let (old, new) = (self.show(old), self.show(new));
                match matched {
                    Some(true) => format!("cas from {old} to {new} succeeded"),
                    Some(false) => format!("cas from {old} to {new} failed"),
                    None => format!("cas from {old} to {new}"),
                }
            }
        }
    }

    fn describe_state(&self, state: &u32) -> String {
        self.show(*state).to_string()
    }
}

impl Translate for Register {
    const MODEL: Model = Model::CasRegister;

    fn starting(kind: &ModelKind, options: &Options) -> Result<Self, CheckError> {
        let mut symbols = Symbols::default();
        let initial = kind.initial.as_ref().map_or(NIL, |value| symbols.number(value));
        let cas = kind.model == Model::CasRegister;
        Ok(Register { symbols, initial, cas, failed_cas: options.failed_cas })
    }

    fn survey(&mut self, calls: &[RawCall<'_>]) -> Option<String> {
        failed_without_reason(calls, self.failed_cas)
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<RegisterOp>, Mismatch> {
        let outcome = call.outcome();
        match call.f() {
            "read" | "r" | "get" => {
                Ok(call.output().map(|value| RegisterOp::Read(self.symbols.number(value))))
            }
            "write" | "w" | "put" | "set" => Ok((outcome != Outcome::Fail)
                .then(|| RegisterOp::Write(self.symbols.number(call.input())))),
            "cas" | "compare-and-set" if self.cas => {
                let (old, new) = match call.input().as_list() {
                    Some([old, new]) => (self.symbols.number(old), self.symbols.number(new)),
                    _ => return Err(Mismatch::input(call, "a list [old new]")),
                };
                Ok(cas_result(call, self.failed_cas).map(|hit| RegisterOp::Cas(old, new, hit)))
            }
            _ if self.cas => Err(Mismatch::function(call, "`read`, `write`, `cas`")),
            _ => Err(Mismatch::function(call, "`read`, `write`")),
        }
    }
}

/// Whether a compare-and-set matched; `None` outside if it tells nothing at all.
pub(super) fn cas_result(call: &RawCall<'_>, failed_cas: FailedCas) -> Option<Option<bool>> {
    match call.outcome() {
        Outcome::Ok => Some(Some(call.output() != Some(&Value::Bool(false)))),
        Outcome::Info => Some(None),
        Outcome::Fail => call.failed_by_comparison(failed_cas).then_some(Some(false)),
    }
}
