//! The few operations of a history that cannot all be explained.
//!
//! Everything here only takes demands away: a suffix of the history from any state the object can
//! be in at all asks less than the history does; an operation whose result is forgotten and that
//! may never have happened asks less than the same one that returned; an operation that changes
//! nothing asks less if it is left out; an operation asks less of one part of the state than of all
//! of it. So if what is left still cannot be explained, neither can
//! the history. What is left is small enough for a search that believes no hint, which confirms
//! it.

mod behind;
mod few;
mod frontier;
mod grow;
mod minimise;
mod states;

use super::engine::{Piece, Trust};
use super::model::{Call, NEVER, Spec};
use super::options::{Deadline, Rules};
use super::report::Why;
use super::search::{Answer, COPIED, Limits, Searchable};
use minimise::Minimiser;
use rustc_hash::FxHashSet;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::Hash;

/// How many operations a reader can take in at once.
const FEW: usize = 7;

/// Of how many of the last operations each part they concern is looked at by itself.
const LAST: usize = 24;
/// Configurations that deciding on one prefix may cost, and on all of them together.
const PREFIX: (u64, u64) = (500_000, 1_000_000);
/// Configurations that confirming a core may cost.
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

/// Where a core may start.
#[derive(Clone, Debug)]
pub(crate) struct Start<State> {
    /// The state.
    pub state: State,
    /// The calls that have led to it already, of those it does not come after.
    pub taken: Vec<u32>,
}

/// The core of a violation.
#[derive(Clone, Debug)]
pub(crate) struct FoundCore<M: Spec> {
    /// Its operations.
    pub core: Weakened<M::Op>,
    /// Where it may start.
    pub starts: Vec<Start<M::State>>,
    /// Whether those are all states the object can be in.
    pub any_start: bool,
    /// How many operations had returned before it, which lead there and are taken for granted.
    pub after: usize,
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
fn first_failure<M: Searchable>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    deadline: &Deadline,
) -> u32 {
    let starts = initial(model);
    let returns = returns::<M>(calls, members.iter().copied());
    // The search knew results that had not been returned yet, and may have looked ahead. What is
    // asked up to a return is less, so the first one that fails is that one or a later one. Asking
    // for more never helps, so all from some one on fail.
    let spent = Cell::new(0);
    let fails = |layer: usize| {
        let prefix = prefix(model, calls, members, returns[layer]);
        let rules = (Rules::default(), Trust::all());
        let (answer, configurations) = search(model, &prefix, &starts, rules, PREFIX.0, deadline);
        spent.set(spent.get() + configurations);
        matches!(answer, Answer::Stuck(_))
    };
    let tired = || spent.get() > PREFIX.1 || deadline.expired();
    let Some(last) = returns.len().checked_sub(1) else { return NEVER };
    // The last layer asks for everything, which is known to fail.
    let (mut low, mut step, mut failing) = (last.min(reached as usize), 1, last);
    let mut high = low;
    while high < last && !tired() {
        if fails(high) {
            failing = high;
            break;
        }
        low = high + 1;
        high = (high + step).min(last);
        step *= 2;
    }
    while low < failing && !tired() {
        let middle = low + (failing - low) / 2;
        if fails(middle) {
            failing = middle;
        } else {
            low = middle + 1;
        }
    }
    returns[failing]
}

/// Whether it certainly cannot be explained, and how many configurations that took.
fn attempt<M: Searchable>(
    model: &M,
    weakened: &Weakened<M::Op>,
    starts: &[Start<M::State>],
    configurations: u64,
    deadline: &Deadline,
) -> (bool, u64) {
    // What is too hard without a look at what operations need cannot be confirmed, either.
    let rules = (Rules::default(), Trust { needs: false, ..Trust::all() });
    let (answer, spent) = search(model, weakened, starts, rules, configurations, deadline);
    (matches!(answer, Answer::Stuck(_)), spent)
}

/// What a search from all of these starts says, and how many configurations that took.
fn search<M: Searchable>(
    model: &M,
    weakened: &Weakened<M::Op>,
    starts: &[Start<M::State>],
    (rules, trust): (Rules, Trust),
    configurations: u64,
    deadline: &Deadline,
) -> (Answer, u64) {
    if deadline.timed_out() {
        return (Answer::Stopped(Why::Deadline), 0);
    }
    let mut groups: BTreeMap<&[u32], Vec<M::State>> = BTreeMap::new();
    for Start { state, taken } in starts {
        groups.entry(taken).or_default().push(state.clone());
    }
    let (mut spent, mut answer) = (0, Answer::Stuck(0));
    for (taken, states) in groups {
        let open = |i: &u32| taken.binary_search(&weakened.origin[*i as usize]).is_err();
        let members: Vec<u32> = (0..weakened.calls.len() as u32).filter(open).collect();
        let mut piece =
            Piece::new(model, &weakened.calls, &members, &states, rules, trust, deadline);
        let limits =
            Limits { configurations: configurations - spent, memory: deadline.room(MEMORY) };
        answer = piece.search(limits, false);
        spent = configurations.min(spent + piece.configurations);
        if !matches!(answer, Answer::Stuck(_)) {
            break;
        }
    }
    (answer, spent)
}

/// Counts a step from a state outside of a search.
pub(crate) fn spend<M: Spec>(model: &M, state: &M::State, deadline: &Deadline) {
    deadline.spend(1 + (model.state_bytes(state) / COPIED) as u64);
}

/// The states an object starts in.
fn initial<M: Spec>(model: &M) -> Vec<Start<M::State>> {
    from(model.init())
}

fn from<State>(states: Vec<State>) -> Vec<Start<State>> {
    states.into_iter().map(|state| Start { state, taken: Vec::new() }).collect()
}

/// Finds the core of what cannot be explained, and the first return by which it cannot, which is
/// that of the layer that was reached or a later one.
pub(crate) fn find<M: Searchable>(
    model: &M,
    calls: &[Call<M::Op>],
    members: &[u32],
    reached: u32,
    deadline: &Deadline,
) -> (FoundCore<M>, u32) {
    let returns = returns::<M>(calls, members.iter().copied());
    let guess = returns.get(reached as usize).or(returns.last()).copied().unwrap_or(NEVER);
    let whole = prefix(model, calls, members, guess);
    // What fails by the guess did not fail earlier.
    for parts in parts(model, &whole) {
        let narrow = narrowed(model, &whole, &parts);
        if narrow.calls.is_empty() {
            break;
        }
        let mut minimiser = Minimiser::new(model, &narrow, deadline);
        let few = minimiser.few(guess, false).map(|few| minimiser.minimised(few));
        if let Some(found) = few.filter(FoundCore::good) {
            return (found, guess);
        }
    }
    let mut minimiser = Minimiser::new(model, &whole, deadline);
    let few = minimiser.few(guess, false).map(|few| minimiser.minimised(few));
    if let Some(found) = few.filter(FoundCore::good) {
        return (found, guess);
    }
    if let Some(upto) = behind::furthest(&returns, reached as usize) {
        let whole = prefix(model, calls, members, upto);
        if let Some(found) = Minimiser::new(model, &whole, deadline).behind(reached as usize) {
            return found;
        }
    }
    let longer = minimiser.longer(guess).map(|few| minimiser.minimised(few));
    if let Some(found) = longer.filter(FoundCore::good) {
        return (found, guess);
    }
    // A search that looked ahead may have given up long before anything failed.
    if !model.looks_ahead()
        && let Some(found) = minimiser.after_others(few::WAYS).filter(FoundCore::good)
    {
        return (found, guess);
    }
    let upto = first_failure(model, calls, members, reached, deadline);
    let whole = prefix(model, calls, members, upto);
    (Minimiser::new(model, &whole, deadline).smallest(upto), upto)
}

/// The parts of the state that the last operations concern, each by itself and with that of the
/// last one.
fn parts<M: Spec>(model: &M, whole: &Weakened<M::Op>) -> Vec<Vec<u64>> {
    let mut last: Vec<&Call<M::Op>> = whole.calls.iter().filter(|call| !call.optional()).collect();
    last.sort_unstable_by_key(|call| std::cmp::Reverse(call.returned));
    let mut parts: Vec<u64> = Vec::new();
    for call in last.into_iter().take(LAST) {
        for part in model.parts(&call.op) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    let pairs: Vec<Vec<u64>> = parts.iter().skip(1).map(|part| vec![parts[0], *part]).collect();
    parts.into_iter().map(|part| vec![part]).chain(pairs).collect()
}

/// What is left if only these parts of the state are looked at. What may concern other parts need
/// not have concerned these.
fn narrowed<M: Spec>(model: &M, whole: &Weakened<M::Op>, parts: &[u64]) -> Weakened<M::Op> {
    whole.filtered(|_, call| {
        let op = parts.iter().find_map(|part| model.narrow(&call.op, *part))?;
        let anywhere = model.parts(&call.op).is_empty() && !model.pure(&call.op);
        let returned = if anywhere { NEVER } else { call.returned };
        Some(Call { op, returned, ..*call })
    })
}

/// The smallest of some parts, each weaker than the one before, that a search which believes no
/// hint confirms. The less is asked, the more ways there are to answer, and that search knows no
/// way around them: it may be done with a part where it is not with a weaker one.
fn confirmed<M: Searchable>(
    model: &M,
    parts: &[Weakened<M::Op>],
    starts: &[Start<M::State>],
    deadline: &Deadline,
) -> (Weakened<M::Op>, Option<bool>) {
    let last = parts.len() - 1;
    let (mut at, mut back) = (last, 1);
    loop {
        let confirmed = confirm(model, &parts[at], starts, CONFIRMATION, deadline);
        if confirmed.is_some() {
            return (parts[at].clone(), confirmed);
        }
        if at == 0 {
            return (parts[last].clone(), None);
        }
        // Faster and faster back, to what was there at first.
        at = at.saturating_sub(back);
        back *= 2;
    }
}

/// What a search that believes no hint says.
fn confirm<M: Searchable>(
    model: &M,
    core: &Weakened<M::Op>,
    starts: &[Start<M::State>],
    configurations: u64,
    deadline: &Deadline,
) -> Option<bool> {
    let rules = (Rules::unhinted(), Trust::none());
    match search(model, core, starts, rules, configurations, deadline).0 {
        Answer::Stuck(_) => Some(true),
        Answer::Order(_) => Some(false),
        Answer::Stopped(_) | Answer::Lied(_) => None,
    }
}

impl<Op> Weakened<Op> {
    /// What is left of each call, told its place among them.
    fn filtered(&self, left: impl Fn(usize, &Call<Op>) -> Option<Call<Op>>) -> Weakened<Op> {
        let mut filtered = Weakened { calls: Vec::new(), origin: Vec::new() };
        for (i, (call, origin)) in self.calls.iter().zip(&self.origin).enumerate() {
            if let Some(call) = left(i, call) {
                filtered.calls.push(call);
                filtered.origin.push(*origin);
            }
        }
        filtered
    }

    /// How many operations it asks for.
    pub(crate) fn demands(&self) -> usize {
        self.calls.iter().filter(|call| !call.optional()).count()
    }

    /// How many kinds of operations there are.
    fn classes(&self) -> usize
    where
        Op: Eq + Hash,
    {
        self.calls.iter().map(|call| &call.op).collect::<FxHashSet<_>>().len()
    }
}

impl<M: Spec> FoundCore<M> {
    /// Whether it is small and beyond doubt, or contradicted.
    fn good(&self) -> bool {
        self.confirmed.is_some() && self.core.demands() <= FEW
    }
}
