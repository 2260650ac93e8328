//! The few operations of a history that cannot all be explained.
//!
//! Everything here only takes demands away: a suffix of the history from any state the object can
//! be in at all asks less than the history does; an operation whose result is forgotten and that
//! may never have happened asks less than the same one that returned; an operation that changes
//! nothing asks less if it is left out. So if what is left still cannot be explained, neither can
//! the history. What is left is small enough for a search that believes no hint, which confirms
//! it.

use super::engine::{Piece, Trust};
use super::grow;
use super::model::{Call, NEVER, Spec, Step};
use super::options::{Deadline, Rules};
use super::search::{Answer, Limits};
use rustc_hash::FxHashSet;

/// States of an object beyond which they are not all enumerated.
const STATES: usize = 256;
/// Steps spent on enumerating them.
const STEPS: usize = 10_000;
/// Configurations one attempt at a smaller core may cost, and all of them together, where states
/// are few and where they are many and each is kept.
const FEW_STATES: (u64, u64) = (4_000, 60_000);
const MANY_STATES: (u64, u64) = (1_000, 15_000);
/// Configurations that an attempt with a handful of demands may cost: it fails soon or not at all.
const HANDFUL: u64 = 300;
/// The same where larger cores have been tried in vain.
const MORE: [u64; 3] = [1_000, 4_000, 6_000];
/// Demands that a core grown from below may have before it is given up, and configurations that
/// each question may cost.
const GROWN: (usize, u64) = (24, 4_000);
/// Configurations that deciding on one prefix may cost.
const PREFIX: u64 = 5_000_000;
/// Configurations the confirmation may cost.
const CONFIRMATION: u64 = 20_000;
const MEMORY: usize = 128 << 20;

/// A part of a history, weakened.
#[derive(Clone, Debug)]
pub(crate) struct Weakened<Op> {
    /// The operations left.
    pub calls: Vec<Call<Op>>,
    /// For each, the call it came from.
    pub origin: Vec<u32>,
}

/// The core of a violation.
#[derive(Clone, Debug)]
pub(crate) struct FoundCore<M: Spec> {
    /// Its operations.
    pub core: Weakened<M::Op>,
    /// The states it may start in.
    pub starts: Vec<M::State>,
    /// Whether those are all states the object can be in.
    pub any_start: bool,
    /// Whether a search without hints confirmed it; `Some(false)` if it contradicted it.
    pub confirmed: Option<bool>,
}

/// What is asked up to the return at `upto`: what returned later may never have happened.
pub(crate) fn prefix<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    upto: u32,
) -> Weakened<M::Op> {
    let mut prefix = Weakened { calls: Vec::new(), origin: Vec::new() };
    for &i in members {
        let call = &calls[i as usize];
        if call.called > upto {
            continue;
        }
        let call = if call.returned <= upto || call.optional() {
            Some(call.clone())
        } else {
            forgotten(model, call)
        };
        if let Some(call) = call {
            prefix.calls.push(call);
            prefix.origin.push(i);
        }
    }
    prefix
}

/// A call of which nobody knows that it happened; `None` if that says nothing.
pub(crate) fn forgotten<M: Spec>(model: &M, call: &Call<M::Op>) -> Option<Call<M::Op>> {
    if model.pure(&call.op) {
        return None;
    }
    model.forget(&call.op).map(|op| Call { op, returned: NEVER, ..*call })
}

/// The positions of all returns, in order.
fn returns<M: Spec>(calls: &[Call<M::Op>], members: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut returns: Vec<u32> =
        members.map(|i| calls[i as usize].returned).filter(|returned| *returned != NEVER).collect();
    returns.sort_unstable();
    returns
}

/// The first return by which no order is left, at or after the layer that was reached.
fn first_failure<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    deadline: &Deadline,
) -> u32 {
    let starts = model.init();
    let returns = returns::<M>(calls, members.iter().copied());
    // The search knew results that had not been returned yet, and may have looked ahead. What is
    // asked up to a return is less, so the first one that fails is that one or a later one. Asking
    // for more never helps, so all from some one on fail.
    let fails = |layer: usize| {
        let prefix = prefix(model, calls, members, returns[layer]);
        attempt(model, &prefix, &starts, PREFIX, deadline).0
    };
    let Some(last) = returns.len().checked_sub(1) else { return NEVER };
    let (mut low, mut step) = (last.min(reached as usize), 1);
    let mut high = low;
    while high < last && !deadline.expired() && !fails(high) {
        low = high + 1;
        high = (high + step).min(last);
        step *= 2;
    }
    while low < high && !deadline.expired() {
        let middle = low + (high - low) / 2;
        if fails(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    returns[high]
}

/// Whether it certainly cannot be explained, and how many configurations that took.
fn attempt<M: Spec>(
    model: &M,
    weakened: &Weakened<M::Op>,
    starts: &[M::State],
    configurations: u64,
    deadline: &Deadline,
) -> (bool, u64) {
    let members: Vec<u32> = (0..weakened.calls.len() as u32).collect();
    let (rules, trust) = (Rules::default(), Trust::all());
    let mut piece = Piece::new(model, &weakened.calls, &members, starts, rules, trust, deadline);
    let answer = piece.search(Limits { configurations, memory: MEMORY }, false);
    (matches!(answer, Answer::Stuck(_)), piece.configurations)
}

/// Finds the core of what cannot be explained, and the first return by which it cannot, which is
/// that of the layer that was reached or a later one.
pub(crate) fn find<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    deadline: &Deadline,
) -> (FoundCore<M>, u32) {
    let look = |upto: u32, certain: bool| {
        let whole = prefix(model, calls, members, upto);
        let starts = model.init();
        let mut search = Minimiser { model, deadline, spent: 0, budget: FEW_STATES, starts };
        let few = search.few(&whole, upto, certain);
        (search, whole, few)
    };
    let returns = returns::<M>(calls, members.iter().copied());
    let guess = returns.get(reached as usize).or(returns.last()).copied().unwrap_or(NEVER);
    let (mut search, core, any_start, upto) = match look(guess, false) {
        // Proven to fail by then, and not to fail earlier.
        (search, _, Some((few, any_start))) => (search, few, any_start, guess),
        _ => {
            let upto = first_failure(model, calls, members, reached, deadline);
            match look(upto, true) {
                (search, _, Some((few, any_start))) => (search, few, any_start, upto),
                (mut search, whole, None) => {
                    (search.spent, search.budget) = (0, MANY_STATES);
                    (search, whole, false, upto)
                }
            }
        }
    };
    let core = search.minimised(core);
    let mut found = FoundCore { core, starts: search.starts, any_start, confirmed: None };
    found.confirmed = confirm(model, &found, deadline);
    (found, upto)
}

/// What a search that believes no hint says.
pub(crate) fn confirm<M: Spec>(
    model: &M,
    found: &FoundCore<M>,
    deadline: &Deadline,
) -> Option<bool> {
    let calls = &found.core.calls;
    let members: Vec<u32> = (0..calls.len() as u32).collect();
    let (rules, trust) = (Rules::unhinted(), Trust::none());
    let mut piece = Piece::new(model, calls, &members, &found.starts, rules, trust, deadline);
    let limits = Limits { configurations: CONFIRMATION, memory: MEMORY };
    match piece.search(limits, false) {
        Answer::Stuck(_) => Some(true),
        Answer::Order(_) => Some(false),
        Answer::Stopped(_) | Answer::Lied(_) => None,
    }
}

struct Minimiser<'a, M: Spec> {
    model: &'a M,
    deadline: &'a Deadline,
    spent: u64,
    /// For each attempt, and for all.
    budget: (u64, u64),
    starts: Vec<M::State>,
}

impl<M: Spec> Minimiser<'_, M> {
    /// Whether nothing more may be tried.
    fn tired(&self) -> bool {
        self.spent > self.budget.1 || self.deadline.expired()
    }

    fn fails(&mut self, weakened: &Weakened<M::Op>) -> bool {
        let (fails, spent) =
            attempt(self.model, weakened, &self.starts, self.budget.0, self.deadline);
        // Setting up costs something too.
        self.spent += spent + weakened.calls.len() as u64 / 8;
        fails
    }

    /// A few operations that fail by themselves, and whether they do so from any state. What takes
    /// long is only tried where the whole is certain to fail, or where states are few.
    fn few(
        &mut self,
        whole: &Weakened<M::Op>,
        upto: u32,
        certain: bool,
    ) -> Option<(Weakened<M::Op>, bool)> {
        let initial = self.starts.clone();
        let all = all_states(self.model, whole, self.deadline);
        let returns = returns::<M>(&whole.calls, 0..whole.calls.len() as u32);
        // Few states: the last returns, from whatever was before.
        let window = |search: &mut Self, length: usize| {
            search.starts.clone_from(all.as_ref().filter(|_| length < returns.len())?);
            let from = returns[returns.len() - length];
            let window = search.cut(whole, from);
            search.fails(&window).then_some((window, true))
        };
        // Or the failing one and the last that were over when it began, from the start.
        let near = |search: &mut Self, length: usize, effort: u64| {
            search.starts.clone_from(&initial);
            let failing = whole.calls.iter().find(|call| call.returned == upto)?;
            let before = returns.partition_point(|returned| *returned < failing.called);
            let from = *returns.get(before.checked_sub(length)?)?;
            let (near, _) = search.kept(whole, |_, call| {
                call.returned == upto || (from..failing.called).contains(&call.returned)
            });
            let budget = std::mem::replace(&mut search.budget.0, effort);
            let fails = search.fails(&near);
            search.budget.0 = budget;
            fails.then_some((near, false))
        };
        // The shorter, the fewer must be told of.
        let short: [(&[usize], &[usize]); 2] =
            [(&[2, 3, 4, 6], &[1, 2, 4]), (&[8, 12, 16], &[8, 16])];
        for (windows, nears) in short {
            let found = windows.iter().find_map(|length| window(self, *length));
            let nears = || nears.iter().find_map(|length| near(self, *length, HANDFUL));
            let found = found.or_else(nears);
            if found.is_some() {
                return found;
            }
        }
        self.starts.clone_from(&initial);
        if all.is_none() {
            return if certain { Some((self.grown(whole, upto)?, false)) } else { None };
        }
        let mut length = 24;
        let mut more = MORE.into_iter();
        while length < returns.len() && !self.tired() {
            if let Some(few) = window(self, length) {
                return Some(few);
            }
            length += length / 3;
            let Some(effort) = more.next() else { continue };
            if let Some(few) = [1, 2].iter().find_map(|length| near(self, *length, effort)) {
                return Some(few);
            }
        }
        self.starts = initial;
        None
    }

    /// A core grown from below.
    fn grown(&mut self, whole: &Weakened<M::Op>, upto: u32) -> Option<Weakened<M::Op>> {
        let failing = whole.calls.iter().position(|call| call.returned == upto)?;
        let mut asked = vec![false; whole.calls.len()];
        asked[failing] = true;
        for _ in 0..GROWN.0 {
            if self.tired() {
                return None;
            }
            let (kept, places) = self.kept(whole, |i, _| asked[i]);
            let members: Vec<u32> = (0..kept.calls.len() as u32).collect();
            let (rules, trust) = (Rules::default(), Trust::all());
            let starts = &self.starts;
            let mut piece =
                Piece::new(self.model, &kept.calls, &members, starts, rules, trust, self.deadline);
            let limits = Limits { configurations: GROWN.1, memory: MEMORY };
            let answer = piece.search(limits, false);
            let spent = piece.configurations + kept.calls.len() as u64 / 8;
            drop(piece);
            self.spent += spent;
            let order = match answer {
                Answer::Stuck(_) => return Some(kept),
                Answer::Order(order) => order.iter().map(|i| places[*i as usize]).collect(),
                Answer::Stopped(_) | Answer::Lied(_) => return None,
            };
            let next = grow::next(self.model, whole, starts, order, &asked, self.deadline)?;
            asked[next] = true;
        }
        None
    }

    /// The same with nothing asked but of some, and for each call left its place in the whole.
    fn kept(
        &self,
        whole: &Weakened<M::Op>,
        asked: impl Fn(usize, &Call<M::Op>) -> bool,
    ) -> (Weakened<M::Op>, Vec<u32>) {
        let mut kept = Weakened { calls: Vec::new(), origin: Vec::new() };
        let mut places = Vec::new();
        for (i, (call, origin)) in whole.calls.iter().zip(&whole.origin).enumerate() {
            let call = if call.optional() || asked(i, call) {
                Some(call.clone())
            } else {
                forgotten(self.model, call)
            };
            if let Some(call) = call {
                kept.calls.push(call);
                kept.origin.push(*origin);
                places.push(i as u32);
            }
        }
        (kept, places)
    }

    /// What is asked from the return at `from` on.
    fn cut(&self, whole: &Weakened<M::Op>, from: u32) -> Weakened<M::Op> {
        let mut window = Weakened { calls: Vec::new(), origin: Vec::new() };
        for (call, origin) in whole.calls.iter().zip(&whole.origin) {
            let call = if call.returned < from {
                None
            } else if call.called < from && !call.optional() {
                forgotten(self.model, call)
            } else {
                Some(call.clone())
            };
            if let Some(call) = call {
                window.calls.push(call);
                window.origin.push(*origin);
            }
        }
        window
    }

    /// The smaller of what is left if demands are taken away from the first on and from the last
    /// on.
    fn minimised(&mut self, whole: Weakened<M::Op>) -> Weakened<M::Op> {
        let demands = |core: &Weakened<M::Op>| core.calls.iter().filter(|c| !c.optional()).count();
        let first = self.minimise(whole.clone(), false);
        if demands(&first) <= 2 {
            return first;
        }
        let second = self.minimise(whole, true);
        if demands(&second) < demands(&first) { second } else { first }
    }

    /// Takes demands away, many at once at first, then one by one.
    fn minimise(&mut self, mut core: Weakened<M::Op>, from_last: bool) -> Weakened<M::Op> {
        let mut chunk = (core.calls.len() / 2).max(1);
        loop {
            let mut at = if from_last { core.calls.len() } else { 0 };
            while if from_last { at > 0 } else { at < core.calls.len() } {
                if self.tired() {
                    return core;
                }
                let (begin, end) = if from_last {
                    (at.saturating_sub(chunk), at)
                } else {
                    (at, (at + chunk).min(core.calls.len()))
                };
                at = if from_last { begin } else { end };
                if core.calls[begin..end].iter().all(Call::optional) {
                    continue;
                }
                let weaker = self.weaken(&core, begin, end);
                if self.fails(&weaker) {
                    if !from_last {
                        at -= core.calls.len() - weaker.calls.len();
                    }
                    core = weaker;
                }
            }
            if chunk == 1 {
                return core;
            }
            chunk = (chunk / 2).max(1);
        }
    }

    fn weaken(&self, core: &Weakened<M::Op>, from: usize, to: usize) -> Weakened<M::Op> {
        let mut weaker = Weakened { calls: Vec::new(), origin: Vec::new() };
        for (i, call) in core.calls.iter().enumerate() {
            let call = if (from..to).contains(&i) && !call.optional() {
                forgotten(self.model, call)
            } else {
                Some(call.clone())
            };
            if let Some(call) = call {
                weaker.calls.push(call);
                weaker.origin.push(core.origin[i]);
            }
        }
        weaker
    }
}

/// Every state that any order of any of these operations leads to, if those are few and the
/// model's hints hold in all of them.
fn all_states<M: Spec>(
    model: &M,
    whole: &Weakened<M::Op>,
    deadline: &Deadline,
) -> Option<Vec<M::State>> {
    let mut seen_ops: FxHashSet<M::Op> = FxHashSet::default();
    let mut ops: Vec<M::Op> = Vec::new();
    for call in &whole.calls {
        // With its result forgotten it may happen wherever it may happen at all.
        let op = if model.pure(&call.op) { None } else { model.forget(&call.op) };
        let op = op.unwrap_or_else(|| call.op.clone());
        for op in [op, call.op.clone()] {
            if !seen_ops.contains(&op) {
                if ops.len() * 2 > STEPS {
                    return None;
                }
                seen_ops.insert(op.clone());
                ops.push(op);
            }
        }
    }
    let mut states = model.init();
    let mut seen: FxHashSet<M::State> = states.iter().cloned().collect();
    let mut targets: Vec<Option<M::State>> = vec![None; ops.len()];
    let (mut at, mut steps) = (0, 0);
    while let Some(state) = states.get(at).cloned() {
        at += 1;
        for (op, target) in ops.iter().zip(&mut targets) {
            steps += 1;
            let next = match model.step(&state, op, deadline) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject => Vec::new(),
                Step::Expired => return None,
            };
            let pure = model.pure(op) && next.iter().any(|next| *next != state);
            let overwrite = model.overwrite(op) && {
                let target = target.get_or_insert_with(|| state.clone());
                if at == 1 && next.len() == 1 {
                    target.clone_from(&next[0]);
                }
                next.len() != 1 || next[0] != *target
            };
            if pure || overwrite || steps > STEPS {
                return None;
            }
            for next in next {
                if seen.insert(next.clone()) {
                    states.push(next);
                }
            }
            if states.len() > STATES {
                return None;
            }
        }
    }
    Some(states)
}
