//! From a recorded history to a report.

use super::explain::{Labels, Place};
use super::history::{RawCall, Translate, Translated, pair, translate};
use super::judgement::{judge, out_of_time};
use super::kind::{Model, ModelKind};
use super::models::{
    AppendLog, Bank, Counter, FencedLock, FifoQueue, Kv, MaxRegister, MultiRegister, Mutex,
    PriorityQueue, ReentrantLock, Register, Semaphore, Set, Stack, UniqueId,
};
use super::report::Report;
use super::survey::survey;
use super::weaker::weaker;
use super::{Call, CheckError, Deadline, Options, Spec};
use schism_history::{History, Value};

/// Judges a history by a model.
pub fn check_history(
    history: &History,
    kind: &ModelKind,
    options: &Options,
) -> Result<Report, CheckError> {
    match kind.model {
        Model::Register | Model::CasRegister => run::<Register>(history, kind, options),
        Model::Kv => run::<Kv>(history, kind, options),
        Model::MultiRegister => run::<MultiRegister>(history, kind, options),
        Model::Mutex => run::<Mutex>(history, kind, options),
        Model::ReentrantLock => run::<ReentrantLock>(history, kind, options),
        Model::FencedLock => run::<FencedLock>(history, kind, options),
        Model::Semaphore => run::<Semaphore>(history, kind, options),
        Model::FifoQueue => run::<FifoQueue>(history, kind, options),
        Model::Stack => run::<Stack>(history, kind, options),
        Model::PriorityQueue => run::<PriorityQueue>(history, kind, options),
        Model::Set => run::<Set>(history, kind, options),
        Model::Counter => run::<Counter>(history, kind, options),
        Model::AppendLog => run::<AppendLog>(history, kind, options),
        Model::Bank => run::<Bank>(history, kind, options),
        Model::UniqueId => run::<UniqueId>(history, kind, options),
        Model::MaxRegister => run::<MaxRegister>(history, kind, options),
        Model::RegularRegister => run_weaker(history, kind, options, false),
        Model::SafeRegister => run_weaker(history, kind, options, true),
    }
}

/// Judges a register that promises less.
fn run_weaker(
    history: &History,
    kind: &ModelKind,
    options: &Options,
    safe: bool,
) -> Result<Report, CheckError> {
    let deadline = Deadline::after(options.time);
    let Some(raw) = pair(history, &deadline)? else { return Ok(unread(kind)) };
    let mut model = Register::starting(kind, options)?;
    let Some(translated) = translate(&mut model, &raw, &deadline)? else {
        return Ok(unread(kind));
    };
    let Translated { calls, origin, objects, .. } = &translated;
    let labels = ByRecord { raw: &raw, origin, objects };
    Ok(Report {
        model: kind.to_string(),
        property: kind.model.property().into(),
        operations: calls.len(),
        concurrent: survey(calls).concurrent,
        objects: objects.len(),
        verdict: weaker(&model, calls, safe, &labels),
        method: "each read by itself".into(),
        configurations: 0,
        notes: Vec::new(),
    })
}

/// Judges calls of one's own model. Operations are named by their index among the calls.
pub fn check<M: Spec>(model: &M, calls: &[Call<M::Op>], options: &Options) -> Report {
    judge(model, None, calls, options, Deadline::after(options.time), &ByIndex)
}

struct ByIndex;

impl Labels for ByIndex {
    fn place(&self, call: u32) -> Place {
        Place { process: u64::from(call), invoked: u64::from(call), completed: None }
    }

    fn object(&self, _: u32) -> Option<String> {
        None
    }

    fn invoked(&self, calls: &[u32]) -> Vec<u64> {
        calls.iter().map(|call| u64::from(*call)).collect()
    }
}

/// Calls that came from a history.
struct ByRecord<'a> {
    raw: &'a [RawCall<'a>],
    origin: &'a [u32],
    objects: &'a [Option<Value>],
}

impl Labels for ByRecord<'_> {
    fn place(&self, call: u32) -> Place {
        let raw = &self.raw[self.origin[call as usize] as usize];
        Place {
            process: raw.invoke.process,
            invoked: raw.invoked.index,
            completed: raw.completed.map(|record| record.index),
        }
    }

    fn object(&self, object: u32) -> Option<String> {
        self.objects.get(object as usize)?.as_ref().map(ToString::to_string)
    }
}

fn run<T: Translate>(
    history: &History,
    kind: &ModelKind,
    options: &Options,
) -> Result<Report, CheckError> {
    let deadline = Deadline::after(options.time);
    let Some(raw) = pair(history, &deadline)? else { return Ok(unread(kind)) };
    let mut model = T::starting(kind, options)?;
    let Some(translated) = translate(&mut model, &raw, &deadline)? else {
        return Ok(unread(kind));
    };
    let Translated { calls, origin, objects, assumed } = &translated;
    let labels = ByRecord { raw: &raw, origin, objects };
    let mut report = judge(&model, Some(kind.to_string()), calls, options, deadline, &labels);
    report.notes.extend(assumed.clone());
    Ok(Report { objects: objects.len(), ..report })
}

/// The time was over before the operations were known.
fn unread(kind: &ModelKind) -> Report {
    Report {
        model: kind.to_string(),
        property: kind.model.property().into(),
        operations: 0,
        concurrent: 0,
        objects: 0,
        verdict: out_of_time("the operations were not read to their end"),
        method: "none".into(),
        configurations: 0,
        notes: Vec::new(),
    }
}
