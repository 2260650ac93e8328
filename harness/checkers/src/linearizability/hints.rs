//! Hints of a model, held against its steps on sampled states.
//!
//! The search notices a hint that lies where it meets one. This looks further: at states reached
//! by random operations, whether a search would go there or not.

use super::model::{Call, Keys, Spec, Step};
use super::options::Deadline;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// A hint that turned out false, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hint `{hint}` is false for `{op}` in state {state}: {found}")]
pub struct FalseHint {
    /// Which hint.
    pub hint: &'static str,
    /// The operation.
    pub op: String,
    /// The state.
    pub state: String,
    /// What happened there.
    pub found: String,
}

/// Looks at about so many states that these operations lead to, and returns the first hint that
/// is false in one of them.
pub fn check_hints<M: Spec>(model: &M, ops: &[M::Op], samples: usize) -> Result<(), FalseHint> {
    let states = sample(model, ops, samples);
    let checker = Checker { model, ops };
    for state in &states {
        for op in ops {
            checker.one(state, op)?;
        }
        for first in ops.iter().take(PAIRS) {
            for second in ops.iter().take(PAIRS) {
                checker.pair(state, first, second)?;
            }
        }
    }
    for op in ops {
        checker.overwrite(&states, op)?;
    }
    Ok(())
}

/// How many operations are tried in pairs.
const PAIRS: usize = 40;
/// How many operations and states a glance takes in.
const GLANCED: usize = 16;

/// The first hint that is false for a few of these calls, where they are taken at the model's word:
/// of hints about `parts` of the state, or of those about what an operation does.
pub(crate) fn glance<M: Spec>(model: &M, calls: &[Call<M::Op>], parts: bool) -> Option<FalseHint> {
    let mut seen = FxHashSet::default();
    let some = calls.iter().step_by((calls.len() / GLANCED).max(1)).map(|call| &call.op);
    let ops: Vec<M::Op> = some.filter(|op| seen.insert(*op)).take(GLANCED).cloned().collect();
    let states = sample(model, &ops, GLANCED);
    let checker = Checker { model, ops: &ops };
    let all = || {
        for state in &states {
            for op in &ops {
                if parts {
                    ops.iter().try_for_each(|other| checker.pair(state, op, other))?;
                } else {
                    checker.one(state, op)?;
                }
            }
        }
        Ok(())
    };
    all().err()
}

/// States reached from the first ones, in a fixed pseudo-random order.
fn sample<M: Spec>(model: &M, ops: &[M::Op], samples: usize) -> Vec<M::State> {
    let mut states = model.init();
    let mut seen: FxHashSet<M::State> = states.iter().cloned().collect();
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let mut draw = |n: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 33) as usize % n.max(1)
    };
    for _ in 0..samples.saturating_mul(8) {
        if states.len() >= samples || ops.is_empty() || states.is_empty() {
            break;
        }
        let (state, op) = (draw(states.len()), draw(ops.len()));
        for next in next(model, &states[state], &ops[op]) {
            if seen.insert(next.clone()) {
                states.push(next);
            }
        }
    }
    states
}

fn next<M: Spec>(model: &M, state: &M::State, op: &M::Op) -> Vec<M::State> {
    match model.step(state, op, &Deadline::never()) {
        Step::To(next) => vec![next],
        Step::Any(next) => next,
        Step::Reject | Step::Expired => Vec::new(),
    }
}

/// Whether there is a key among both.
fn meet(one: &Keys, other: &Keys) -> bool {
    match (one, other) {
        (Keys::All, Keys::All) => true,
        (Keys::All, Keys::Some(keys)) | (Keys::Some(keys), Keys::All) => !keys.is_empty(),
        (Keys::Some(one), Keys::Some(other)) => one.iter().any(|key| other.contains(key)),
    }
}

struct Checker<'a, M: Spec> {
    model: &'a M,
    ops: &'a [M::Op],
}

impl<M: Spec> Checker<'_, M> {
    fn falsely(
        &self,
        hint: &'static str,
        op: &M::Op,
        state: &M::State,
        found: String,
    ) -> Result<(), FalseHint> {
        let (op, state) = (self.model.describe(op), self.model.describe_state(state));
        Err(FalseHint { hint, op, state, found })
    }

    fn one(&self, state: &M::State, op: &M::Op) -> Result<(), FalseHint> {
        let model = self.model;
        let after = next(model, state, op);
        if model.pure(op)
            && let Some(other) = after.iter().find(|next| *next != state)
        {
            let found = format!("it led to {}", model.describe_state(other));
            return self.falsely("pure", op, state, found);
        }
        if !after.is_empty()
            && let Some(forgotten) = model.forget(op)
            && next(model, state, &forgotten).is_empty()
        {
            let found = format!("`{}` was not accepted", model.describe(&forgotten));
            return self.falsely("forget", op, state, found);
        }
        if let Some(left) = model.leaves(op) {
            let sees = |state: &M::State, eye: &M::Op| !next(model, state, eye).is_empty();
            let differs =
                |state: &&M::State| self.ops.iter().any(|o| sees(state, o) != sees(&left, o));
            if let Some(other) = after.iter().find(differs) {
                let found = format!("it led to {}", model.describe_state(other));
                return self.falsely("leaves", op, state, found);
            }
        }
        if model.total(op) && after.is_empty() {
            return self.falsely("total", op, state, "it was not accepted".into());
        }
        if model.looks_ahead() && model.hopeless(state, op) {
            if !after.is_empty() {
                return self.falsely("hopeless", op, state, "it was accepted".into());
            }
            // It must stay so after whatever does not reset.
            for other in self.ops.iter().filter(|other| !model.reset(other)) {
                if next(model, state, other).iter().any(|next| !model.hopeless(next, op)) {
                    let found = format!("no longer so after `{}`", model.describe(other));
                    return self.falsely("hopeless", op, state, found);
                }
            }
        }
        let tells = model.tells_needs();
        let needs = if tells { model.needs(state, op) } else { SmallVec::new() };
        if !needs.is_empty() {
            if !after.is_empty() {
                return self.falsely("needs", op, state, "it was accepted".into());
            }
            // It must need the same after whatever does not bring it.
            for other in self.ops {
                let brought = model.brings(other);
                let lost = |next: &M::State| {
                    let still = model.needs(next, op);
                    needs.iter().any(|need| !brought.contains(need) && !still.contains(need))
                };
                if next(model, state, other).iter().any(lost) {
                    let found = format!("no longer so after `{}`", model.describe(other));
                    return self.falsely("needs", op, state, found);
                }
            }
        }
        if tells && let Some(forgotten) = model.forget(op) {
            let brings = model.brings(&forgotten);
            if let Some(need) = model.brings(op).iter().find(|need| !brings.contains(need)) {
                let found = format!("`{}` does not bring {need}", model.describe(&forgotten));
                return self.falsely("brings", op, state, found);
            }
        }
        Ok(())
    }

    /// Operations do not notice each other that do not change each other's keys.
    fn pair(&self, state: &M::State, first: &M::Op, second: &M::Op) -> Result<(), FalseHint> {
        let model = self.model;
        if let Keys::Some(keys) = model.keys(first) {
            for key in keys {
                self.narrow(state, (first, second), key)?;
                self.narrow(state, (second, first), key)?;
            }
        }
        let notices = |one, other| meet(&model.keys(one), &model.changes(other));
        if notices(first, second) || notices(second, first) {
            return Ok(());
        }
        let both = |x: &M::Op, y: &M::Op| -> FxHashSet<M::State> {
            next(model, state, x).iter().flat_map(|state| next(model, state, y)).collect()
        };
        let alone = |op: &M::Op| !next(model, state, op).is_empty();
        let (there, back) = (both(first, second), both(second, first));
        if there != back || there.is_empty() && alone(first) && alone(second) {
            let found = format!("it is not independent of `{}`", model.describe(second));
            return self.falsely("keys", first, state, found);
        }
        Ok(())
    }

    /// What is left of an operation leads to where it leads itself, as far as another one on that
    /// part can see.
    fn narrow(
        &self,
        state: &M::State,
        (op, seen_by): (&M::Op, &M::Op),
        key: u64,
    ) -> Result<(), FalseHint> {
        let model = self.model;
        let after = next(model, state, op);
        let Some(narrow) = model.narrow(op, key).filter(|_| !after.is_empty()) else {
            return Ok(());
        };
        let left = next(model, state, &narrow);
        let told = model.describe(&narrow);
        if left.is_empty() {
            let found = format!("`{told}` was not accepted");
            return self.falsely("narrow", op, state, found);
        }
        let Some(eye) = model.narrow(seen_by, key) else { return Ok(()) };
        let sees = |states: &[M::State]| states.iter().any(|s| !next(model, s, &eye).is_empty());
        if sees(&after) != sees(&left) {
            let found = format!("after `{told}`, `{}` fared otherwise", model.describe(&eye));
            return self.falsely("narrow", op, state, found);
        }
        Ok(())
    }

    fn overwrite(&self, states: &[M::State], op: &M::Op) -> Result<(), FalseHint> {
        if !self.model.overwrite(op) {
            return Ok(());
        }
        let mut target: Option<M::State> = None;
        for state in states {
            let after = next(self.model, state, op);
            let [only] = &after[..] else {
                let found = format!("it led to {} states", after.len());
                return self.falsely("overwrite", op, state, found);
            };
            if target.get_or_insert_with(|| only.clone()) != only {
                let found = "it led elsewhere than from other states".into();
                return self.falsely("overwrite", op, state, found);
            }
        }
        Ok(())
    }
}
