//! Random histories and a brute-force oracle for the tests of the linearizability checker.

use schism_checkers::linearizability::{Call, Deadline, NEVER, Spec, Step};

#[path = "../../benches/linearizability/random.rs"]
mod random;

pub use random::Random;

impl Random {
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }
}

/// When an operation is called, when it returns, and the moment at which it takes effect.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    pub called: u32,
    pub returned: u32,
    pub effect: u32,
}

/// Intervals of operations by some processes, a share of which crash.
pub fn intervals(random: &mut Random, count: usize, processes: usize, crash: u32) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    let mut busy: Vec<Option<(usize, bool)>> = vec![None; processes];
    let (mut position, mut effect) = (0, 0);
    while intervals.len() < count || busy.iter().any(Option::is_some) {
        let process = random.below(processes as u32) as usize;
        match busy[process] {
            None if intervals.len() < count => {
                busy[process] = Some((intervals.len(), false));
                intervals.push(Interval { called: position, returned: NEVER, effect: NEVER });
                position += 1;
            }
            None => {}
            Some((i, false)) => {
                intervals[i].effect = effect;
                effect += 1;
                busy[process] = Some((i, true));
            }
            Some((i, true)) => {
                if !random.percent(crash) {
                    intervals[i].returned = position;
                    position += 1;
                }
                busy[process] = None;
            }
        }
    }
    intervals
}

/// Calls drawn from a pool of operations. Where nothing is corrupted they can be explained; a
/// share of the results is wrong.
pub fn calls<M: Spec>(
    random: &mut Random,
    model: &M,
    pool: &[M::Op],
    intervals: &[Interval],
    corrupt: u32,
) -> Vec<Call<M::Op>> {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    order.sort_by_key(|i| intervals[*i].effect);
    let mut state = model.init().remove(0);
    let mut ops: Vec<Option<M::Op>> = vec![None; intervals.len()];
    for i in order {
        for _ in 0..30 {
            let op = random.pick(pool);
            let next = match model.step(&state, op, &Deadline::never()) {
                Step::To(next) => next,
                Step::Any(mut next) if !next.is_empty() => {
                    let one = random.below(next.len() as u32) as usize;
                    next.swap_remove(one)
                }
                _ if random.percent(corrupt) => {
                    ops[i] = Some(op.clone());
                    break;
                }
                _ => continue,
            };
            ops[i] = Some(op.clone());
            // One that crashed may not have happened.
            if intervals[i].returned != NEVER || random.percent(50) {
                state = next;
            }
            break;
        }
    }
    let call = |(interval, op): (&Interval, Option<M::Op>)| {
        let Interval { called, returned, .. } = *interval;
        let op = op?;
        let op = if returned == NEVER { model.forget(&op)? } else { op };
        Some(Call { op, called, returned, object: 0 })
    };
    intervals.iter().zip(ops).filter_map(call).collect()
}

/// Tries every order.
pub fn explainable<M: Spec>(model: &M, calls: &[Call<M::Op>]) -> bool {
    fn search<M: Spec>(
        model: &M,
        calls: &[Call<M::Op>],
        taken: &mut Vec<bool>,
        state: &M::State,
    ) -> bool {
        let due = |i: usize, taken: &[bool]| !taken[i] && !calls[i].optional();
        if (0..calls.len()).all(|i| !due(i, taken)) {
            return true;
        }
        for i in 0..calls.len() {
            let early = |j: usize| due(j, taken) && calls[j].returned < calls[i].called;
            if taken[i] || (0..calls.len()).any(early) {
                continue;
            }
            let next = match model.step(state, &calls[i].op, &Deadline::never()) {
                Step::To(next) => vec![next],
                Step::Any(next) => next,
                Step::Reject | Step::Expired => continue,
            };
            taken[i] = true;
            let found = next.iter().any(|next| search(model, calls, taken, next));
            taken[i] = false;
            if found {
                return true;
            }
        }
        false
    }
    model.init().iter().any(|state| search(model, calls, &mut vec![false; calls.len()], state))
}
