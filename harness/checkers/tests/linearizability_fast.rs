//! The polynomial checks against a search, on random histories with unique values.

#[expect(dead_code, reason = "another oracle is used here")]
mod linearizability_support;

use linearizability_support::{Interval, Random, intervals};
use schism_checkers::linearizability::models::{
    CollectionOp, FifoQueue, Register, RegisterOp, Set, SetOp, UniqueId, UniqueIdOp,
};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{Call, NEVER, Options, Spec, Verdict, check, replay};
use std::collections::VecDeque;

fn rounds() -> u64 {
    std::env::var("SCHISM_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000)
}

/// What a process does in each interval, in the order in which things take effect.
fn perform<Op>(
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

fn agree<M: Spec>(name: &str, round: u64, model: &M, calls: &[Call<M::Op>], counts: &mut [u32; 2]) {
    let expected = match reference::check(model, calls, usize::MAX) {
        Plain::Linearizable(_) => true,
        Plain::Violation => false,
        Plain::Unknown => unreachable!("without a limit"),
    };
    counts[usize::from(expected)] += 1;
    let report = check(model, calls, &Options::default());
    let context = || format!("{name}, round {round}: {report:#?}\n{calls:#?}");
    assert!(report.notes.is_empty(), "{}", context());
    assert_eq!(report.method, "unique values", "{}", context());
    match &report.verdict {
        Verdict::Linearizable { orders } => {
            assert!(expected, "{}", context());
            let order: Vec<u32> =
                orders.iter().flat_map(|o| &o.operations).map(|i| *i as u32).collect();
            replay(model, calls, &order).unwrap_or_else(|e| panic!("{e}: {}", context()));
        }
        Verdict::Violation(violation) => {
            assert!(!expected && violation.core.confirmed, "{}", context());
        }
        Verdict::Unknown { .. } => panic!("{}", context()),
    }
    let quick = Options { order: false, ..Options::default() };
    let quick = matches!(check(model, calls, &quick).verdict, Verdict::Linearizable { .. });
    assert_eq!(quick, expected, "{}", context());
}

fn fuzz<M: Spec>(
    name: &str,
    model: &M,
    mut generate: impl FnMut(&mut Random, &[Interval]) -> Vec<Call<M::Op>>,
) {
    let mut counts = [0; 2];
    for round in 0..rounds() {
        let mut random = Random::new(round + 1);
        let count = 2 + random.below(10) as usize;
        let processes = 1 + random.below(5) as usize;
        let crash = *random.pick(&[0, 0, 15, 40]);
        let intervals = intervals(&mut random, count, processes, crash);
        let calls = generate(&mut random, &intervals);
        if !calls.is_empty() {
            agree(name, round, model, &calls, &mut counts);
        }
    }
    assert!(counts.iter().all(|n| *n > 20), "{name}: {counts:?}");
}

#[test]
fn registers() {
    fuzz("register", &Register::default(), |random, intervals| {
        let (mut state, mut next) = (0, 0);
        let bad = random.percent(60);
        perform(intervals, |interval| {
            if random.percent(50) {
                next += 1;
                if interval.returned != NEVER || random.percent(50) {
                    state = next;
                }
                return Some(RegisterOp::Write(next));
            }
            let seen = if bad && random.percent(25) { random.below(next + 2) } else { state };
            (interval.returned != NEVER).then_some(RegisterOp::Read(seen))
        })
    });
}

#[test]
fn queues() {
    fuzz("queue", &FifoQueue::default(), |random, intervals| {
        let (mut queue, mut next) = (VecDeque::new(), 0);
        let bad = random.percent(60);
        let mut calls = perform(intervals, |interval| {
            if random.percent(55) || interval.returned == NEVER {
                next += 1;
                if interval.returned != NEVER || random.percent(50) {
                    queue.push_back(next);
                }
                return Some(CollectionOp::Put(next));
            }
            Some(queue.pop_front().map_or(CollectionOp::Empty, CollectionOp::Take))
        });
        if bad {
            let takes: Vec<usize> = (0..calls.len())
                .filter(|i| !matches!(calls[*i].op, CollectionOp::Put(_)))
                .collect();
            if !takes.is_empty() {
                let (a, b) = (*random.pick(&takes), *random.pick(&takes));
                (calls[a].op, calls[b].op) = (calls[b].op, calls[a].op);
                match random.below(4) {
                    0 => calls[a].op = CollectionOp::Empty,
                    1 => calls[a].op = CollectionOp::Take(1 + random.below(next + 1)),
                    _ => {}
                }
            }
        }
        calls
    });
}

#[test]
fn sets() {
    fuzz("set", &Set::new(false), |random, intervals| {
        let mut there = [false; 3];
        let bad = random.percent(60);
        perform(intervals, |interval| {
            let element = random.below(3);
            let there = &mut there[element as usize];
            let crashed = interval.returned == NEVER;
            let happens = !crashed || random.percent(50);
            let wrong = bad && random.percent(12);
            let result = |right: bool| if crashed { None } else { Some(right != wrong) };
            match random.below(3) {
                0 => {
                    let op = SetOp::Add(element, result(!*there));
                    *there |= happens;
                    Some(op)
                }
                1 => {
                    let op = SetOp::Remove(element, result(*there));
                    *there &= !happens;
                    Some(op)
                }
                _ => (!crashed).then_some(SetOp::Contains(element, *there != wrong)),
            }
        })
    });
}

#[test]
fn identifiers() {
    fuzz("unique-id", &UniqueId::default(), |random, intervals| {
        let mut next = 0;
        perform(intervals, |interval| {
            next += 1;
            let id = if random.percent(4) { 1 + random.below(next) } else { next };
            (interval.returned != NEVER).then_some(UniqueIdOp(id))
        })
    });
}
