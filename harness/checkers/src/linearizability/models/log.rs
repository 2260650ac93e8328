//! A log that is only appended to and read as a whole.

use super::Symbols;
use crate::linearizability::fast::{self, Found, Growth, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};

/// What can be done to a log. Values are numbered by [`Symbols`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogOp {
    /// Added this to the end.
    Append(u32),
    /// Returned all of it.
    Read(Vec<u32>),
    /// Returned this, of what the operations are about.
    Glimpse(Vec<u32>),
    /// Returned something with this in it, which nobody appended.
    Stray(u32),
}

/// A log of values.
#[derive(Clone, Debug, Default)]
pub struct AppendLog {
    /// The values of the history.
    pub symbols: Symbols,
}

impl AppendLog {
    /// What an operation does to the log.
    pub(crate) fn growth<'a>(&self, op: &'a LogOp) -> Option<Growth<&'a [u32]>> {
        match op {
            LogOp::Append(value) => Some(Growth::Append(std::slice::from_ref(value))),
            LogOp::Read(values) => Some(Growth::Read(values)),
            LogOp::Glimpse(_) | LogOp::Stray(_) => None,
        }
    }
}

impl Spec for AppendLog {
    type Op = LogOp;
    type State = Vec<u32>;

    fn init(&self) -> Vec<Vec<u32>> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Vec<u32>, op: &LogOp, _: &Deadline) -> Step<Vec<u32>> {
        match op {
            LogOp::Append(value) => {
                Step::To(state.iter().copied().chain(std::iter::once(*value)).collect())
            }
            LogOp::Read(values) | LogOp::Glimpse(values) => {
                Step::when(values == state, || state.clone())
            }
            LogOp::Stray(_) => Step::Reject,
        }
    }

    fn forget(&self, op: &LogOp) -> Option<LogOp> {
        matches!(op, LogOp::Append(_)).then(|| op.clone())
    }

    fn leaves(&self, op: &LogOp) -> Option<Vec<u32>> {
        match op {
            LogOp::Read(values) | LogOp::Glimpse(values) => Some(values.clone()),
            LogOp::Append(_) | LogOp::Stray(_) => None,
        }
    }

    fn pure(&self, op: &LogOp) -> bool {
        !matches!(op, LogOp::Append(_))
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn hopeless(&self, state: &Vec<u32>, op: &LogOp) -> bool {
        matches!(op, LogOp::Read(values) | LogOp::Glimpse(values) if !values.starts_with(state))
    }

    fn shortcut(&self, calls: &[Call<LogOp>], order: bool) -> Option<Shortcut<LogOp>> {
        let glimpse = |found: Found<&[u32]>| match found {
            Found::Of(parts) => LogOp::Glimpse(parts.concat()),
            Found::Stray(rest) => LogOp::Stray(rest[0]),
        };
        fast::appends(calls, |op| self.growth(op), glimpse, order)
    }

    fn state_bytes(&self, state: &Vec<u32>) -> usize {
        size_of::<Vec<u32>>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &LogOp) -> String {
        match op {
            LogOp::Append(value) => format!("append of {}", self.symbols.value(*value)),
            LogOp::Read(values) => format!("read returned {}", self.describe_state(values)),
            LogOp::Glimpse(values) if values.is_empty() => "read returned none of these".into(),
            LogOp::Glimpse(values) => {
                format!("read returned, of these, {}", self.describe_state(values))
            }
            LogOp::Stray(value) => {
                format!("read returned something with {} in it", self.symbols.value(*value))
            }
        }
    }

    fn describe_state(&self, state: &Vec<u32>) -> String {
        Value::List(state.iter().map(|v| self.symbols.value(*v).clone()).collect()).to_string()
    }

    fn why_not(&self, state: &Vec<u32>, op: &LogOp) -> String {
        match op {
            LogOp::Glimpse(_) if state.is_empty() => "the log held none of these".into(),
            LogOp::Glimpse(_) => format!("of these, the log held {}", self.describe_state(state)),
            LogOp::Stray(value) => format!("nobody had appended {}", self.symbols.value(*value)),
            _ => format!("the log was {}", self.describe_state(state)),
        }
    }
}

impl Translate for AppendLog {
    const MODEL: Model = Model::AppendLog;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(AppendLog::default())
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<LogOp>, Mismatch> {
        Ok(match call.f() {
            "append" | "add" | "send" => (call.outcome() != Outcome::Fail)
                .then(|| LogOp::Append(self.symbols.number(call.input()))),
            "read" | "r" => match call.output() {
                None => None,
                Some(Value::Nil) => Some(LogOp::Read(Vec::new())),
                Some(Value::List(items)) => {
                    Some(LogOp::Read(items.iter().map(|v| self.symbols.number(v)).collect()))
                }
                Some(_) => return Err(Mismatch::output(call, "a list of everything appended")),
            },
            _ => return Err(Mismatch::function(call, "`append`, `read`")),
        })
    }
}
