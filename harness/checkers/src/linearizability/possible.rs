//! In which states an operation may have found the object, if all else in a core can be explained.
//!
//! What must happen is told by a mask, of what may have happened only how many of each kind were
//! used, the first ones called first. So a *place* is a mask and a state, and there are few of
//! them; each keeps the smallest numbers that lead there and the greatest that still lead on.

use super::core::FoundCore;
use super::model::{Call, NEVER, Spec, Step};
use super::options::Deadline;
use hashbrown::HashMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Ways that may be kept, of those that lead somewhere and of those that lead on.
const EFFORT: usize = 4_000;
/// Operations that must happen, beyond which there are too many places.
const MANDATORY: usize = 16;

/// How many operations of each kind were used, or may have been.
type Numbers = SmallVec<[u8; 24]>;

/// Every state in which the operation may have found the object, if the rest of the core can be
/// explained without it. `None` if there are too many ways to tell, or if one of these states
/// accepts it, so that it is something else that fails.
pub(super) fn possible_states<M: Spec>(
    model: &M,
    found: &FoundCore<M>,
    culprit: u32,
    deadline: &Deadline,
) -> Option<Vec<M::State>> {
    let core = &found.core;
    let at = core.origin.iter().position(|origin| *origin == culprit)?;
    let told = &core.calls[at];
    let mut groups: BTreeMap<&[u32], Vec<&M::State>> = BTreeMap::new();
    for start in &found.starts {
        groups.entry(&start.taken).or_default().push(&start.state);
    }
    let mut states: Vec<M::State> = Vec::new();
    let mut known: FxHashSet<M::State> = FxHashSet::default();
    for (taken, starts) in groups {
        let others = core.calls.iter().zip(&core.origin);
        let others = others.filter(|(_, i)| **i != culprit && taken.binary_search(i).is_err());
        let ways = Ways::new(model, others.map(|(call, _)| call), &starts, deadline)?;
        let met = ways.met_by(told)?;
        states.extend(met.filter(|state| known.insert((*state).clone())).cloned());
    }
    let rejected = |state: &M::State| model.step(state, &told.op, deadline) == Step::Reject;
    states.iter().all(rejected).then_some(states)
}

/// A mask of what has happened, and the state after it.
struct Place<State> {
    done: u32,
    state: State,
    /// Where one operation leads: the kind that may have happened, if it is one.
    next: Vec<(Option<usize>, usize)>,
    /// The smallest numbers that lead here.
    used: Vec<Numbers>,
}

/// All ways to put the operations of a core but one in order.
struct Ways<'c, M: Spec> {
    mandatory: Vec<&'c Call<M::Op>>,
    /// Each kind that may have happened, with the positions of its calls.
    kinds: Vec<(&'c M::Op, Vec<u32>)>,
    places: Vec<Place<M::State>>,
}

impl<'c, M: Spec> Ways<'c, M> {
    /// Those from some states on. `None` if there are too many.
    fn new(
        model: &M,
        calls: impl Iterator<Item = &'c Call<M::Op>>,
        starts: &[&M::State],
        deadline: &Deadline,
    ) -> Option<Self> {
        let mut ways = Ways { mandatory: Vec::new(), kinds: Vec::new(), places: Vec::new() };
        for call in calls {
            if !call.optional() {
                ways.mandatory.push(call);
            } else if let Some((_, called)) = ways.kinds.iter_mut().find(|(op, _)| *op == &call.op)
            {
                called.push(call.called);
            } else {
                ways.kinds.push((&call.op, vec![call.called]));
            }
        }
        for (_, called) in &mut ways.kinds {
            called.sort_unstable();
        }
        (ways.mandatory.len() <= MANDATORY).then_some(())?;
        ways.explore(model, starts, deadline)?;
        Some(ways)
    }

    /// The first return of what has not happened yet: nothing called later may happen before.
    fn due(&self, done: u32) -> u32 {
        let missing = self.mandatory.iter().enumerate().filter(|(i, _)| done >> i & 1 == 0);
        missing.map(|(_, call)| call.returned).min().unwrap_or(NEVER)
    }

    /// How many of a kind may have happened by then.
    fn available(&self, kind: usize, position: u32) -> u8 {
        let called = &self.kinds[kind].1;
        called.partition_point(|called| *called < position).min(usize::from(u8::MAX - 1)) as u8
    }

    /// Finds all places and what leads there: with few used at first, then with more.
    fn explore(&mut self, model: &M, starts: &[&M::State], deadline: &Deadline) -> Option<()> {
        let nothing: Numbers = self.kinds.iter().map(|_| 0).collect();
        let mut numbers = HashMap::with_hasher(FxBuildHasher);
        let mut now: Vec<(usize, Numbers)> = Vec::new();
        for start in starts {
            let place = self.place(&mut numbers, 0, (*start).clone());
            now.push((place, nothing.clone()));
        }
        let mut kept = 0;
        while !now.is_empty() {
            let mut later = Vec::new();
            while let Some((at, used)) = now.pop() {
                let smaller = |known: &Numbers| known.iter().zip(&used).all(|(a, b)| a <= b);
                if self.places[at].used.iter().any(smaller) {
                    continue;
                }
                kept += 1;
                if kept > EFFORT || deadline.expired() {
                    return None;
                }
                self.places[at].used.push(used.clone());
                if self.places[at].used.len() == 1 {
                    self.step(model, &mut numbers, at, deadline)?;
                }
                let Place { done, next, .. } = &self.places[at];
                let due = self.due(*done);
                for (kind, to) in next {
                    match kind {
                        None => now.push((*to, used.clone())),
                        Some(kind) if used[*kind] < self.available(*kind, due) => {
                            let mut used = used.clone();
                            used[*kind] += 1;
                            later.push((*to, used));
                        }
                        Some(_) => {}
                    }
                }
            }
            later.reverse();
            now = later;
        }
        Some(())
    }

    /// Finds out where each operation leads from a place.
    fn step(
        &mut self,
        model: &M,
        numbers: &mut HashMap<(u32, M::State), usize, FxBuildHasher>,
        at: usize,
        deadline: &Deadline,
    ) -> Option<()> {
        let Place { done, state, .. } = &self.places[at];
        let (done, state) = (*done, state.clone());
        let due = self.due(done);
        let mut ops: Vec<(Option<usize>, u32, &M::Op)> = Vec::new();
        for (i, call) in self.mandatory.iter().enumerate() {
            if done >> i & 1 == 0 && call.called < due {
                ops.push((None, done | 1 << i, &call.op));
            }
        }
        for (kind, (op, called)) in self.kinds.iter().enumerate() {
            if called[0] < due {
                ops.push((Some(kind), done, op));
            }
        }
        let mut next = Vec::new();
        for (kind, done, op) in ops {
            let states = match model.step(&state, op, deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject => Vec::new(),
                Step::Expired => return None,
            };
            // What may have happened and changes nothing need not have.
            for after in states.into_iter().filter(|next| kind.is_none() || *next != state) {
                next.push((kind, self.place(numbers, done, after)));
            }
        }
        self.places[at].next = next;
        Some(())
    }

    /// The number of a place.
    fn place(
        &mut self,
        numbers: &mut HashMap<(u32, M::State), usize, FxBuildHasher>,
        done: u32,
        state: M::State,
    ) -> usize {
        let fresh = self.places.len();
        let number = *numbers.entry((done, state.clone())).or_insert(fresh);
        if number == fresh {
            self.places.push(Place { done, state, next: Vec::new(), used: Vec::new() });
        }
        number
    }

    /// The greatest numbers that may have been used at each place if all that must happen still
    /// can. `None` if there are too many.
    fn leads_on(&self) -> Option<Vec<Vec<Numbers>>> {
        let all = (1u32 << self.mandatory.len()) - 1;
        let any: Numbers = self.kinds.iter().map(|_| u8::MAX).collect();
        let mut from: Vec<Vec<(Option<usize>, usize)>> = vec![Vec::new(); self.places.len()];
        let mut now: Vec<(usize, Numbers)> = Vec::new();
        for (at, place) in self.places.iter().enumerate() {
            for (kind, to) in &place.next {
                from[*to].push((*kind, at));
            }
            if place.done == all {
                now.push((at, any.clone()));
            }
        }
        let mut most: Vec<Vec<Numbers>> = vec![Vec::new(); self.places.len()];
        let mut kept = 0;
        while !now.is_empty() {
            let mut later = Vec::new();
            while let Some((at, may)) = now.pop() {
                let greater = |known: &Numbers| known.iter().zip(&may).all(|(a, b)| a >= b);
                if most[at].iter().any(greater) {
                    continue;
                }
                kept += 1;
                if kept > EFFORT {
                    return None;
                }
                for (kind, before) in &from[at] {
                    let Some(kind) = *kind else {
                        now.push((*before, may.clone()));
                        continue;
                    };
                    let available = self.available(kind, self.due(self.places[*before].done));
                    if let Some(left) = available.min(may[kind]).checked_sub(1) {
                        let mut may = may.clone();
                        may[kind] = left;
                        later.push((*before, may));
                    }
                }
                most[at].push(may);
            }
            now = later;
        }
        Some(most)
    }

    /// The states in which an operation may have been performed, those that the fewest operations
    /// lead to first.
    fn met_by(&self, told: &Call<M::Op>) -> Option<impl Iterator<Item = &M::State>> {
        let most = self.leads_on()?;
        let by_then: Numbers =
            (0..self.kinds.len()).map(|kind| self.available(kind, told.returned)).collect();
        let fits = move |at: usize, place: &Place<M::State>| {
            // What returned before it was called is there, what was called after it returned is
            // not.
            let in_time = self.mandatory.iter().enumerate().all(|(i, call)| {
                if place.done >> i & 1 == 1 {
                    call.called < told.returned
                } else {
                    told.called < call.returned
                }
            });
            let within = |used: &Numbers, may: &Numbers| used.iter().zip(may).all(|(a, b)| a <= b);
            in_time
                && place.used.iter().any(|used| {
                    within(used, &by_then) && most[at].iter().any(|may| within(used, may))
                })
        };
        let fitting = move |(at, place): &(usize, &Place<M::State>)| fits(*at, place);
        Some(self.places.iter().enumerate().filter(fitting).map(|(_, place)| &place.state))
    }
}

#[cfg(test)]
mod tests {
    use super::super::core::{Start, Weakened};
    use super::super::models::{Register, RegisterOp};
    use super::*;

    /// A little generator, the same on every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, n: u32) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 33) as u32 % n
        }
    }

    fn random_core(random: &mut Random) -> FoundCore<Register> {
        let count = 2 + random.below(5);
        let mut ends: Vec<u32> = (0..2 * count).collect();
        for i in (1..ends.len()).rev() {
            ends.swap(i, random.below(i as u32 + 1) as usize);
        }
        let calls = ends.chunks(2).map(|pair| {
            let op = match random.below(4) {
                0 => RegisterOp::Read(random.below(3)),
                1 => RegisterOp::Cas(random.below(3), random.below(3), None),
                _ => RegisterOp::Write(random.below(3)),
            };
            let changes = !matches!(op, RegisterOp::Read(_));
            let optional = changes && random.below(2) == 0;
            let returned = if optional { NEVER } else { pair[0].max(pair[1]) };
            Call { op, called: pair[0].min(pair[1]), returned, object: 0 }
        });
        let core = Weakened { calls: calls.collect(), origin: (10..10 + count).collect() };
        let starts = (0..=random.below(2)).map(|state| Start {
            state,
            taken: (11..10 + count).filter(|_| random.below(4) == 0).collect(),
        });
        let starts = starts.collect();
        FoundCore { core, starts, any_start: false, after: 0, confirmed: None }
    }

    /// Tries every order of every choice of operations.
    fn plainly(found: &FoundCore<Register>, told: usize) -> Option<FxHashSet<u32>> {
        fn follow(
            calls: &[&Call<RegisterOp>],
            told: &Call<RegisterOp>,
            state: u32,
            taken: u32,
            met: &mut FxHashSet<u32>,
        ) -> bool {
            let missing = |i: usize| taken >> i & 1 == 0;
            let mut ends = (0..calls.len()).all(|i| !missing(i) || calls[i].optional());
            for (i, call) in calls.iter().enumerate() {
                let early = |j: usize| missing(j) && calls[j].returned < call.called;
                if missing(i)
                    && !(0..calls.len()).any(early)
                    && let Step::To(next) =
                        Register::default().step(&state, &call.op, &Deadline::never())
                {
                    ends |= follow(calls, told, next, taken | 1 << i, met);
                }
            }
            let there = |(i, call): (usize, &&Call<RegisterOp>)| match missing(i) {
                true => told.called < call.returned,
                false => call.called < told.returned,
            };
            if ends && calls.iter().enumerate().all(there) {
                met.insert(state);
            }
            ends
        }
        let mut met = FxHashSet::default();
        let culprit = &found.core.calls[told];
        for start in &found.starts {
            let others = found.core.calls.iter().zip(&found.core.origin).enumerate();
            let others: Vec<&Call<RegisterOp>> = others
                .filter(|(i, (_, origin))| *i != told && !start.taken.contains(origin))
                .map(|(_, (call, _))| call)
                .collect();
            follow(&others, culprit, start.state, 0, &mut met);
        }
        let rejects = |state: &u32| {
            Register::default().step(state, &culprit.op, &Deadline::never()) == Step::Reject
        };
        met.iter().all(rejects).then_some(met)
    }

    #[test]
    fn the_states_are_those_of_all_orders() {
        let mut random = Random(0x5eed);
        let (mut some, mut several) = (0, 0);
        for _ in 0..20_000 {
            let found = random_core(&mut random);
            let model = Register::default();
            let states = possible_states(&model, &found, 10, &Deadline::never());
            let expected = plainly(&found, 0);
            let known = states.map(|states| states.into_iter().collect::<FxHashSet<u32>>());
            assert_eq!(known, expected, "{found:?}");
            let count = expected.map_or(0, |states| states.len());
            some += usize::from(count > 0);
            several += usize::from(count > 1);
        }
        assert!(some > 1_000 && several > 500, "{some} {several}");
    }
}
