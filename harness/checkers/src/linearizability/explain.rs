//! From a part that cannot be explained to a violation a person can read.

use super::core::{self, FoundCore, Weakened};
use super::engine::{Piece, Trust};
use super::model::{Call, NEVER, Spec, Step};
use super::options::{Deadline, Rules};
use super::report::{Core, Described, Partial, PartialStep, Rejection, Violation};
use super::search::{Answer, Limits, Searchable};
use super::sentence::{joined, named, of_object, sentence};
use rustc_hash::FxHashSet;

/// How many operations of a partial order are shown.
const SHOWN: usize = 8;
/// Configurations a partial order may cost, and another one beside it.
const EFFORT: [u64; 2] = [1_000_000, 20_000];
const MEMORY: usize = 512 << 20;
/// How many rejected candidates are told of.
const REJECTED: usize = 12;
/// How many operations of a core are listed, of those that happened and of those that may have.
const LISTED: usize = 100;

/// How calls are spoken of.
pub(crate) trait Labels: Sync {
    /// Who did it, and where that stands in the records.
    fn place(&self, call: u32) -> Place;
    /// The name of an object, if there are several.
    fn object(&self, object: u32) -> Option<String>;

    /// Where the invocations of these stand in the records.
    fn invoked(&self, calls: &[u32]) -> Vec<u64> {
        calls.iter().map(|call| self.place(*call).invoked).collect()
    }
}

/// Who did something, and where that stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Who.
    pub process: u64,
    /// The record of the invocation.
    pub invoked: u64,
    /// The record of the completion.
    pub completed: Option<u64>,
}

/// Explains why a part cannot be explained. `None` if a search without hints contradicts it.
pub(crate) fn explain<M: Searchable>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    until: &Until,
    labels: &dyn Labels,
) -> Option<Violation> {
    let (found, upto) = core::find(model, calls, members, reached, &until.found);
    if found.confirmed == Some(false) {
        return None;
    }
    Some(tell(model, calls, members, upto, &found, &until.told, labels))
}

/// Until when a violation may be explained.
pub(crate) struct Until {
    /// The core must be found.
    pub found: Deadline,
    /// All else must be told.
    pub told: Deadline,
}

/// Names the first operation that cannot be explained, and no more.
pub(crate) fn brief<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    labels: &dyn Labels,
) -> Violation {
    let mut returned: Vec<u32> =
        members.iter().copied().filter(|i| !calls[*i as usize].optional()).collect();
    returned.sort_unstable_by_key(|i| calls[*i as usize].returned);
    let failing = returned.get(reached as usize).or(returned.last()).copied().unwrap_or(0);
    let mut book = Book { model, calls, labels, mentioned: Vec::new() };
    book.mention(failing);
    let object = labels.object(calls[failing as usize].object);
    let described = book.describe(failing);
    Violation {
        sentence: format!(
            "no order explains all that had returned by the time of {}",
            named(described.process, &described.text)
        ),
        object,
        operations: vec![described],
        fails_at: 0,
        rejected: Vec::new(),
        partials: Vec::new(),
        only_these: false,
        core: Core {
            mandatory: vec![0],
            optional: Vec::new(),
            starts: model.init().iter().map(|state| model.describe_state(state)).collect(),
            any_start: false,
            after: 0,
            confirmed: false,
            omitted: members.len() - 1,
        },
    }
}

/// The violation, in words.
fn tell<M: Searchable>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    upto: u32,
    found: &FoundCore<M>,
    deadline: &Deadline,
    labels: &dyn Labels,
) -> Violation {
    let mut book = Book { model, calls, labels, mentioned: Vec::new() };
    let failing = members.iter().copied().find(|i| calls[*i as usize].returned == upto);
    let last = |i: &u32| Some(calls[*i as usize].returned).filter(|returned| *returned != NEVER);
    let failing = failing.or_else(|| members.iter().copied().max_by_key(last)).unwrap_or(0);
    let (partials, rejected) = partials(&mut book, members, failing, deadline);
    let fails_at = book.mention(failing);
    let mut core = Core {
        mandatory: Vec::new(),
        optional: Vec::new(),
        starts: starts(&book, found),
        any_start: found.any_start,
        after: found.after,
        confirmed: found.confirmed == Some(true),
        omitted: 0,
    };
    // The latest, if they are too many to be shown.
    for (call, origin) in found.core.calls.iter().zip(&found.core.origin).rev() {
        let list = if call.optional() { &mut core.optional } else { &mut core.mandatory };
        if list.len() < LISTED {
            list.push(book.mention(*origin));
        } else {
            core.omitted += 1;
        }
    }
    let sentence = sentence(model, calls, found, failing, deadline, &|i| labels.place(i).process);
    let object = calls.get(failing as usize).and_then(|call| labels.object(call.object));
    let violation = Violation {
        sentence: of_object(object.as_ref(), sentence),
        object,
        operations: book.mentioned.iter().map(|i| book.describe(*i)).collect(),
        fails_at,
        rejected,
        partials,
        only_these: false,
        core,
    };
    in_order(violation)
}

/// Where a core may start, in words.
fn starts<M: Spec>(book: &Book<'_, M>, found: &FoundCore<M>) -> Vec<String> {
    let mut starts: Vec<String> = Vec::new();
    for start in &found.starts {
        let state = book.model.describe_state(&start.state);
        let taken = |i: &&u32| found.core.origin.contains(i);
        let taken: Vec<String> = start.taken.iter().filter(taken).map(|i| book.name(*i)).collect();
        let start = match &taken[..] {
            [] => state,
            _ => format!("{state}, after {}", joined(&taken, "and")),
        };
        if !starts.contains(&start) {
            starts.push(start);
        }
    }
    starts
}

/// The operations spoken of.
struct Book<'a, M: Spec> {
    model: &'a M,
    calls: &'a [Call<M::Op>],
    labels: &'a dyn Labels,
    mentioned: Vec<u32>,
}

impl<M: Spec> Book<'_, M> {
    fn mention(&mut self, call: u32) -> usize {
        match self.mentioned.iter().position(|other| *other == call) {
            Some(at) => at,
            None => {
                self.mentioned.push(call);
                self.mentioned.len() - 1
            }
        }
    }

    fn name(&self, i: u32) -> String {
        named(self.labels.place(i).process, &self.model.describe(&self.calls[i as usize].op))
    }

    fn describe(&self, i: u32) -> Described {
        let call = &self.calls[i as usize];
        let Place { process, invoked, completed } = self.labels.place(i);
        Described {
            invoked,
            completed,
            called: call.called,
            returned: (call.returned != NEVER).then_some(call.returned),
            process,
            text: self.model.describe(&call.op),
        }
    }
}

/// Orders that explain everything up to the failing return but the failing operation, with
/// different last states, and why that operation does not fit behind any of them.
fn partials<M: Searchable>(
    book: &mut Book<'_, M>,
    members: &[u32],
    failing: u32,
    deadline: &Deadline,
) -> (Vec<Partial>, Vec<Rejection>) {
    let (model, calls) = (book.model, book.calls);
    let call = &calls[failing as usize];
    let before: Vec<u32> = members.iter().copied().filter(|i| *i != failing).collect();
    let mut prefix = core::prefix(model, calls, &before, call.returned);
    if let Some(call) = core::forgotten(model, call) {
        prefix.calls.push(call);
        prefix.origin.push(failing);
    }
    let members: Vec<u32> = (0..prefix.calls.len() as u32).collect();
    let starts = model.init();
    let by_default = Rules::default();
    let ways = [by_default, Rules { return_order: false, ..by_default }];
    let (mut partials, mut rejected) = (Vec::new(), Vec::new());
    let mut ends: FxHashSet<M::State> = FxHashSet::default();
    for (rules, configurations) in ways.into_iter().zip(EFFORT) {
        if deadline.timed_out() {
            break;
        }
        let trust = Trust::all();
        let mut piece = Piece::new(model, &prefix.calls, &members, &starts, rules, trust, deadline);
        let limits = Limits { configurations, memory: deadline.room(MEMORY) };
        let Answer::Order(order) = piece.search(limits, false) else { continue };
        let omitted = order.len().saturating_sub(SHOWN);
        let states = states_along(model, &prefix, &order, omitted, deadline);
        let Some(states) = states else { continue };
        let Some(end) = states.last() else { continue };
        if !ends.insert(end.clone()) {
            continue;
        }
        let steps = order[omitted..]
            .iter()
            .zip(&states[1..])
            .map(|(i, state)| PartialStep {
                operation: book.mention(prefix.origin[*i as usize]),
                state: model.describe_state(state),
            })
            .collect();
        let start = model.describe_state(&states[0]);
        partials.push(Partial { omitted, start, steps });
        reject(book, &prefix, &order, failing, end, deadline, &mut rejected);
    }
    rejected.truncate(REJECTED);
    (partials, rejected)
}

/// The states before, between and after the operations of an order, but for some at first.
fn states_along<M: Spec>(
    model: &M,
    prefix: &Weakened<M::Op>,
    order: &[u32],
    omitted: usize,
    deadline: &Deadline,
) -> Option<Vec<M::State>> {
    // Among several next states, follow one that leads to the end.
    fn follow<M: Spec>(
        model: &M,
        ops: &[&M::Op],
        states: &mut Vec<M::State>,
        deadline: &Deadline,
    ) -> bool {
        let depth = states.len();
        for (done, op) in ops.iter().enumerate() {
            let Some(state) = states.last() else { return false };
            match model.step(state, op, deadline) {
                Step::To(next) => states.push(next),
                Step::Any(next) => {
                    let depth = states.len();
                    for next in next {
                        states.push(next);
                        if follow(model, &ops[done + 1..], states, deadline) {
                            return true;
                        }
                        states.truncate(depth);
                    }
                    states.truncate(depth);
                    return false;
                }
                Step::Reject | Step::Expired => {
                    states.truncate(depth);
                    return false;
                }
            }
        }
        true
    }
    let ops: Vec<&M::Op> = order.iter().map(|i| &prefix.calls[*i as usize].op).collect();
    model.init().into_iter().find_map(|start| {
        let (mut states, mut done) = (vec![start], 0);
        // States may be large: one is enough for as long as each leads to one only.
        while done < omitted && !deadline.expired() {
            core::spend(model, states.last()?, deadline);
            match model.step(states.last()?, ops[done], deadline) {
                Step::To(next) => states[0] = next,
                Step::Any(_) => break,
                Step::Reject | Step::Expired => return None,
            }
            done += 1;
        }
        follow(model, &ops[done..], &mut states, deadline).then(|| states.split_off(omitted - done))
    })
}

/// What could have come next in a state, and why it could not, or why it would not have helped.
fn reject<M: Spec>(
    book: &mut Book<'_, M>,
    prefix: &Weakened<M::Op>,
    order: &[u32],
    failing: u32,
    state: &M::State,
    deadline: &Deadline,
    rejected: &mut Vec<Rejection>,
) {
    let (model, calls) = (book.model, book.calls);
    let in_words = model.describe_state(state);
    let op = &calls[failing as usize].op;
    if model.step(state, op, deadline) == Step::Reject {
        let operation = book.mention(failing);
        let reason = model.why_not(state, op);
        rejected.push(Rejection { operation, state: in_words.clone(), reason });
    }
    let taken: FxHashSet<u32> = order.iter().copied().collect();
    let mut seen: FxHashSet<&M::Op> = FxHashSet::default();
    for (i, call) in prefix.calls.iter().enumerate() {
        let origin = prefix.origin[i];
        if taken.contains(&(i as u32)) || origin == failing || !seen.insert(&call.op) {
            continue;
        }
        if rejected.len() >= REJECTED || deadline.is_set() && deadline.expired() {
            return;
        }
        let reason = match model.step(state, &call.op, deadline) {
            Step::Reject => model.why_not(state, &call.op),
            Step::To(next) if model.step(&next, op, deadline) == Step::Reject => {
                format!("it could come next, but then {}", model.why_not(&next, op))
            }
            _ => "it could come next, but only if something else then had no place".into(),
        };
        let operation = book.mention(origin);
        rejected.push(Rejection { operation, state: in_words.clone(), reason });
    }
}

/// The same with the operations in the order of their invocation.
fn in_order(mut violation: Violation) -> Violation {
    let count = violation.operations.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|i| violation.operations[*i].called);
    let mut place = vec![0; count];
    for (to, from) in order.iter().enumerate() {
        place[*from] = to;
    }
    violation.operations = order.iter().map(|from| violation.operations[*from].clone()).collect();
    violation.fails_at = place[violation.fails_at];
    for rejection in &mut violation.rejected {
        rejection.operation = place[rejection.operation];
    }
    for step in violation.partials.iter_mut().flat_map(|partial| &mut partial.steps) {
        step.operation = place[step.operation];
    }
    for list in [&mut violation.core.mandatory, &mut violation.core.optional] {
        for operation in list.iter_mut() {
            *operation = place[*operation];
        }
        list.sort_unstable();
        list.dedup();
    }
    violation
}
