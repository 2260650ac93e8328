//! Numbers that change by arithmetic: counter and max-register.

use crate::linearizability::fast::{self, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};

/// The whole number an object starts from.
fn integer(kind: &ModelKind, otherwise: i64) -> Result<i64, CheckError> {
    match &kind.initial {
        None => Ok(otherwise),
        Some(Value::Int(number)) => Ok(*number),
        Some(other) => Err(CheckError::Initial {
            model: kind.model.name(),
            initial: other.to_string(),
            expected: "a whole number",
        }),
    }
}

/// What can be done to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CounterOp {
    /// Returned this.
    Read(i64),
    /// Added the first; returned the second, the new value, if that is known.
    Add(i64, Option<i64>),
}

/// A number that is added to.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    /// What it holds at first.
    pub initial: i64,
}

impl Spec for Counter {
    type Op = CounterOp;
    type State = i64;

    fn init(&self) -> Vec<i64> {
        vec![self.initial]
    }

    fn step(&self, state: &i64, op: &CounterOp, _: &Deadline) -> Step<i64> {
        match *op {
            CounterOp::Read(value) => Step::when(value == *state, || value),
            CounterOp::Add(delta, result) => {
                let next = state.wrapping_add(delta);
                Step::when(result.is_none_or(|r| r == next), || next)
            }
        }
    }

    fn forget(&self, op: &CounterOp) -> Option<CounterOp> {
        match *op {
            CounterOp::Read(_) => None,
            CounterOp::Add(delta, _) => Some(CounterOp::Add(delta, None)),
        }
    }

    fn leaves(&self, op: &CounterOp) -> Option<i64> {
        match *op {
            CounterOp::Read(value) | CounterOp::Add(_, Some(value)) => Some(value),
            CounterOp::Add(_, None) => None,
        }
    }

    fn pure(&self, op: &CounterOp) -> bool {
        matches!(op, CounterOp::Read(_) | CounterOp::Add(0, _))
    }

    fn reset(&self, op: &CounterOp) -> bool {
        matches!(op, CounterOp::Add(delta, _) if *delta < 0)
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn hopeless(&self, state: &i64, op: &CounterOp) -> bool {
        match *op {
            CounterOp::Read(value) => value < *state,
            CounterOp::Add(delta, Some(result)) => result.wrapping_sub(delta) < *state,
            CounterOp::Add(_, None) => false,
        }
    }

    fn describe(&self, op: &CounterOp) -> String {
        match op {
            CounterOp::Read(value) => format!("read returned {value}"),
            CounterOp::Add(delta, None) => format!("add of {delta}"),
            CounterOp::Add(delta, Some(result)) => format!("add of {delta} returned {result}"),
        }
    }

    fn why_not(&self, state: &i64, _: &CounterOp) -> String {
        format!("the counter was {state}")
    }
}

impl Translate for Counter {
    const MODEL: Model = Model::Counter;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(Counter { initial: integer(kind, 0)? })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<CounterOp>, Mismatch> {
        let delta = || match call.input() {
            Value::Nil => Ok(1),
            Value::Int(delta) => Ok(*delta),
            _ => Err(Mismatch::input(call, "nothing, or a whole number to add")),
        };
        let result = || match call.output() {
            None => Ok(None),
            Some(value) => match value.as_int() {
                Some(result) => Ok(Some(result)),
                None => Err(Mismatch::output(call, "a whole number")),
            },
        };
        let op = match call.f() {
            "read" | "get" => result()?.map(CounterOp::Read),
            "add" | "inc" | "increment" => Some(CounterOp::Add(delta()?, None)),
            "dec" | "decrement" => Some(CounterOp::Add(delta()?.wrapping_neg(), None)),
            "add-and-get" => Some(CounterOp::Add(delta()?, result()?)),
            "get-and-add" => {
                let delta = delta()?;
                Some(CounterOp::Add(delta, result()?.map(|old| old.wrapping_add(delta))))
            }
            _ => {
                let expected = "`add`, `increment`, `decrement`, `add-and-get`, `get-and-add`, \
                                `read`";
                return Err(Mismatch::function(call, expected));
            }
        };
        Ok(op.filter(|_| call.outcome() != Outcome::Fail))
    }
}

/// What can be done to a max-register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaxRegisterOp {
    /// Returned this.
    Read(i64),
    /// Raised it to this, if it was less.
    Write(i64),
}

/// A register that keeps the greatest value written.
#[derive(Clone, Debug, Default)]
pub struct MaxRegister {
    /// What it holds at first.
    pub initial: i64,
}

impl Spec for MaxRegister {
    type Op = MaxRegisterOp;
    type State = i64;

    fn init(&self) -> Vec<i64> {
        vec![self.initial]
    }

    fn step(&self, state: &i64, op: &MaxRegisterOp, _: &Deadline) -> Step<i64> {
        match *op {
            MaxRegisterOp::Read(value) => Step::when(value == *state, || value),
            MaxRegisterOp::Write(value) => Step::To(value.max(*state)),
        }
    }

    fn forget(&self, op: &MaxRegisterOp) -> Option<MaxRegisterOp> {
        matches!(op, MaxRegisterOp::Write(_)).then_some(*op)
    }

    fn leaves(&self, op: &MaxRegisterOp) -> Option<i64> {
        match *op {
            MaxRegisterOp::Read(value) => Some(value),
            MaxRegisterOp::Write(_) => None,
        }
    }

    fn pure(&self, op: &MaxRegisterOp) -> bool {
        matches!(op, MaxRegisterOp::Read(_))
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn shortcut(&self, calls: &[Call<MaxRegisterOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        Some(fast::maximum(calls, self.initial, order))
    }

    fn hopeless(&self, state: &i64, op: &MaxRegisterOp) -> bool {
        matches!(op, MaxRegisterOp::Read(value) if value < state)
    }

    fn describe(&self, op: &MaxRegisterOp) -> String {
        match op {
            MaxRegisterOp::Read(value) => format!("read returned {value}"),
            MaxRegisterOp::Write(value) => format!("write of {value}"),
        }
    }

    fn why_not(&self, state: &i64, _: &MaxRegisterOp) -> String {
        format!("the greatest value was {state}")
    }
}

impl Translate for MaxRegister {
    const MODEL: Model = Model::MaxRegister;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(MaxRegister { initial: integer(kind, 0)? })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<MaxRegisterOp>, Mismatch> {
        let initial = self.initial;
        Ok(match call.f() {
            "read" | "get" => match call.output() {
                None => None,
                Some(Value::Nil) => Some(MaxRegisterOp::Read(initial)),
                Some(Value::Int(value)) => Some(MaxRegisterOp::Read(*value)),
                Some(_) => return Err(Mismatch::output(call, "a whole number")),
            },
            "write" | "write-max" | "put" => match call.input() {
                Value::Int(value) => {
                    (call.outcome() != Outcome::Fail).then_some(MaxRegisterOp::Write(*value))
                }
                _ => return Err(Mismatch::input(call, "a whole number")),
            },
            _ => return Err(Mismatch::function(call, "`write`, `read`")),
        })
    }
}
