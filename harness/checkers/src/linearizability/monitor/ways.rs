//! Every way to explain what has returned so far of one object.

use super::super::history::Translate;
use super::super::model::{Keys, NEVER, Step};
use super::super::{Deadline, sentence::named};
use super::rule::{Followed, Rule};
use super::{Alarm, Rules};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::VecDeque;

/// An operation that has not been worked off.
pub(super) struct Pending<Op> {
    pub number: u32,
    /// What is known of it. `None` if that is nothing.
    pub op: Option<Op>,
    pub called: u32,
    pub returned: u32,
    pub process: u64,
    /// Whether nothing more will be known of it.
    pub settled: bool,
}

/// Operations by number, in ascending order.
pub(super) type Numbers = SmallVec<[u32; 8]>;

/// A way to explain what has returned.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Way<State> {
    pub state: State,
    /// The pending operations that took effect.
    pub taken: Numbers,
    /// What was there at this position was overwritten: an operation that every state accepts and
    /// that was called before may have taken effect just before that, unseen.
    pub overwritten: u32,
}

impl<State> Way<State> {
    /// From a state to start in.
    pub fn new(state: State) -> Way<State> {
        Way { state, taken: Numbers::new(), overwritten: 0 }
    }

    fn take(&mut self, number: u32) {
        let at = self.taken.partition_point(|n| *n < number);
        self.taken.insert(at, number);
    }
}

impl<Op> Pending<Op> {
    /// Whether nobody will ever know if it happened.
    fn lost(&self) -> bool {
        self.settled && self.returned == NEVER
    }
}

pub(super) struct Object<T: Translate> {
    pub pending: Vec<Pending<T::Op>>,
    pub ways: Vec<Way<T::State>>,
    /// Operations that returned and are to be worked off, by number, with the record.
    pub returns: VecDeque<(u32, u64)>,
    /// By what it is followed besides.
    rules: Rules<T>,
    /// Whether there are not too many ways.
    pub followed: bool,
}

impl<T: Translate> Object<T> {
    /// As it is at first.
    pub fn new(model: &T, rules: Rules<T>) -> Object<T> {
        let mut object = Object::starting(model.init());
        object.followed = !rules.iter().any(|rule| rule.lasts());
        object.rules = rules;
        object
    }

    /// In any of these states, without rules.
    pub fn starting(states: Vec<T::State>) -> Object<T> {
        let ways = states.into_iter().map(Way::new).collect();
        let (pending, returns, rules) = (Vec::new(), VecDeque::new(), Rules::<T>::new());
        Object { pending, ways, returns, rules, followed: true }
    }

    /// Whether the rules tell of everything that goes wrong.
    pub fn rules_tell_all(&self) -> bool {
        self.rules.iter().any(|rule| rule.tells_all())
    }

    /// What the rules say about a record, as long as there are some.
    pub fn obey(
        &mut self,
        record: u64,
        mut ask: impl FnMut(&mut dyn Rule<T, T::Op>) -> Followed,
    ) -> Option<Alarm> {
        let (mut wrong, mut sayable) = (None, true);
        self.rules.retain(|rule| match ask(&mut **rule) {
            Followed::Well => true,
            Followed::Lost => false,
            Followed::Unsayable => {
                sayable = false;
                false
            }
            Followed::Wrong(sentence) => {
                wrong.get_or_insert(sentence);
                false
            }
        });
        if wrong.is_some() || !sayable {
            self.rules.clear();
            self.followed = false;
        }
        wrong.filter(|_| sayable).map(|sentence| Alarm { record, sentence })
    }

    /// An operation begins.
    pub fn begin(&mut self, number: u32, op: Option<T::Op>, called: u32, process: u64) {
        if self.followed {
            let pending = Pending { number, op, called, returned: NEVER, process, settled: false };
            self.pending.push(pending);
        }
    }

    /// No more will be known of an operation: what it was, unless it did not happen or tells
    /// nothing, and where it returned and by which record, if it did.
    pub fn settle(&mut self, number: u32, op: Option<T::Op>, returned: Option<(u32, u64)>) {
        let Some(at) = self.pending.iter().position(|p| p.number == number) else { return };
        if op.is_none() {
            self.pending.remove(at);
            return;
        }
        let pending = &mut self.pending[at];
        (pending.op, pending.settled) = (op, true);
        if let Some((position, record)) = returned {
            pending.returned = position;
            self.returns.push_back((number, record));
        }
    }

    /// The state, if it is certain and nothing is pending.
    pub fn rests(&self) -> Option<&T::State> {
        match &self.ways[..] {
            [way] if self.followed && self.pending.is_empty() => Some(&way.state),
            _ => None,
        }
    }

    /// Whether there is no way left to explain what returned, whatever else will return.
    pub fn poll(&self, model: &T, limit: usize) -> Option<Alarm> {
        if let Some(alarm) = self.rules.iter().find_map(|rule| rule.poll(model)) {
            return Some(alarm);
        }
        if !self.followed {
            return None;
        }
        let mut ways = Cow::Borrowed(&self.ways[..]);
        let mut done: SmallVec<[u32; 8]> = SmallVec::new();
        for (number, record) in &self.returns {
            let next = explain(model, self, &ways, *number, &done, limit)?;
            if next.is_empty() {
                return Some(alarm(model, self, *number, *record));
            }
            ways = Cow::Owned(next);
            done.push(*number);
        }
        None
    }
}

/// Works off the returns whose overlapping operations are all known.
pub(super) fn work_off<T: Translate>(
    model: &T,
    object: &mut Object<T>,
    limit: usize,
) -> Option<Alarm> {
    while let Some((number, record)) = object.returns.front().copied() {
        if !object.followed {
            object.returns.clear();
            object.pending.clear();
            return None;
        }
        let returned = object.pending.iter().find(|p| p.number == number)?.returned;
        if object.pending.iter().any(|p| p.called < returned && !p.settled) {
            return None;
        }
        match explain(model, object, &object.ways, number, &[], limit) {
            None => {
                object.followed = false;
                object.ways.clear();
                continue;
            }
            Some(ways) if ways.is_empty() => {
                object.followed = false;
                return Some(alarm(model, object, number, record));
            }
            Some(ways) => object.ways = ways,
        }
        object.returns.pop_front();
        object.pending.retain(|p| p.number != number);
    }
    None
}

/// Every way that explains the return of an operation too, without it; none if there are more
/// than can be kept. Those in `done` have been worked off.
fn explain<T: Translate>(
    model: &T,
    object: &Object<T>,
    ways: &[Way<T::State>],
    number: u32,
    done: &[u32],
    limit: usize,
) -> Option<Vec<Way<T::State>>> {
    let deadline = Deadline::never();
    let due = object.pending.iter().find(|p| p.number == number)?;
    let mut candidates: Vec<Candidate<'_, T::Op>> = object
        .pending
        .iter()
        .filter(|p| p.called < due.returned && !done.contains(&p.number))
        .filter_map(|pending| Candidate::of(model, pending))
        .collect();
    // Of those that are alike, the one whose return is due first comes first.
    candidates.sort_by_key(|c| (c.pending.returned, c.pending.settled, c.pending.number));
    let class = |one: &Candidate<'_, T::Op>| candidates.iter().position(|c| c.op == one.op);
    let classes: Vec<Option<usize>> = candidates.iter().map(class).collect();
    let (mut front, mut explained) = (Front::new(&candidates), Front::new(&candidates));
    for way in ways {
        front.add(absorb(model, &candidates, way.clone()));
    }
    while let Some(way) = front.next() {
        if let Some(at) = way.taken.iter().position(|n| *n == number) {
            let mut way = way;
            way.taken.remove(at);
            explained.add(way);
            continue;
        }
        let unseen = |c: &Candidate<'_, T::Op>| c.total && c.pending.called < way.overwritten;
        let free = |c: &Candidate<'_, T::Op>| !way.taken.contains(&c.pending.number);
        for (i, candidate) in candidates.iter().enumerate() {
            let Candidate { pending, op, pure, overwrite, .. } = *candidate;
            if pending.number == number && unseen(candidate) {
                explained.add(way.clone());
            }
            // One that is alike and due earlier will do as well, unless it needs no place any more.
            let instead = |(earlier, class): (&Candidate<'_, T::Op>, &Option<usize>)| {
                *class == classes[i] && free(earlier) && (!unseen(earlier) || unseen(candidate))
            };
            if pure || !free(candidate) || candidates.iter().zip(&classes).take(i).any(instead) {
                continue;
            }
            let next = match model.step(&way.state, op, &deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject | Step::Expired => continue,
            };
            for state in next {
                // What may never have happened and changes nothing need not happen.
                if pending.lost() && state == way.state {
                    continue;
                }
                let mut way = Way { state, ..way.clone() };
                way.take(pending.number);
                if overwrite {
                    way.overwritten = due.returned;
                }
                front.add(absorb(model, &candidates, way));
            }
        }
        if front.count > limit {
            return None;
        }
    }
    Some(explained.ways())
}

/// An operation that may take effect now, and what the model says of it.
struct Candidate<'a, Op> {
    pending: &'a Pending<Op>,
    op: &'a Op,
    pure: bool,
    overwrite: bool,
    total: bool,
}

impl<'a, Op> Candidate<'a, Op> {
    fn of<T: Translate<Op = Op>>(model: &T, pending: &'a Pending<Op>) -> Option<Self> {
        let op = pending.op.as_ref()?;
        let (pure, total) = (model.pure(op), model.total(op));
        // An element of a set that is overwritten leaves the others as they were.
        let overwrite = model.overwrite(op) && model.keys(op) == Keys::All;
        Some(Candidate { pending, op, pure, overwrite, total })
    }
}

/// Takes whatever changes nothing as soon as the state accepts it.
fn absorb<T: Translate>(
    model: &T,
    candidates: &[Candidate<'_, T::Op>],
    mut way: Way<T::State>,
) -> Way<T::State> {
    for Candidate { pending, op, .. } in candidates.iter().filter(|c| c.pure) {
        if !way.taken.contains(&pending.number)
            && matches!(model.step(&way.state, op, &Deadline::never()), Step::To(_))
        {
            way.take(pending.number);
        }
    }
    way
}

/// Ways, without those that another makes superfluous.
struct Front<State> {
    /// Operations that need not take effect, and those that may do so unseen, with their calls.
    lost: FxHashSet<u32>,
    total: FxHashMap<u32, u32>,
    /// What is left of the ways, by state and by what took effect for good.
    groups: FxHashMap<(State, Numbers), Vec<(Numbers, u32)>>,
    open: VecDeque<Way<State>>,
    count: usize,
}

impl<State: Clone + Eq + std::hash::Hash> Front<State> {
    fn new<Op>(candidates: &[Candidate<'_, Op>]) -> Self {
        let lost = candidates.iter().filter(|c| c.pending.lost()).map(|c| c.pending.number);
        let total = candidates.iter().filter(|c| c.total);
        let total = total.map(|c| (c.pending.number, c.pending.called));
        let (groups, open) = (FxHashMap::default(), VecDeque::new());
        Front { lost: lost.collect(), total: total.collect(), groups, open, count: 0 }
    }

    /// Whether whatever can follow a way that is like another but for this can follow the other.
    fn covers(&self, one: &(Numbers, u32), other: &(Numbers, u32)) -> bool {
        let needless = |n: &u32| {
            self.lost.contains(n) || self.total.get(n).is_some_and(|called| *called < one.1)
        };
        one.1 >= other.1
            && one.0.iter().all(|n| other.0.contains(n))
            && other.0.iter().all(|n| one.0.contains(n) || needless(n))
    }

    fn add(&mut self, way: Way<State>) {
        let loose = |n: &u32| self.lost.contains(n) || self.total.contains_key(n);
        let (rest, fixed): (Numbers, Numbers) = way.taken.iter().copied().partition(loose);
        let rest = (rest, way.overwritten);
        let key = (way.state.clone(), fixed);
        let known = self.groups.get(&key).map_or(&[][..], |known| known);
        if known.iter().any(|other| self.covers(other, &rest)) {
            return;
        }
        self.groups.entry(key).or_default().push(rest);
        self.count += 1;
        self.open.push_back(way);
    }

    fn next(&mut self) -> Option<Way<State>> {
        self.open.pop_front()
    }

    /// What was added and is covered by nothing that came after either.
    fn ways(self) -> Vec<Way<State>> {
        let covered = |way: &Way<State>| {
            let loose = |n: &u32| self.lost.contains(n) || self.total.contains_key(n);
            let (rest, fixed): (Numbers, Numbers) = way.taken.iter().copied().partition(loose);
            let rest = (rest, way.overwritten);
            let known = &self.groups[&(way.state.clone(), fixed)];
            known.iter().any(|other| *other != rest && self.covers(other, &rest))
        };
        self.open.iter().filter(|way| !covered(way)).cloned().collect()
    }
}

fn alarm<T: Translate>(model: &T, object: &Object<T>, number: u32, record: u64) -> Alarm {
    let due = object.pending.iter().find(|p| p.number == number);
    let op = due.and_then(|p| p.op.as_ref());
    let what = match (due, op) {
        (Some(due), Some(op)) => named(due.process, &model.describe(op)),
        _ => "an operation".into(),
    };
    let mut reasons: Vec<String> =
        object.ways.iter().filter_map(|way| Some(model.why_not(&way.state, op?))).collect();
    reasons.sort();
    reasons.dedup();
    let sentence = match &reasons[..] {
        [reason] => format!(
            "{what}, but before that {reason}, and nothing that may have happened since explains it"
        ),
        _ => format!("{what}, and no order of what happened so far explains that"),
    };
    Alarm { record, sentence }
}
