//! Every state an object can be in.

use super::super::model::{Spec, Step};
use super::super::options::Deadline;
use super::Weakened;
use rustc_hash::FxHashSet;

/// States of an object beyond which they are not all enumerated.
const STATES: usize = 256;
/// Steps spent on enumerating them.
const STEPS: usize = 10_000;

/// Every state that any order of any of these operations leads to, if those are few and the
/// model's hints hold in all of them.
pub(super) fn all_states<M: Spec>(
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
