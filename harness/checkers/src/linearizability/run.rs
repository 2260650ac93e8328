//! From a recorded history to a report.

use super::core::forgotten;
use super::engine::{Decided, Decision, decide};
use super::erased::{Erased, erase};
use super::explain::{Labels, Place, explain};
use super::fast::{Shortcut, Witness};
use super::history::{RawCall, Translate, Translated, pair, translate};
use super::kind::{Model, ModelKind};
use super::models::{
    AppendLog, Bank, Counter, FencedLock, FifoQueue, Kv, MaxRegister, MultiRegister, Mutex,
    PriorityQueue, ReentrantLock, Register, Semaphore, Set, Stack, UniqueId,
};
use super::partition::partition;
use super::replay::replay;
use super::report::{Order, Report, Verdict, Why};
use super::weaker::weaker;
use super::{Call, CheckError, Deadline, NEVER, Options, Spec};
use rustc_hash::{FxHashMap, FxHashSet};
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
    let raw = pair(history)?;
    let mut model = Register::starting(kind, options)?;
    let Translated { calls, origin, objects, .. } = &translate(&mut model, &raw)?;
    let labels = ByRecord { raw: &raw, origin, objects };
    Ok(Report {
        model: kind.to_string(),
        property: kind.model.property().into(),
        operations: calls.len(),
        concurrent: concurrent(calls),
        objects: objects.len(),
        verdict: weaker(&model, calls, safe, &labels),
        method: "each read by itself".into(),
        configurations: 0,
        notes: Vec::new(),
    })
}

/// Judges calls of one's own model. Operations are named by their index among the calls.
pub fn check<M: Spec>(model: &M, calls: &[Call<M::Op>], options: &Options) -> Report {
    judge(model, "own", calls, options, &ByIndex)
}

struct ByIndex;

impl Labels for ByIndex {
    fn place(&self, call: u32) -> Place {
        Place { process: u64::from(call), invoked: u64::from(call), completed: None }
    }

    fn object(&self, _: u32) -> Option<String> {
        None
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
    let raw = pair(history)?;
    let mut model = T::starting(kind, options)?;
    let translated = translate(&mut model, &raw)?;
    let Translated { calls, origin, objects, assumed } = &translated;
    let labels = ByRecord { raw: &raw, origin, objects };
    let mut report = judge(&model, &kind.to_string(), calls, options, &labels);
    report.notes.extend(assumed.clone());
    Ok(Report { objects: objects.len(), ..report })
}

fn judge<M: Spec>(
    model: &M,
    name: &str,
    calls: &[Call<M::Op>],
    options: &Options,
    labels: &dyn Labels,
) -> Report {
    let deadline = Deadline::after(options.time);
    let mut judgement = Judgement {
        options,
        labels,
        deadline,
        orders: Vec::new(),
        methods: Vec::new(),
        configurations: 0,
        notes: Vec::new(),
    };
    let open = if options.rules.fast_paths { judgement.shortcuts(model, calls) } else { Ok(None) };
    let verdict = open.and_then(|open| {
        if open.as_ref().is_some_and(FxHashSet::is_empty) {
            return Ok(());
        }
        let (erased, numbered) = erase(model, calls);
        let mut parts = partition(&erased, &numbered);
        if let Some(open) = open {
            parts.retain(|part| open.contains(&calls[part[0] as usize].object));
        }
        if parts.is_empty() { Ok(()) } else { judgement.search(&erased, &numbered, &parts) }
    });
    let mut objects: Vec<u32> = Vec::new();
    for call in calls {
        if objects.last() != Some(&call.object) {
            objects.push(call.object);
        }
    }
    objects.sort_unstable();
    objects.dedup();
    let Judgement { mut orders, mut methods, configurations, notes, .. } = judgement;
    methods.dedup();
    orders.sort_by_key(|(first, _)| *first);
    Report {
        model: name.into(),
        property: "linearizable".into(),
        operations: calls.len(),
        concurrent: concurrent(calls),
        objects: objects.len(),
        verdict: verdict.err().unwrap_or_else(|| Verdict::Linearizable {
            orders: orders.into_iter().map(|(_, order)| order).collect(),
        }),
        method: if methods.is_empty() { "search".into() } else { methods.join(", ") },
        configurations,
        notes,
    }
}

/// A verdict in the making. What ends it early is an `Err`.
struct Judgement<'a> {
    options: &'a Options,
    labels: &'a dyn Labels,
    deadline: Deadline,
    /// Orders, by the first call of their part.
    orders: Vec<(u32, Order)>,
    methods: Vec<&'static str>,
    configurations: u64,
    notes: Vec<String>,
}

impl Judgement<'_> {
    /// Tries the model's polynomial check on every object. Returns the objects left open; `None`
    /// stands for all of them.
    fn shortcuts<M: Spec>(
        &mut self,
        model: &M,
        calls: &[Call<M::Op>],
    ) -> Result<Option<FxHashSet<u32>>, Verdict> {
        if calls.windows(2).all(|pair| pair[0].object == pair[1].object) {
            let done = self.shortcut(model, calls, &|i| i)?;
            return Ok(done.then(FxHashSet::default));
        }
        let mut objects: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (i, call) in calls.iter().enumerate() {
            objects.entry(call.object).or_default().push(i as u32);
        }
        let mut numbers: Vec<u32> = objects.keys().copied().collect();
        numbers.sort_unstable();
        let places = places(calls);
        let place = |position: u32| places.get(position as usize).copied().unwrap_or(NEVER);
        let mut open = FxHashSet::default();
        for object in numbers {
            let members = &objects[&object];
            let own = |i: &u32| {
                let Call { op, called, returned, .. } = &calls[*i as usize];
                let (called, returned) = (place(*called), place(*returned));
                Call { op: op.clone(), called, returned, object }
            };
            let own: Vec<Call<M::Op>> = members.iter().map(own).collect();
            if !self.shortcut(model, &own, &|i| members[i as usize])? {
                open.insert(object);
            }
        }
        Ok(Some(open))
    }

    /// Whether the polynomial check settles the calls of an object, of which the `i`th is the call
    /// `whole(i)` of the history.
    fn shortcut<M: Spec>(
        &mut self,
        model: &M,
        own: &[Call<M::Op>],
        whole: &dyn Fn(u32) -> u32,
    ) -> Result<bool, Verdict> {
        match model.shortcut(own, self.options.order) {
            None => return Ok(false),
            Some(Shortcut::Linearizable(order)) => {
                if let (true, Some(order)) = (self.options.order, order) {
                    if let Err(error) = replay(model, own, &order) {
                        self.notes.push(format!(
                            "the polynomial check's order could not be replayed ({error}); \
                             searched instead"
                        ));
                        return Ok(false);
                    }
                    let order: Vec<u32> = order.iter().map(|i| whole(*i)).collect();
                    self.keep(own.first().map_or(0, |call| call.object), &order);
                }
            }
            Some(Shortcut::Violation(witness)) => match self.witnessed(model, own, whole, &witness)
            {
                Some(verdict) => return Err(verdict),
                None => {
                    self.notes.push(
                        "the polynomial check's witness was not confirmed; searched instead".into(),
                    );
                    return Ok(false);
                }
            },
        }
        self.methods.push("unique values");
        Ok(true)
    }

    /// Explains a witness, if a search agrees that it cannot be explained.
    fn witnessed<M: Spec>(
        &mut self,
        model: &M,
        own: &[Call<M::Op>],
        whole: &dyn Fn(u32) -> u32,
        witness: &Witness<M::Op>,
    ) -> Option<Verdict> {
        let mut calls: Vec<Call<M::Op>> = Vec::new();
        let mut origin: Vec<u32> = Vec::new();
        let mut all: Vec<(u32, bool)> = witness.mandatory.iter().map(|i| (*i, true)).collect();
        all.extend(witness.optional.iter().map(|i| (*i, false)));
        all.sort_unstable();
        for (i, mandatory) in all {
            let mut call = own[i as usize].clone();
            if let Some((_, op)) = witness.weakened.iter().find(|(weakened, _)| *weakened == i) {
                call.op = op.clone();
            }
            let call = if mandatory { Some(call) } else { forgotten(model, &call) };
            if let Some(call) = call {
                calls.push(call);
                origin.push(whole(i));
            }
        }
        let (erased, numbered) = erase(model, &calls);
        let everyone: Vec<u32> = (0..numbered.len() as u32).collect();
        let decided = decide(
            &erased,
            &numbered,
            std::slice::from_ref(&everyone),
            self.options,
            &self.deadline,
        );
        self.configurations += decided.configurations;
        let Decision::Violation { reached, .. } = decided.decision else { return None };
        self.methods.push("unique values");
        let labels = Renumbered { labels: self.labels, origin: &origin };
        let whole = self.options.explain;
        explain(&erased, &numbered, &everyone, reached, &self.deadline, &labels, whole)
            .map(|violation| Verdict::Violation(Box::new(violation)))
    }

    fn search(
        &mut self,
        model: &Erased<'_>,
        calls: &[Call<u32>],
        parts: &[Vec<u32>],
    ) -> Result<(), Verdict> {
        self.methods.push("search");
        let Decided { decision, configurations, notes } =
            decide(model, calls, parts, self.options, &self.deadline);
        self.configurations += configurations;
        self.notes.extend(notes);
        match decision {
            Decision::Linearizable(orders) => {
                if self.options.order {
                    for order in &orders {
                        let object = order.first().map_or(0, |i| calls[*i as usize].object);
                        self.keep(object, order);
                    }
                }
                Ok(())
            }
            Decision::Unknown { why, part, decided } => {
                let covered = covered(calls, parts, part, decided, self.labels);
                Err(Verdict::Unknown { why, covered })
            }
            Decision::Violation { part, reached } => {
                let members = &parts[part];
                let (deadline, whole) = (&self.deadline, self.options.explain);
                match explain(model, calls, members, reached, deadline, self.labels, whole) {
                    Some(violation) => Err(Verdict::Violation(Box::new(violation))),
                    None => {
                        self.notes.push(
                            "a search without hints explains what one with hints could not".into(),
                        );
                        let covered = covered(calls, parts, part, 0, self.labels);
                        Err(Verdict::Unknown { why: Why::Step, covered })
                    }
                }
            }
        }
    }

    fn keep(&mut self, object: u32, order: &[u32]) {
        let Some(first) = order.iter().min() else { return };
        let operations = order.iter().map(|i| self.labels.place(*i).invoked).collect();
        self.orders.push((*first, Order { object: self.labels.object(object), operations }));
    }
}

/// For each position of the history, its place among those of the same object, so that what is
/// done for an object takes as long as the object's part and not as the history.
fn places<Op>(calls: &[Call<Op>]) -> Vec<u32> {
    let ends = |call: &Call<Op>| [call.called, call.returned];
    let positions = calls.iter().flat_map(ends).filter(|position| *position != NEVER);
    let mut places = vec![NEVER; positions.max().map_or(0, |last| last as usize + 1)];
    for call in calls {
        for end in ends(call).into_iter().filter(|end| *end != NEVER) {
            places[end as usize] = call.object;
        }
    }
    let mut next: FxHashMap<u32, u32> = FxHashMap::default();
    for place in places.iter_mut().filter(|place| **place != NEVER) {
        let next = next.entry(*place).or_insert(0);
        *place = *next;
        *next += 1;
    }
    places
}

/// Calls that were picked from others.
struct Renumbered<'a> {
    labels: &'a dyn Labels,
    origin: &'a [u32],
}

impl Labels for Renumbered<'_> {
    fn place(&self, call: u32) -> Place {
        self.labels.place(self.origin[call as usize])
    }

    fn object(&self, object: u32) -> Option<String> {
        self.labels.object(object)
    }
}

/// What was decided before the search ended.
fn covered<Op>(
    calls: &[Call<Op>],
    parts: &[Vec<u32>],
    part: usize,
    decided: usize,
    labels: &dyn Labels,
) -> String {
    let members = &parts[part];
    let name = members.first().and_then(|i| labels.object(calls[*i as usize].object));
    let name = name.map_or_else(String::new, |name| format!(" (object {name})"));
    format!(
        "{decided} of {} independent parts decided; the first left open has {} operations{name}",
        parts.len(),
        members.len()
    )
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
