//! Judging a run while it goes on.
//!
//! The monitor keeps every way in which what has returned so far can be explained: the state, and
//! which of the operations still pending have taken effect in it (Lowe's just-in-time
//! linearization, breadth first). A return is worked off once the results of all operations that
//! overlap it are known, so that what is kept is bounded by the concurrency and by the operations
//! that were lost. Besides, there are the states, and every distinct value is kept once, as some
//! operation to come may name it.
//!
//! Where many operations overlap there are too many ways to keep. Most objects are followed by rules
//! besides, which need no ways, and which end when they no longer apply: mostly when a value comes
//! again that may still matter. Some tell of everything that goes wrong; where they do not, and the
//! ways are lost, the object is among [those that are](Monitor::lost), and the rules keep looking.
//!
//! [`Monitor::poll`] does not wait for missing results: it asks whether there is any way left if
//! they may be anything, which is enough to raise an alarm early.

mod above;
mod accounts;
mod chains;
mod elements;
mod keys;
mod levels;
mod maximum;
mod queue;
mod rule;
mod sums;
mod unique;
mod ways;
mod zones;

use super::history::{RawCall, Translate};
use super::kind::{Model, ModelKind};
use super::model::{NEVER, Spec};
use super::models::{
    AppendLog, Bank, Counter, FencedLock, FifoQueue, Kv, MaxRegister, MultiRegister, Mutex, NIL,
    PriorityQueue, ReentrantLock, Register, Semaphore, Set, Stack, UniqueId,
};
use super::{CheckError, Options};
use above::Above;
use accounts::Accounts;
use chains::Chains;
use elements::Elements;
use keys::Keys;
use maximum::Maximum;
use queue::Queue;
use rule::{End, Rule};
use rustc_hash::FxHashMap;
use schism_history::{Entry, OpEvent, OpKind, Record, Value, Worker};
use smallvec::SmallVec;
use sums::Range;
use unique::Given;
use ways::{Object, work_off};
use zones::Zones;

/// Something went wrong for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The record by which no explanation was left.
    pub record: u64,
    /// What went wrong, in one sentence.
    pub sentence: String,
}

/// Watches the operations of a run.
pub struct Monitor {
    watcher: Box<dyn Watcher + Send>,
}

impl Monitor {
    /// Watches by a model; regular and safe registers are watched as if they promised nothing.
    /// Objects that become too hard to follow, by more configurations than
    /// the options allow, are not followed any longer.
    pub fn new(kind: &ModelKind, options: &Options) -> Result<Monitor, CheckError> {
        fn watch<T: Translate + Send + 'static>(
            kind: &ModelKind,
            options: &Options,
        ) -> Result<Box<dyn Watcher + Send>, CheckError> {
            by(kind, options, |_: &T| Rules::new())
        }
        fn by<T: Translate + Send + 'static>(
            kind: &ModelKind,
            options: &Options,
            rules: fn(&T) -> Rules<T>,
        ) -> Result<Box<dyn Watcher + Send>, CheckError> {
            Ok(Box::new(Watching::<T>::new(T::starting(kind, options)?, options, rules)))
        }
        if matches!(kind.model, Model::RegularRegister | Model::SafeRegister) {
            return Ok(Monitor { watcher: Box::new(Nobody) });
        }
        let watcher = match kind.model {
            Model::Register | Model::CasRegister | Model::RegularRegister | Model::SafeRegister => {
                by(kind, options, |model: &Register| {
                    one(Zones::new(Register::access, model.initial))
                })
            }
            // A read may find a written nothing as well as the first one.
            Model::Kv => by(kind, options, |model: &Kv| match model.initial.is_nil() {
                true => {
                    let mut rules: Rules<Kv> = one(Zones::new(Kv::access, NIL));
                    rules.push(Box::new(Chains::new(Kv::text)));
                    rules.push(Box::new(Chains::new(Kv::list)));
                    rules
                }
                false => Rules::new(),
            }),
            Model::MultiRegister => by(kind, options, |_: &MultiRegister| one(Keys::default())),
            Model::Mutex => watch::<Mutex>(kind, options),
            Model::ReentrantLock => watch::<ReentrantLock>(kind, options),
            Model::FencedLock => watch::<FencedLock>(kind, options),
            Model::Semaphore => watch::<Semaphore>(kind, options),
            Model::FifoQueue => by(kind, options, |_: &FifoQueue| one(Queue::default())),
            Model::Stack => by(kind, options, |_: &Stack| one(Above::default())),
            Model::PriorityQueue => by(kind, options, |_: &PriorityQueue| one(Above::default())),
            Model::Set => by(kind, options, |_: &Set| one(Elements::default())),
            Model::Counter => by(kind, options, |model: &Counter| one(Range::new(model.initial))),
            Model::AppendLog => {
                by(kind, options, |_: &AppendLog| one(Chains::new(AppendLog::growth)))
            }
            Model::Bank => by(kind, options, |model: &Bank| one(Accounts::new(model.initial))),
            Model::UniqueId => by(kind, options, |_: &UniqueId| one(Given::default())),
            Model::MaxRegister => {
                by(kind, options, |model: &MaxRegister| one(Maximum::new(model.initial)))
            }
        }?;
        Ok(Monitor { watcher })
    }

    /// The next record of the run. Anything but operations of clients is passed over.
    pub fn push(&mut self, record: &Record) -> Result<Option<Alarm>, CheckError> {
        self.watcher.push(record)
    }

    /// Whether no explanation is left whatever the operations still open will return. To be asked
    /// now and then, as some operation may stay open for long.
    pub fn poll(&mut self) -> Option<Alarm> {
        self.watcher.poll()
    }

    /// How many objects were too hard to follow. There may be rules that keep looking at them, but
    /// no alarm says nothing about those.
    pub fn lost(&self) -> usize {
        self.watcher.lost()
    }
}

/// Ways that are kept of an object that is followed by rules.
const BESIDE: usize = 200;

trait Watcher {
    fn push(&mut self, record: &Record) -> Result<Option<Alarm>, CheckError>;
    fn poll(&mut self) -> Option<Alarm>;
    fn lost(&self) -> usize;
}

/// Watches nothing.
struct Nobody;

impl Watcher for Nobody {
    fn push(&mut self, _: &Record) -> Result<Option<Alarm>, CheckError> {
        Ok(None)
    }

    fn poll(&mut self) -> Option<Alarm> {
        None
    }

    fn lost(&self) -> usize {
        0
    }
}

/// What a record says of an operation.
fn event_of(record: &Record) -> Option<&OpEvent> {
    match &record.entry {
        Entry::Op(op) => Some(op),
        _ => None,
    }
}

struct Open {
    object: Option<Value>,
    number: u32,
    called: u32,
    invoked: Record,
}

type Rules<T> = SmallVec<[Box<dyn Rule<T, <T as Spec>::Op>>; 3]>;

/// Rules of one kind.
fn one<T: Spec>(rule: impl Rule<T, T::Op> + 'static) -> Rules<T> {
    let mut rules = Rules::<T>::new();
    rules.push(Box::new(rule));
    rules
}

struct Watching<T: Translate> {
    model: T,
    rules: fn(&T) -> Rules<T>,
    limit: usize,
    objects: FxHashMap<Option<Value>, Object<T>>,
    open: FxHashMap<Worker, Open>,
    position: u32,
    next: u32,
}

impl<T: Translate> Watching<T> {
    fn new(model: T, options: &Options, rules: fn(&T) -> Rules<T>) -> Self {
        let limit = usize::try_from(options.configurations.min(200_000)).unwrap_or(usize::MAX);
        let (objects, open) = (FxHashMap::default(), FxHashMap::default());
        Watching { model, rules, limit, objects, open, position: 0, next: 0 }
    }

    fn translate(
        &mut self,
        invoked: &Record,
        completed: Option<&Record>,
        called: u32,
    ) -> Result<(Option<T::Op>, Option<Value>), CheckError> {
        let Some(invoke) = event_of(invoked) else { return Ok((None, None)) };
        let complete = completed.and_then(event_of);
        let returned = match complete.map(|c| c.kind) {
            Some(OpKind::Ok | OpKind::Fail) => self.position,
            _ => NEVER,
        };
        let call = RawCall { invoked, completed, invoke, complete, called, returned };
        let object = self.model.object(&call).cloned();
        let op = self.model.translate(&call).map_err(|mismatch| CheckError::Operation {
            record: completed.unwrap_or(invoked).index,
            model: T::MODEL.name(),
            found: mismatch.found,
            expected: mismatch.expected,
        })?;
        Ok((op, object))
    }

    fn invoked(&mut self, record: &Record, event: &OpEvent) -> Result<Option<Alarm>, CheckError> {
        let (op, object) = self.translate(record, None, self.position)?;
        let (number, called, process) = (self.next, self.position, event.process);
        self.next += 1;
        let (model, rules) = (&self.model, self.rules);
        let watched =
            self.objects.entry(object.clone()).or_insert_with(|| Object::new(model, rules(model)));
        let (position, asked) = (called, event);
        let end = End { number, position, process, op: op.as_ref(), record: record.index, asked };
        let alarm = watched.obey(record.index, |rule| rule.called(model, &end));
        watched.begin(number, op, called, process);
        let open = Open { object, number, called, invoked: record.clone() };
        match self.open.insert(event.process, open) {
            Some(first) => Err(CheckError::StillOpen {
                record: record.index,
                process: event.process,
                f: event.f.clone(),
                open: first.invoked.index,
            }),
            None => Ok(alarm),
        }
    }

    fn completed(&mut self, record: &Record, event: &OpEvent) -> Result<Option<Alarm>, CheckError> {
        let Some(open) = self.open.remove(&event.process) else {
            return Err(CheckError::NeverInvoked {
                record: record.index,
                process: event.process,
                f: event.f.clone(),
            });
        };
        let (op, _) = self.translate(&open.invoked, Some(record), open.called)?;
        let Some(object) = self.objects.get_mut(&open.object) else { return Ok(None) };
        let (model, process, limit) = (&self.model, event.process, self.limit);
        let Some(asked) = event_of(&open.invoked) else { return Ok(None) };
        let (number, position) = (open.number, self.position);
        let end = End { number, position, process, op: op.as_ref(), record: record.index, asked };
        let alarm = object.obey(record.index, |rule| match event.kind {
            OpKind::Info => rule.lost(model, &end),
            _ => rule.returned(model, &end),
        });
        if alarm.is_some() {
            return Ok(alarm);
        }
        let returned = (event.kind != OpKind::Info).then_some((position, record.index));
        object.settle(number, op, returned);
        // Where rules tell everything, the ways are for the day when they no longer do.
        let limit = if object.rules_tell_all() { limit.min(BESIDE) } else { limit };
        Ok(work_off(&self.model, object, limit))
    }
}

impl<T: Translate> Watcher for Watching<T> {
    fn push(&mut self, record: &Record) -> Result<Option<Alarm>, CheckError> {
        let Entry::Op(event) = &record.entry else { return Ok(None) };
        let alarm = if event.kind == OpKind::Invoke {
            self.invoked(record, event)?
        } else {
            self.completed(record, event)?
        };
        self.position = self.position.saturating_add(1);
        Ok(alarm)
    }

    fn poll(&mut self) -> Option<Alarm> {
        // The earliest, as objects come in no order.
        let alarms = self.objects.values().filter_map(|one| one.poll(&self.model, self.limit));
        alarms.min_by_key(|alarm| alarm.record)
    }

    fn lost(&self) -> usize {
        self.objects.values().filter(|one| !one.followed && !one.rules_tell_all()).count()
    }
}
