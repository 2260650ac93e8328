//! Ways to a few operations that fail by themselves.

use super::super::engine::{Piece, Trust};
use super::super::model::{Call, Spec};
use super::super::options::Rules;
use super::super::search::{Answer, Limits, Searchable};
use super::grow::{self, Steps};
use super::minimise::{FEW_STATES, MANY_STATES, Minimiser};
use super::states::all_states;
use super::{
    FoundCore, MEMORY, Start, Weakened, confirm, forgotten, from, frontier, initial, returns,
};

/// Configurations that an attempt with a handful of demands may cost: it fails soon or not at all.
const HANDFUL: u64 = 300;
/// The same where larger cores have been tried in vain.
const MORE: [u64; 3] = [1_000, 4_000, 6_000];
/// Demands that a core grown from below may have before it is given up, and configurations that
/// each question may cost.
const GROWN: (usize, u64) = (24, 4_000);
/// Steps of the model that thinking about it may cost.
const GROWING: u64 = 300_000;
/// How many demands are few from the start.
const SMALL: usize = 16;
/// How many of the last returns are many.
const LONGER: usize = 42;
/// How many of the last operations are tried as one that leaves the same state always.
const ANCHORS: usize = 40;
/// Configurations that trying one of them may cost.
const ANCHORED: u64 = 500;
/// How many of the last returns are looked at where all before them is taken for granted.
const RESTS: [usize; 4] = [1, 3, 5, 9];
/// Configurations that all ways there may cost, and may if nothing else is left.
pub(super) const WAYS: u64 = 200_000;
const MORE_WAYS: u64 = 1_000_000;
/// Configurations that confirming all that was asked before anything was taken away may cost.
const LAST_CONFIRMATION: u64 = 2_000_000;
/// Calls beyond which that would take long and decide nothing.
const LARGE: usize = 1_000;

/// What is looked at the end of.
struct Last<M: Spec> {
    /// The return by which it fails.
    upto: u32,
    /// All returns, in order.
    returns: Vec<u32>,
    /// All states, if they are few.
    all: Option<Vec<Start<M::State>>>,
}

impl<M: Searchable> Minimiser<'_, M> {
    /// A few operations that fail by themselves, and whether they do so from any state. What takes
    /// long is only tried where the whole is certain to fail.
    pub(super) fn few(&mut self, upto: u32, certain: bool) -> Option<(Weakened<M::Op>, bool)> {
        let whole = self.whole;
        if whole.demands() <= SMALL && self.fails(whole) {
            return Some((whole.clone(), false));
        }
        let last = self.last(upto);
        if last.all.is_none()
            && let Some(anchored) = self.anchored(upto)
        {
            return Some((anchored, false));
        }
        // Where states are many, each kind that may have happened is tried once, at least.
        let classes = if last.all.is_none() && certain { whole.classes() as u64 } else { 0 };
        // The shorter, the fewer must be told of.
        let short: [(&[usize], &[usize]); 3] =
            [(&[2, 3, 4, 6], &[1, 2, 4]), (&[8, 12, 16], &[8, 16]), (&[24, 32], &[])];
        for (windows, nears) in short {
            let found = windows.iter().find_map(|length| self.window(&last, *length));
            let near = |length: &usize| self.near(&last, *length, HANDFUL + classes);
            let found = found.or_else(|| nears.iter().find_map(near));
            if found.is_some() {
                return found;
            }
        }
        self.starts = initial(self.model);
        match last.all {
            None if certain => Some((self.grown(whole, upto)?, false)),
            Some(_) if certain => self.longer(upto),
            _ => None,
        }
    }

    /// The same with more operations, where states are few.
    pub(super) fn longer(&mut self, upto: u32) -> Option<(Weakened<M::Op>, bool)> {
        let last = self.last(upto);
        last.all.as_ref()?;
        let mut length = LONGER;
        let mut more = MORE.into_iter();
        while length < last.returns.len() && !self.tired() {
            if let Some(few) = self.window(&last, length) {
                return Some(few);
            }
            length += length / 3;
            let Some(effort) = more.next() else { continue };
            if let Some(few) = [1, 2].iter().find_map(|length| self.near(&last, *length, effort)) {
                return Some(few);
            }
        }
        self.starts = initial(self.model);
        None
    }

    fn last(&self, upto: u32) -> Last<M> {
        let all = all_states(self.model, self.whole, self.deadline).map(from);
        let returns = returns::<M>(&self.whole.calls, 0..self.whole.calls.len() as u32);
        Last { upto, returns, all }
    }

    /// The last returns, from whatever was before, if states are few.
    fn window(&mut self, last: &Last<M>, length: usize) -> Option<(Weakened<M::Op>, bool)> {
        let whole = self.whole;
        let earlier = last.returns.len().checked_sub(length).filter(|earlier| *earlier > 0)?;
        self.starts.clone_from(last.all.as_ref()?);
        let window = self.cut(whole, last.returns[earlier]);
        self.fails(&window).then_some((window, true))
    }

    /// The failing one and the last that were over when it began, from the start.
    fn near(
        &mut self,
        last: &Last<M>,
        length: usize,
        effort: u64,
    ) -> Option<(Weakened<M::Op>, bool)> {
        let whole = self.whole;
        self.starts = initial(self.model);
        let failing = whole.calls.iter().find(|call| call.returned == last.upto)?;
        let before = last.returns.partition_point(|returned| *returned < failing.called);
        let from = *last.returns.get(before.checked_sub(length)?)?;
        let (near, _) = self.kept(whole, |_, call| {
            call.returned == last.upto || (from..failing.called).contains(&call.returned)
        });
        let budget = std::mem::replace(&mut self.budget.0, effort);
        let fails = self.fails(&near);
        self.budget.0 = budget;
        fails.then_some((near, false))
    }

    /// What comes after an operation that leaves the same state whatever was before: the last one
    /// from which on it fails. What overlaps it may have come before it.
    fn anchored(&mut self, upto: u32) -> Option<Weakened<M::Op>> {
        let whole = self.whole;
        let mut anchors: Vec<usize> =
            (0..whole.calls.len()).filter(|i| whole.calls[*i].returned < upto).collect();
        anchors.sort_unstable_by_key(|i| std::cmp::Reverse(whole.calls[*i].returned));
        let budget = std::mem::replace(&mut self.budget.0, ANCHORED);
        let found = anchors.into_iter().take(ANCHORS).find_map(|i| {
            let anchor = &whole.calls[i];
            let state = self.model.leaves(&anchor.op)?;
            let after = whole.filtered(|at, call| {
                if at == i || call.optional() || anchor.returned < call.called {
                    Some(call.clone())
                } else if call.returned < anchor.called {
                    None
                } else {
                    forgotten(self.model, call)
                }
            });
            self.starts = vec![Start { state, taken: vec![whole.origin[i]] }];
            self.fails(&after).then(|| (whole.origin[i], after))
        });
        self.budget.0 = budget;
        let Some((anchor, after)) = found else {
            self.starts = initial(self.model);
            return None;
        };
        self.anchor = Some(anchor);
        Some(after)
    }

    /// The last operations, from where all before them can lead. One alone would tell little.
    pub(super) fn after_others(&mut self, effort: u64) -> Option<FoundCore<M>> {
        let mut all: Vec<FoundCore<M>> = Vec::new();
        for (rest, starts) in frontier::last(self.model, self.whole, &RESTS, effort, self.deadline)
        {
            let after = self.whole.demands() - rest.demands();
            (self.spent, self.budget, self.starts) = (0, FEW_STATES, starts);
            if self.fails(&rest) {
                all.push(FoundCore { after, ..self.minimised((rest, false)) });
            }
        }
        all.into_iter().min_by_key(|found| {
            let demands = found.core.demands();
            (found.confirmed.is_none(), demands < 2, demands)
        })
    }

    /// The smallest core that is found in any way, of what certainly fails.
    pub(super) fn smallest(&mut self, upto: u32) -> FoundCore<M> {
        let few = self.few(upto, true).map(|few| self.minimised(few));
        if let Some(few) = few.filter(FoundCore::good) {
            return few;
        }
        if let Some(found) = self.after_others(MORE_WAYS).filter(|found| found.confirmed.is_some())
        {
            return found;
        }
        (self.spent, self.budget, self.starts) = (0, MANY_STATES, initial(self.model));
        let found = self.minimised((self.whole.clone(), false));
        if found.confirmed.is_some() || self.whole.calls.len() > LARGE {
            return found;
        }
        let (core, effort) = (self.whole.clone(), LAST_CONFIRMATION);
        let confirmed = confirm(self.model, &core, &found.starts, effort, self.deadline);
        FoundCore { core, confirmed, ..found }
    }

    /// A core grown from below.
    fn grown(&mut self, whole: &Weakened<M::Op>, upto: u32) -> Option<Weakened<M::Op>> {
        let failing = whole.calls.iter().position(|call| call.returned == upto)?;
        let mut asked = vec![false; whole.calls.len()];
        asked[failing] = true;
        let steps = Steps::new(GROWING);
        for _ in 0..GROWN.0 {
            if self.tired() || self.spent > MANY_STATES.1 {
                return None;
            }
            let (kept, places) = self.kept(whole, |i, _| asked[i]);
            let members: Vec<u32> = (0..kept.calls.len() as u32).collect();
            let (rules, trust) = (Rules::default(), Trust::all());
            let starts = &self.model.init();
            let mut piece =
                Piece::new(self.model, &kept.calls, &members, starts, rules, trust, self.deadline);
            let limits = Limits { configurations: GROWN.1, memory: self.deadline.room(MEMORY) };
            let answer = piece.search(limits, false);
            let spent = piece.configurations + kept.calls.len() as u64 / 8;
            drop(piece);
            self.spent += spent;
            let order = match answer {
                Answer::Stuck(_) => return Some(kept),
                Answer::Order(order) => order.iter().map(|i| places[*i as usize]).collect(),
                Answer::Stopped(_) | Answer::Lied(_) => return None,
            };
            let next = grow::next(self.model, whole, starts, order, &asked, &steps, self.deadline)?;
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
    pub(super) fn cut(&self, whole: &Weakened<M::Op>, from: u32) -> Weakened<M::Op> {
        whole.filtered(|_, call| {
            if call.returned < from {
                None
            } else if call.called < from && !call.optional() {
                forgotten(self.model, call)
            } else {
                Some(call.clone())
            }
        })
    }
}
