//! Histories of what happens in random intervals, held against a plain search.

use super::linearizability_support::{Interval, Random, intervals};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{Call, Options, Report, Spec, Verdict, check, replay};

pub fn rounds() -> u64 {
    std::env::var("SCHISM_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000)
}

/// What a process does in each interval, in the order in which things take effect.
pub fn perform<Op>(
    intervals: &[Interval],
    mut act: impl FnMut(&Interval) -> Option<Op>,
) -> Vec<Call<Op>> {
    let mut order: Vec<usize> = (0..intervals.len()).collect();
    order.sort_by_key(|i| intervals[*i].effect);
    let mut calls: Vec<Call<Op>> = order
        .into_iter()
        .filter_map(|i| {
            let Interval { called, returned, .. } = intervals[i];
            act(&intervals[i]).map(|op| Call { op, called, returned, object: 0 })
        })
        .collect();
    calls.sort_by_key(|call| call.called);
    calls
}

/// Holds the verdict against a plain search.
pub fn compare<M: Spec>(
    name: &str,
    round: u64,
    model: &M,
    calls: &[Call<M::Op>],
    counts: &mut [u32; 2],
) -> Report {
    let expected = match reference::check(model, calls, usize::MAX) {
        Plain::Linearizable(_) => true,
        Plain::Violation => false,
        Plain::Unknown => unreachable!("without a limit"),
    };
    counts[usize::from(expected)] += 1;
    let report = check(model, calls, &Options::default());
    let context = || format!("{name}, round {round}: {report:#?}\n{calls:#?}");
    assert!(report.notes.is_empty(), "{}", context());
    match &report.verdict {
        Verdict::Linearizable { orders } => {
            assert!(expected, "{}", context());
            let order: Vec<u32> =
                orders.iter().flat_map(|o| &o.operations).map(|i| *i as u32).collect();
            // Parts that are judged apart have orders of their own.
            if orders.len() <= 1 {
                replay(model, calls, &order).unwrap_or_else(|e| panic!("{e}: {}", context()));
            }
        }
        Verdict::Violation(violation) => {
            assert!(!expected && violation.core.confirmed, "{}", context());
        }
        Verdict::Unknown { .. } => panic!("{}", context()),
    }
    let quick = Options { order: false, ..Options::default() };
    let quick = matches!(check(model, calls, &quick).verdict, Verdict::Linearizable { .. });
    assert_eq!(quick, expected, "{}", context());
    report
}

/// Random intervals, in which `each` lets something happen and has it checked.
pub fn rounds_of(name: &str, mut each: impl FnMut(u64, &mut Random, &[Interval], &mut [u32; 2])) {
    let mut counts = [0; 2];
    for round in 0..rounds() {
        let mut random = Random::new(round + 1);
        let count = 2 + random.below(10) as usize;
        let processes = 1 + random.below(5) as usize;
        let crash = *random.pick(&[0, 0, 15, 40]);
        let intervals = intervals(&mut random, count, processes, crash);
        each(round, &mut random, &intervals, &mut counts);
    }
    assert!(counts.iter().all(|n| *n > 20), "{name}: {counts:?}");
}
