//! Every way to explain what has returned so far of one object.

use super::super::history::Translate;
use super::super::model::{NEVER, Step};
use super::super::{Deadline, sentence::named};
use super::Alarm;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
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

/// A way to explain what has returned: a state, and the pending operations that took effect.
pub(super) type Way<State> = (State, SmallVec<[u32; 8]>);

pub(super) struct Object<T: Translate> {
    pub pending: Vec<Pending<T::Op>>,
    pub ways: Vec<Way<T::State>>,
    /// Operations that returned and are to be worked off, by number, with the record.
    pub returns: VecDeque<(u32, u64)>,
    pub followed: bool,
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
pub(super) fn explain<T: Translate>(
    model: &T,
    object: &Object<T>,
    ways: &[Way<T::State>],
    number: u32,
    done: &[u32],
    limit: usize,
) -> Option<Vec<Way<T::State>>> {
    let deadline = Deadline::never();
    let due = object.pending.iter().find(|p| p.number == number)?;
    let candidates: Vec<(&Pending<T::Op>, &T::Op)> = object
        .pending
        .iter()
        .filter(|p| p.called < due.returned && !done.contains(&p.number))
        .filter_map(|p| Some((p, p.op.as_ref()?)))
        .collect();
    let mut open: Vec<Way<T::State>> = ways.to_vec();
    let mut seen: FxHashSet<Way<T::State>> = open.iter().cloned().collect();
    let mut explained: Vec<Way<T::State>> = Vec::new();
    while let Some((state, taken)) = open.pop() {
        if let Some(at) = taken.iter().position(|n| *n == number) {
            let mut rest = taken;
            rest.remove(at);
            explained.push((state, rest));
            continue;
        }
        for (pending, op) in &candidates {
            // What may never have happened and changes nothing need not happen.
            if taken.contains(&pending.number) {
                continue;
            }
            let next = match model.step(&state, op, &deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject | Step::Expired => continue,
            };
            for next in next {
                if pending.returned == NEVER && pending.settled && next == state {
                    continue;
                }
                let mut taken = taken.clone();
                let at = taken.partition_point(|n| *n < pending.number);
                taken.insert(at, pending.number);
                let way = (next, taken);
                if seen.insert(way.clone()) {
                    open.push(way);
                }
            }
        }
        if seen.len() > limit {
            return None;
        }
    }
    Some(best(object, explained))
}

/// Without the ways that used more of the lost operations than another to the same end.
fn best<T: Translate>(object: &Object<T>, ways: Vec<Way<T::State>>) -> Vec<Way<T::State>> {
    let lost: FxHashSet<u32> = object
        .pending
        .iter()
        .filter(|p| p.settled && p.returned == NEVER)
        .map(|p| p.number)
        .collect();
    type Numbers = SmallVec<[u32; 8]>;
    let mut kept: FxHashMap<(T::State, Numbers), Vec<Numbers>> = FxHashMap::default();
    let mut order: Vec<(T::State, Numbers)> = Vec::new();
    for (state, taken) in ways {
        let (used, live): (Numbers, Numbers) = taken.into_iter().partition(|n| lost.contains(n));
        let key = (state, live);
        if !kept.contains_key(&key) {
            order.push(key.clone());
        }
        let best = kept.entry(key).or_default();
        let within = |a: &Numbers, b: &Numbers| a.iter().all(|n| b.contains(n));
        if !best.iter().any(|other| within(other, &used)) {
            best.retain(|other| !within(&used, other));
            best.push(used);
        }
    }
    let mut ways = Vec::new();
    for key in order {
        for used in kept.remove(&key).unwrap_or_default() {
            let mut taken: Numbers = key.1.iter().chain(&used).copied().collect();
            taken.sort_unstable();
            ways.push((key.0.clone(), taken));
        }
    }
    ways
}

pub(super) fn alarm<T: Translate>(
    model: &T,
    object: &Object<T>,
    number: u32,
    record: u64,
) -> Alarm {
    let due = object.pending.iter().find(|p| p.number == number);
    let op = due.and_then(|p| p.op.as_ref());
    let what = match (due, op) {
        (Some(due), Some(op)) => named(due.process, &model.describe(op)),
        _ => "an operation".into(),
    };
    let mut reasons: Vec<String> =
        object.ways.iter().filter_map(|(state, _)| Some(model.why_not(state, op?))).collect();
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
