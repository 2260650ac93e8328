//! Takes demands away from what fails, as long as it does.

use super::super::options::Deadline;
use super::super::search::Searchable;
use super::{FoundCore, Start, Weakened, attempt, confirmed, forgotten, initial};

/// Configurations one attempt at a smaller core may cost, and all of them together, where states
/// are few and where they are many and each is kept.
pub(super) const FEW_STATES: (u64, u64) = (4_000, 60_000);
pub(super) const MANY_STATES: (u64, u64) = (1_000, 8_000);
/// Demands that are few enough not to look for fewer.
const ENOUGH: usize = 7;

/// Looks for a few operations, and takes demands away from them.
pub(super) struct Minimiser<'a, M: Searchable> {
    pub model: &'a M,
    pub deadline: &'a Deadline,
    pub spent: u64,
    /// For each attempt, and for all.
    pub budget: (u64, u64),
    pub starts: Vec<Start<M::State>>,
    /// What cannot be explained.
    pub whole: &'a Weakened<M::Op>,
    /// The call that leads to the only start; it stays.
    pub anchor: Option<u32>,
}

impl<'a, M: Searchable> Minimiser<'a, M> {
    pub(super) fn new(
        model: &'a M,
        whole: &'a Weakened<M::Op>,
        deadline: &'a Deadline,
    ) -> Minimiser<'a, M> {
        let starts = initial(model);
        Minimiser { model, deadline, spent: 0, budget: FEW_STATES, starts, whole, anchor: None }
    }

    /// Whether nothing more may be tried.
    pub(super) fn tired(&self) -> bool {
        self.spent > self.budget.1 || self.deadline.expired()
    }

    pub(super) fn fails(&mut self, weakened: &Weakened<M::Op>) -> bool {
        let (fails, spent) =
            attempt(self.model, weakened, &self.starts, self.budget.0, self.deadline);
        // Setting up costs something too.
        self.spent += spent + weakened.calls.len() as u64 / 8;
        fails
    }

    /// The smaller of what is left if demands are taken away from the first on and from the last
    /// on.
    pub(super) fn minimised(&mut self, (few, any_start): (Weakened<M::Op>, bool)) -> FoundCore<M> {
        let demands = |parts: &[Weakened<M::Op>]| parts.last().map_or(0, Weakened::demands);
        let mut parts = self.minimise(few.clone(), false);
        if demands(&parts) > ENOUGH {
            let others = self.minimise(few, true);
            if demands(&others) < demands(&parts) {
                parts = others;
            }
        }
        let starts = self.starts.clone();
        let (core, confirmed) = confirmed(self.model, &parts, &starts, self.deadline);
        FoundCore { core, starts, any_start, after: 0, confirmed }
    }

    /// Takes demands away, many at once at first, then one by one. Returns what was left in
    /// between, too.
    fn minimise(&mut self, core: Weakened<M::Op>, from_last: bool) -> Vec<Weakened<M::Op>> {
        let mut demands = self.demands(&core);
        let mut chunk = (demands.len() / 4).max(1);
        let mut parts = vec![core];
        loop {
            let mut at = if from_last { demands.len() } else { 0 };
            while if from_last { at > 0 } else { at < demands.len() } {
                if self.tired() {
                    return parts;
                }
                let (begin, end) = if from_last {
                    (at.saturating_sub(chunk), at)
                } else {
                    (at, (at + chunk).min(demands.len()))
                };
                let weaker = self.weaken(&parts[parts.len() - 1], &demands[begin..end]);
                if self.fails(&weaker) {
                    demands = self.demands(&weaker);
                    parts.push(weaker);
                    at = begin;
                } else {
                    at = if from_last { begin } else { end };
                }
            }
            if chunk == 1 {
                return parts;
            }
            chunk /= 2;
        }
    }

    /// The places of the demands that may be taken away.
    fn demands(&self, core: &Weakened<M::Op>) -> Vec<usize> {
        let stays = |i: &usize| core.calls[*i].optional() || Some(core.origin[*i]) == self.anchor;
        (0..core.calls.len()).filter(|i| !stays(i)).collect()
    }

    fn weaken(&self, core: &Weakened<M::Op>, demands: &[usize]) -> Weakened<M::Op> {
        core.filtered(|i, call| match demands.binary_search(&i) {
            Ok(_) => forgotten(self.model, call),
            Err(_) => Some(call.clone()),
        })
    }
}
