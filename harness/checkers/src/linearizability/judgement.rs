//! A verdict in the making: polynomial checks first, then the search, then the explanation.

use super::core::forgotten;
use super::engine::{Decided, Decision, decide};
use super::erased::{Erased, erase};
use super::explain::{Labels, Place, Until, brief, explain};
use super::fast::{Shortcut, Witness};
use super::hints::glance;
use super::partition::partition;
use super::replay::{Unexplained, replay_part};
use super::report::{Order, Report, Verdict, Why};
use super::survey::{Survey, survey};
use super::{Call, Deadline, NEVER, Options, Spec};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// Steps that finding a core may take, and telling the rest about a violation: so many, and so
/// many for each configuration that it took to find it.
const EXPLAINED: (u64, u64) = (600_000, 4);

/// Judges calls that have these labels, by a model that comes with the checker under this name or
/// by one of the user's own.
pub(crate) fn judge<M: Spec>(
    model: &M,
    name: Option<String>,
    calls: &[Call<M::Op>],
    options: &Options,
    deadline: Deadline,
    labels: &dyn Labels,
) -> Report {
    let mut judgement = Judgement {
        options,
        tested: name.is_some(),
        labels,
        deadline,
        orders: Vec::new(),
        methods: Vec::new(),
        configurations: 0,
        notes: Vec::new(),
    };
    let fast = options.rules.fast_paths;
    let shortcut = |alone: bool| (alone && fast).then(|| model.shortcut(calls, options.order));
    let (Survey { concurrent, objects }, settled) = if many(calls, options) {
        // Some of the calls tell, most often; the survey looks at all of them.
        let mut some = calls.iter().step_by(1000);
        let alone = some.all(|call| call.object == calls[0].object);
        side_by_side(|| survey(calls), || shortcut(alone))
    } else {
        let survey = survey(calls);
        (survey, shortcut(survey.objects <= 1))
    };
    let open = match settled {
        _ if !fast => Ok(None),
        Some(settled) if objects <= 1 => {
            let done = judgement.shortcut(model, calls, None, settled);
            done.map(|done| done.then(FxHashSet::default))
        }
        _ => judgement.shortcuts(model, calls),
    };
    let verdict = open.and_then(|open| {
        if open.as_ref().is_some_and(FxHashSet::is_empty) {
            return Ok(());
        }
        let (erased, numbered) = erase(model, calls);
        let tested = judgement.tested;
        let mut parts = partition(&erased, &numbered, tested, &mut judgement.notes);
        if let Some(open) = open {
            parts.retain(|part| open.contains(&calls[part[0] as usize].object));
        }
        if parts.is_empty() { Ok(()) } else { judgement.search(&erased, &numbered, &parts) }
    });
    let Judgement { mut orders, mut methods, configurations, notes, .. } = judgement;
    methods.dedup();
    orders.sort_by_key(|(first, _)| *first);
    Report {
        model: name.unwrap_or_else(|| "own".into()),
        property: "linearizable".into(),
        operations: calls.len(),
        concurrent,
        objects,
        verdict: verdict.err().unwrap_or_else(|| Verdict::Linearizable {
            orders: orders.into_iter().map(|(_, order)| order).collect(),
        }),
        method: if methods.is_empty() { "search".into() } else { methods.join(", ") },
        configurations,
        notes,
    }
}

/// Calls that are so many that two threads are done with them sooner than one.
const MANY: usize = 100_000;

fn many<Op>(calls: &[Call<Op>], options: &Options) -> bool {
    calls.len() >= MANY && options.threads != 1
}

/// Does two things at once.
fn side_by_side<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// The numbers that calls of an object have in the history.
fn whole<'a>(calls: &'a [u32], members: Option<&[u32]>) -> Cow<'a, [u32]> {
    match members {
        None => Cow::Borrowed(calls),
        Some(members) => calls.iter().map(|i| members[*i as usize]).collect(),
    }
}

/// A verdict in the making. What ends it early is an `Err`.
struct Judgement<'a> {
    options: &'a Options,
    /// Whether the model's hints have been tested, as those of our own are.
    tested: bool,
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
        let mut objects: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (i, call) in calls.iter().enumerate() {
            objects.entry(call.object).or_default().push(i as u32);
        }
        let mut numbers: Vec<u32> = objects.keys().copied().collect();
        numbers.sort_unstable();
        let places = places(calls);
        let place = |position: u32| places.get(position as usize).copied().unwrap_or(NEVER);
        let mut open = FxHashSet::default();
        for (done, object) in numbers.into_iter().enumerate() {
            if self.deadline.timed_out() {
                return Err(out_of_time(&format!("{done} objects looked at")));
            }
            let members = &objects[&object];
            let own = |i: &u32| {
                let Call { op, called, returned, .. } = &calls[*i as usize];
                let (called, returned) = (place(*called), place(*returned));
                Call { op: op.clone(), called, returned, object }
            };
            let own: Vec<Call<M::Op>> = members.iter().map(own).collect();
            let settled = model.shortcut(&own, self.options.order);
            if !self.shortcut(model, &own, Some(members), settled)? {
                open.insert(object);
            }
        }
        Ok(Some(open))
    }

    /// Whether what the polynomial check says settles the calls of an object, which are these of
    /// the history or all.
    fn shortcut<M: Spec>(
        &mut self,
        model: &M,
        own: &[Call<M::Op>],
        members: Option<&[u32]>,
        settled: Option<Shortcut<M::Op>>,
    ) -> Result<bool, Verdict> {
        match settled {
            None => return Ok(false),
            Some(Shortcut::Linearizable(order)) => {
                if let (true, Some(order)) = (self.options.order, order) {
                    let whole = whole(&order, members);
                    let call = |i: u32| &own[i as usize];
                    let deadline = &self.deadline;
                    let replay = || replay_part(model, own.len(), call, &order, deadline);
                    let (replayed, operations) = if many(own, self.options) {
                        side_by_side(replay, || self.labels.invoked(&whole))
                    } else {
                        (replay(), self.labels.invoked(&whole))
                    };
                    if replayed == Err(Unexplained::Expired) {
                        return Err(out_of_time("an order was found and not yet replayed"));
                    }
                    if let Err(error) = replayed {
                        self.notes.push(format!(
                            "the polynomial check's order could not be replayed ({error}); \
                             searched instead"
                        ));
                        return Ok(false);
                    }
                    let first =
                        members.and_then(|members| members.first()).map_or(0, |first| *first);
                    self.keep(first, own.first().map_or(0, |call| call.object), operations);
                }
            }
            Some(Shortcut::Violation(witness)) => match self
                .witnessed(model, own, members, &witness)
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
        self.methods.push("polynomial check");
        Ok(true)
    }

    /// Explains a witness, if a search agrees that it cannot be explained.
    fn witnessed<M: Spec>(
        &mut self,
        model: &M,
        own: &[Call<M::Op>],
        members: Option<&[u32]>,
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
                origin.push(i);
            }
        }
        let origin = whole(&origin, members);
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
        self.methods.push("polynomial check");
        let labels = Renumbered { labels: self.labels, origin: &origin };
        let mut verdict = self.explained(&erased, &numbered, &everyone, reached, &labels)?;
        if let Verdict::Violation(violation) = &mut verdict {
            violation.only_these = true;
            if calls.len() == 1 {
                // What was there in its place is not known from one operation.
                violation.rejected.clear();
            }
        }
        Some(verdict)
    }

    /// A violation, explained as far as that costs no more than some times what it cost to find.
    /// `None` if a search without hints contradicts it.
    fn explained(
        &mut self,
        model: &Erased<'_>,
        calls: &[Call<u32>],
        members: &[u32],
        reached: u32,
        labels: &dyn Labels,
    ) -> Option<Verdict> {
        if !self.options.explain {
            let violation = brief(model, calls, members, reached, labels);
            return Some(Verdict::Violation(Box::new(violation)));
        }
        let work = EXPLAINED.0 + EXPLAINED.1 * self.configurations;
        let [found, told] =
            [(); 2].map(|()| self.deadline.within(self.options.memory).or_after(work));
        let until = Until { found, told };
        let violation = explain(model, calls, members, reached, &until, labels)?;
        if until.found.spent() || until.told.spent() {
            self.notes.push(format!(
                "the explanation was ended after {work} steps; fewer operations may be enough to \
                 show the violation"
            ));
        }
        Some(Verdict::Violation(Box::new(violation)))
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
                        let first = order.iter().min().map_or(0, |first| *first);
                        let object = calls[first as usize].object;
                        self.keep(first, object, self.labels.invoked(order));
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
                // Nothing will confirm what is not explained.
                if !self.options.explain
                    && !self.tested
                    && let Some(lie) = glance(model, calls, false)
                {
                    self.notes.push(lie.to_string());
                    let covered = covered(calls, parts, part, 0, self.labels);
                    return Err(Verdict::Unknown { why: Why::Step, covered });
                }
                match self.explained(model, calls, members, reached, self.labels) {
                    Some(violation) => Err(violation),
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

    /// Keeps an order, with the records of its operations.
    fn keep(&mut self, first: u32, object: u32, operations: Vec<u64>) {
        if !operations.is_empty() {
            self.orders.push((first, Order { object: self.labels.object(object), operations }));
        }
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

/// The time was over before anything was searched.
pub(crate) fn out_of_time(covered: &str) -> Verdict {
    Verdict::Unknown { why: Why::Deadline, covered: covered.into() }
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
