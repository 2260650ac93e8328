//! From the records of a history to the calls of a model.
//!
//! The order of the records is the order of events: an operation whose completion is recorded
//! before another's invocation came first. Only operations of clients count; everything else in a
//! history is passed over.

use super::kind::{Model, ModelKind};
use super::model::{Call, NEVER, Spec};
use super::{CheckError, Deadline, FailedCas, Options};
use rustc_hash::FxHashMap;
use schism_history::{Entry, History, OpEvent, OpKind, Outcome, Record, Value, Worker};

/// An operation as it stands in a history, invocation and completion together.
#[derive(Clone, Copy, Debug)]
pub struct RawCall<'a> {
    /// The record of the invocation.
    pub invoked: &'a Record,
    /// The record of the completion.
    pub completed: Option<&'a Record>,
    /// The invocation.
    pub invoke: &'a OpEvent,
    /// The completion.
    pub complete: Option<&'a OpEvent>,
    /// The position of the invocation among all ends of operations.
    pub called: u32,
    /// The position of the completion; [`NEVER`] unless it ended `ok` or `fail`.
    pub returned: u32,
}

impl<'a> RawCall<'a> {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match self.complete.map(|c| c.kind) {
            Some(OpKind::Ok) => Outcome::Ok,
            Some(OpKind::Fail) => Outcome::Fail,
            Some(OpKind::Info | OpKind::Invoke) | None => Outcome::Info,
        }
    }

    /// What it was invoked as.
    pub fn f(&self) -> &'a str {
        &self.invoke.f
    }

    /// What it was invoked with.
    pub fn input(&self) -> &'a Value {
        &self.invoke.value
    }

    /// What it returned, if it ended `ok`.
    pub fn output(&self) -> Option<&'a Value> {
        self.complete.filter(|c| c.kind == OpKind::Ok).map(|c| &c.value)
    }

    /// The independent object the history says it concerns.
    pub fn key(&self) -> Option<&'a Value> {
        self.invoke.key.as_ref()
    }

    /// Why it failed, where the history tells.
    fn reason(&self) -> Option<&'a str> {
        // Some put their reason into the place of the value.
        self.complete.and_then(|complete| match (&complete.error, &complete.value) {
            (Some(error), _) => Some(error.as_str()),
            (None, Value::Keyword(reason)) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Whether a comparison that failed tells what the value was not.
    pub fn failed_by_comparison(&self, failed_cas: FailedCas) -> bool {
        match failed_cas {
            FailedCas::Mismatch => true,
            FailedCas::DidNotHappen => false,
            FailedCas::ByError => self.reason().is_some_and(|reason| {
                let reason = reason.to_ascii_lowercase();
                ["precondition", "mismatch", "compare", "cas-failed", "did-not-match"]
                    .iter()
                    .any(|word| reason.contains(word))
            }),
        }
    }
}

/// What a model did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Whether the completion is to blame, not the invocation.
    pub at_completion: bool,
    /// What stands there.
    pub found: String,
    /// What could stand there.
    pub expected: String,
}

impl Mismatch {
    /// The function is not one of the model's.
    pub fn function(call: &RawCall<'_>, expected: &str) -> Mismatch {
        Mismatch {
            at_completion: false,
            found: format!("function `{}`", call.f()),
            expected: format!("one of {expected}"),
        }
    }

    /// The argument has another shape.
    pub fn input(call: &RawCall<'_>, expected: &str) -> Mismatch {
        Mismatch {
            at_completion: false,
            found: format!("`{}` of {}", call.f(), call.input()),
            expected: expected.into(),
        }
    }

    /// The result has another shape.
    pub fn output(call: &RawCall<'_>, expected: &str) -> Mismatch {
        let output = call.complete.map_or(&Value::Nil, |c| &c.value);
        Mismatch {
            at_completion: true,
            found: format!("`{}` returning {output}", call.f()),
            expected: expected.into(),
        }
    }
}

/// A model that knows how its operations are written in histories.
pub trait Translate: Spec {
    /// Which model it is.
    const MODEL: Model;

    /// Starts from the given value.
    fn starting(kind: &ModelKind, options: &Options) -> Result<Self, CheckError>
    where
        Self: Sized;

    /// Looks at all calls before the first is translated. Returns what it took for granted, in
    /// words.
    fn survey(&mut self, _calls: &[RawCall<'_>]) -> Option<String> {
        None
    }

    /// The operation of a call; `None` if the call tells nothing about the object.
    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<Self::Op>, Mismatch>;

    /// The independent object a call concerns.
    fn object<'a>(&self, call: &RawCall<'a>) -> Option<&'a Value> {
        call.key()
    }
}

/// The call that each process has open. Processes mostly have small numbers, for which there is a
/// table.
#[derive(Default)]
struct Open {
    small: Vec<Option<usize>>,
    large: FxHashMap<Worker, usize>,
}

impl Open {
    /// Processes in the table.
    const SMALL: Worker = 1 << 14;

    /// Sets what a process has open, and returns what it had.
    fn replace(&mut self, process: Worker, call: Option<usize>) -> Option<usize> {
        if process >= Self::SMALL {
            return match call {
                Some(call) => self.large.insert(process, call),
                None => self.large.remove(&process),
            };
        }
        let at = process as usize;
        if at >= self.small.len() {
            self.small.resize(at + 1, None);
        }
        std::mem::replace(&mut self.small[at], call)
    }
}

/// What is taken for granted about comparisons that failed without a reason, if there are any.
pub(super) fn failed_without_reason(
    calls: &[RawCall<'_>],
    failed_cas: FailedCas,
) -> Option<String> {
    if failed_cas != FailedCas::ByError {
        return None;
    }
    let unexplained = |call: &&RawCall<'_>| {
        call.outcome() == Outcome::Fail
            && matches!(call.f(), "cas" | "compare-and-set")
            && call.reason().is_none()
    };
    match calls.iter().filter(unexplained).count() {
        0 => None,
        1 => Some("1 cas failed without a reason and was taken not to have happened".into()),
        n => Some(format!("{n} cas failed without a reason and were taken not to have happened")),
    }
}

/// How many records or calls come between two looks at the clock.
const PATIENCE: usize = 1 << 14;

/// Invocations paired with their completions, in the order of invocation. `None` if the time is
/// over before.
pub fn pair<'h>(
    history: &'h History,
    deadline: &Deadline,
) -> Result<Option<Vec<RawCall<'h>>>, CheckError> {
    let mut calls: Vec<RawCall<'_>> = Vec::with_capacity(history.records.len() / 2);
    let mut open = Open::default();
    let mut position = 0u32;
    for (at, record) in history.records.iter().enumerate() {
        if at % PATIENCE == PATIENCE - 1 && deadline.expired() {
            return Ok(None);
        }
        let Entry::Op(op) = &record.entry else { continue };
        if position >= NEVER - 1 {
            let (events, limit) = (history.records.len(), NEVER as usize - 1);
            return Err(CheckError::TooLong { events, limit });
        }
        if op.kind == OpKind::Invoke {
            if let Some(first) = open.replace(op.process, Some(calls.len())) {
                return Err(CheckError::StillOpen {
                    record: record.index,
                    process: op.process,
                    f: op.f.clone(),
                    open: calls[first].invoked.index,
                });
            }
            calls.push(RawCall {
                invoked: record,
                completed: None,
                invoke: op,
                complete: None,
                called: position,
                returned: NEVER,
            });
        } else if let Some(i) = open.replace(op.process, None) {
            let call = &mut calls[i];
            call.completed = Some(record);
            call.complete = Some(op);
            if op.kind != OpKind::Info {
                call.returned = position;
            }
        } else {
            return Err(CheckError::NeverInvoked {
                record: record.index,
                process: op.process,
                f: op.f.clone(),
            });
        }
        position += 1;
    }
    Ok(Some(calls))
}

/// The calls of a model, each with the number of the raw call it came from, and the names of the
/// independent objects.
pub struct Translated<Op> {
    /// The calls, in the order of invocation.
    pub calls: Vec<Call<Op>>,
    /// For each call, the raw call it came from.
    pub origin: Vec<u32>,
    /// The names of the objects.
    pub objects: Vec<Option<Value>>,
    /// What was taken for granted.
    pub assumed: Option<String>,
}

/// Translates every call that tells something. `None` if the time is over before.
pub fn translate<T: Translate>(
    model: &mut T,
    raw: &[RawCall<'_>],
    deadline: &Deadline,
) -> Result<Option<Translated<T::Op>>, CheckError> {
    let mut translated = Translated {
        calls: Vec::with_capacity(raw.len()),
        origin: Vec::with_capacity(raw.len()),
        objects: Vec::new(),
        assumed: model.survey(raw),
    };
    let mut objects: FxHashMap<Option<&Value>, u32> = FxHashMap::default();
    let mut last = None;
    for (i, call) in raw.iter().enumerate() {
        if i % PATIENCE == PATIENCE - 1 && deadline.expired() {
            return Ok(None);
        }
        let op = model.translate(call).map_err(|mismatch| CheckError::Operation {
            record: match (mismatch.at_completion, call.completed) {
                (true, Some(completed)) => completed.index,
                _ => call.invoked.index,
            },
            model: T::MODEL.name(),
            found: mismatch.found,
            expected: mismatch.expected,
        })?;
        let Some(op) = op else { continue };
        let name = model.object(call);
        let object = match last {
            Some((known, object)) if known == name => object,
            _ => *objects.entry(name).or_insert_with(|| {
                translated.objects.push(name.cloned());
                translated.objects.len() as u32 - 1
            }),
        };
        last = Some((name, object));
        // A comparison that failed returned; anything else that failed was left out above.
        translated.calls.push(Call { op, called: call.called, returned: call.returned, object });
        translated.origin.push(i as u32);
    }
    Ok(Some(translated))
}
