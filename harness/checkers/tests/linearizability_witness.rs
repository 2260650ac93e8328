//! Checks that find most of what cannot be explained, and nothing else, against a plain search.

#[expect(dead_code, reason = "another oracle is used here")]
mod linearizability_support;
#[path = "linearizability_support/plain.rs"]
mod plain;

use linearizability_support::{Interval, Random};
use plain::{compare, perform, rounds_of};
use schism_checkers::linearizability::models::{
    FencedLock, LockOp, MultiRegister, Part, Register, RegisterOp, Symbols,
};
use schism_checkers::linearizability::{Call, NEVER, Spec, Verdict};
use schism_history::Value;

/// Holds verdicts against a plain search where a check without one finds most violations and
/// nothing else.
fn finds_most<M: Spec>(
    name: &str,
    model: &M,
    mut generate: impl FnMut(&mut Random, &[Interval]) -> Vec<Call<M::Op>>,
) {
    let mut found = 0;
    let mut all = [0; 2];
    rounds_of(name, |round, random, intervals, counts| {
        let calls = generate(random, intervals);
        let report = compare(name, round, model, &calls, counts);
        let violated = matches!(report.verdict, Verdict::Violation(_));
        found += u32::from(violated && report.method == "polynomial check");
        all = *counts;
    });
    assert!(found > all[0] / 4, "{name}: {found} of {} found without a search", all[0]);
}

#[test]
fn values_that_were_replaced() {
    let mut symbols = Symbols::default();
    for value in 1..6 {
        symbols.number(&Value::Int(value));
    }
    let register = Register::new(symbols.clone(), 0);
    finds_most("stale values", &register, |random, intervals| {
        let (mut held, mut old, lies) = (0, 0, random.percent(60));
        perform(intervals, |interval| {
            let happened = interval.returned != NEVER || random.percent(50);
            let (value, other) = (1 + random.below(4), random.below(5));
            match random.below(4) {
                0 | 1 => {
                    let found = if lies && random.percent(30) { old } else { held };
                    (interval.returned != NEVER).then_some(RegisterOp::Read(found))
                }
                2 => {
                    if happened {
                        (old, held) = (held, value);
                    }
                    Some(RegisterOp::Write(value))
                }
                _ => {
                    let expected = if random.percent(70) { held } else { other };
                    let matched = expected == held;
                    if matched && happened {
                        (old, held) = (held, value);
                    }
                    let known = (interval.returned != NEVER).then_some(matched);
                    Some(RegisterOp::Cas(expected, value, known))
                }
            }
        })
    });
    let registers = MultiRegister::new(symbols, 0);
    finds_most("stale values of several", &registers, |random, intervals| {
        let (mut held, mut old, lies) = ([0; 3], [0; 3], random.percent(60));
        perform(intervals, |interval| {
            let crashed = interval.returned == NEVER;
            let happened = !crashed || random.percent(50);
            let mut parts = Vec::new();
            for _ in 0..1 + random.below(2) {
                let (key, value) = (random.below(3), random.below(4));
                let (held, old) = (&mut held[key as usize], &mut old[key as usize]);
                if random.below(2) == 0 {
                    let found = if lies && random.percent(20) { *old } else { *held };
                    parts.extend((!crashed).then_some(Part::Read(key, found)));
                } else {
                    parts.push(Part::Write(key, value));
                    if happened {
                        (*old, *held) = (*held, value);
                    }
                }
            }
            (!parts.is_empty()).then_some(parts)
        })
    });
}

#[test]
fn tokens_that_do_not_grow() {
    finds_most("tokens", &FencedLock { floor: 0 }, |random, intervals| {
        let (mut owner, mut last, lies) = (None, 0, random.percent(60));
        perform(intervals, |interval| {
            let crashed = interval.returned == NEVER;
            let happened = !crashed || random.percent(50);
            let Some(process) = owner else {
                let process = u64::from(random.below(3));
                let next = last + 1 + i64::from(random.below(2));
                let given = if lies && random.percent(30) { last - 1 } else { next };
                if happened {
                    (owner, last) = (Some(process), next);
                }
                return Some(LockOp::Acquire(process, (!crashed).then_some(given)));
            };
            if happened {
                owner = None;
            }
            Some(LockOp::Release(process))
        })
    });
}
