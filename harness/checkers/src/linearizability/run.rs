//! From a recorded history to a report.

use super::history::{RawCall, Translate, Translated, pair, translate};
use super::kind::{Model, ModelKind};
use super::models::{
    AppendLog, Bank, Counter, FencedLock, FifoQueue, Kv, MaxRegister, MultiRegister, Mutex,
    PriorityQueue, ReentrantLock, Register, Semaphore, Set, Stack, UniqueId,
};
use super::reference::{self, Plain};
use super::report::{Core, Described, Order, Report, Verdict, Violation, Why};
use super::{Call, CheckError, NEVER, Options};
use schism_history::History;

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
    }
}

fn run<T: Translate>(
    history: &History,
    kind: &ModelKind,
    options: &Options,
) -> Result<Report, CheckError> {
    let raw = pair(history)?;
    let mut model = T::starting(kind, options)?;
    let translated = translate(&mut model, &raw)?;
    let Translated { calls, origin, objects } = &translated;
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); objects.len()];
    for (i, call) in calls.iter().enumerate() {
        members[call.object as usize].push(i);
    }
    let mut orders = Vec::new();
    let mut verdict = None;
    for (object, members) in members.iter().enumerate() {
        let own: Vec<Call<T::Op>> = members.iter().map(|i| calls[*i].clone()).collect();
        let name = objects[object].as_ref().map(ToString::to_string);
        let limit = usize::try_from(options.configurations).unwrap_or(usize::MAX);
        match reference::check(&model, &own, limit) {
            Plain::Linearizable(order) => orders.push(Order {
                object: name,
                operations: order
                    .iter()
                    .map(|i| raw[origin[members[*i]] as usize].invoked.index)
                    .collect(),
            }),
            Plain::Unknown => {
                let covered = format!("{object} of {} objects", objects.len());
                verdict = Some(Verdict::Unknown { why: Why::Configurations, covered });
            }
            Plain::Violation => {
                let operations: Vec<Described> = members
                    .iter()
                    .map(|i| described(&model, &calls[*i], &raw[origin[*i] as usize]))
                    .collect();
                let mandatory = (0..operations.len()).collect();
                verdict = Some(Verdict::Violation(Box::new(Violation {
                    object: name,
                    sentence: "no order explains these operations".into(),
                    fails_at: operations.len() - 1,
                    operations,
                    rejected: Vec::new(),
                    partials: Vec::new(),
                    core: Core {
                        mandatory,
                        optional: Vec::new(),
                        starts: model.init().iter().map(|s| model.describe_state(s)).collect(),
                        any_start: false,
                        confirmed: true,
                    },
                })));
                break;
            }
        }
    }
    Ok(Report {
        model: kind.to_string(),
        property: "linearizable".into(),
        operations: calls.len(),
        concurrent: concurrent(calls),
        objects: objects.len(),
        verdict: verdict.unwrap_or(Verdict::Linearizable { orders }),
        method: "search".into(),
        configurations: 0,
        notes: Vec::new(),
    })
}

/// How many calls overlap another one of the same object.
fn concurrent<Op>(calls: &[Call<Op>]) -> usize {
    // For each object, the call that returns last of those seen, and whether it was counted.
    let mut last: Vec<Option<(u32, bool)>> = Vec::new();
    let mut count = 0;
    for call in calls {
        let object = call.object as usize;
        if object >= last.len() {
            last.resize(object + 1, None);
        }
        let mut own = false;
        if let Some((returned, counted)) = &mut last[object]
            && call.called < *returned
        {
            count += 1 + usize::from(!*counted);
            *counted = true;
            own = true;
        }
        if last[object].is_none_or(|(returned, _)| call.returned > returned) {
            last[object] = Some((call.returned, own));
        }
    }
    count
}

fn described<T: Translate>(model: &T, call: &Call<T::Op>, raw: &RawCall<'_>) -> Described {
    Described {
        invoked: raw.invoked.index,
        completed: raw.completed.map(|record| record.index),
        called: call.called,
        returned: (call.returned != NEVER).then_some(call.returned),
        process: raw.invoke.process,
        text: model.describe(&call.op),
    }
}
