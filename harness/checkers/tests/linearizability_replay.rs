//! What models do at once for a whole order, against their steps; and longer histories with unique
//! values, against the search.

#[expect(dead_code, reason = "another oracle is used here")]
mod linearizability_support;

use linearizability_support::{Interval, Random, intervals};
use schism_checkers::linearizability::models::{
    CollectionOp, FifoQueue, Register, RegisterOp, Set, SetOp, Stack, UniqueId, UniqueIdOp,
};
use schism_checkers::linearizability::{
    Call, Deadline, NEVER, Options, Rules, Spec, Step, Verdict, check, replay,
};
use std::collections::VecDeque;

/// Draws operations most of which can follow each other, and asks for the first that cannot.
fn follows<M: Spec>(name: &str, model: &M, draw: impl Fn(&mut Random, &M::State) -> M::Op) {
    let mut rejected = [0; 2];
    for round in 0..400 {
        let mut random = Random::new(round + 1);
        let (length, wrong) = (random.below(400), *random.pick(&[0, 1, 20]));
        let (mut state, mut ops, mut expected) = (model.init().remove(0), Vec::new(), None);
        for at in 0..length as usize {
            let mut op = draw(&mut random, &state);
            while !random.percent(wrong)
                && model.step(&state, &op, &Deadline::never()) == Step::Reject
            {
                op = draw(&mut random, &state);
            }
            match model.step(&state, &op, &Deadline::never()) {
                Step::To(next) => state = next,
                _ => expected = expected.or(Some(at)),
            }
            ops.push(op);
        }
        let found = model.first_rejected(ops.iter(), &Deadline::never());
        assert_eq!(found, expected, "{name}, round {round}: {ops:?}");
        rejected[usize::from(expected.is_some())] += 1;
    }
    assert!(rejected.iter().all(|count| *count > 20), "{name}: {rejected:?}");
}

#[test]
fn orders_are_replayed_as_step_by_step() {
    follows("register", &Register::default(), |random, state| {
        let (value, other) = (random.below(4), random.below(4));
        match random.below(6) {
            0 => RegisterOp::Write(value),
            1 => RegisterOp::Cas(value, other, None),
            2 => RegisterOp::Cas(*state, value, Some(random.percent(50))),
            3 => RegisterOp::Cas(value, other, Some(random.percent(50))),
            4 => RegisterOp::Read(*state),
            _ => RegisterOp::Read(value),
        }
    });
    let collection = |random: &mut Random, next: Option<u32>, puts: u32| match random.below(100) {
        kind if kind < puts => CollectionOp::Put(random.below(50)),
        97 => CollectionOp::TakeAny,
        98 | 99 => CollectionOp::Empty,
        _ => CollectionOp::Take(next.unwrap_or_else(|| random.below(50))),
    };
    for puts in [45, 60, 90] {
        follows("queue", &FifoQueue::default(), |random, state| {
            collection(random, state.front().copied(), puts)
        });
        follows("stack", &Stack::default(), |random, state| {
            collection(random, state.last().copied(), puts)
        });
    }
    for whole in [false, true] {
        follows("set", &Set::new(whole), |random, state| {
            let element = *random.pick(&[0, 1, 63, 64, 65_535, 65_536, 65_537, u32::MAX]);
            let told = *random.pick(&[None, Some(true), Some(false)]);
            match random.below(if whole { 5 } else { 3 }) {
                0 => SetOp::Add(element, told),
                1 => SetOp::Remove(element, told),
                2 => SetOp::Contains(element, random.percent(50)),
                3 => SetOp::Read(state.clone()),
                _ => SetOp::Read(vec![1, 64]),
            }
        });
    }
    follows("identifiers", &UniqueId::default(), |random, _| UniqueIdOp(random.below(2_000)));
}

/// Holds longer histories against the search, which takes no shortcut.
fn agree<M: Spec>(
    name: &str,
    model: &M,
    act: impl Fn(&mut Random, &mut M::State, &Interval, u32) -> Option<M::Op>,
) {
    let mut counts = [0; 2];
    for round in 0..400 {
        let mut random = Random::new(round + 1);
        let (count, processes) = (10 + random.below(30), 1 + random.below(8));
        let crash = *random.pick(&[0, 0, 3]);
        let mut intervals = intervals(&mut random, count as usize, processes as usize, crash);
        intervals.sort_by_key(|interval| interval.effect);
        let (mut state, wrong) = (model.init().remove(0), *random.pick(&[0, 6]));
        let mut calls: Vec<Call<M::Op>> = Vec::new();
        for interval in intervals {
            let Interval { called, returned, .. } = interval;
            let op = act(&mut random, &mut state, &interval, wrong);
            calls.extend(op.map(|op| Call { op, called, returned, object: 0 }));
        }
        calls.sort_by_key(|call| call.called);
        let rules = Rules { fast_paths: false, ..Rules::default() };
        let searched = check(model, &calls, &Options { rules, ..Options::default() });
        let expected = match searched.verdict {
            Verdict::Linearizable { .. } => true,
            Verdict::Violation(_) => false,
            Verdict::Unknown { .. } => continue,
        };
        counts[usize::from(expected)] += 1;
        let report = check(model, &calls, &Options::default());
        let context = || format!("{name}, round {round}: {report:#?}\n{calls:#?}");
        assert!(report.notes.is_empty() && report.method == "polynomial check", "{}", context());
        match &report.verdict {
            Verdict::Linearizable { orders } => {
                assert!(expected, "{}", context());
                let order: Vec<u32> = orders[0].operations.iter().map(|i| *i as u32).collect();
                replay(model, &calls, &order).unwrap_or_else(|e| panic!("{e}: {}", context()));
            }
            Verdict::Violation(_) => assert!(!expected, "{}", context()),
            Verdict::Unknown { .. } => panic!("{}", context()),
        }
    }
    assert!(counts.iter().all(|n| *n > 20), "{name}: {counts:?}");
}

#[test]
fn longer_registers() {
    agree("register", &Register::default(), |random, state, interval, wrong| {
        if random.percent(50) {
            let value = interval.called + 1;
            if interval.returned != NEVER || random.percent(50) {
                *state = value;
            }
            return Some(RegisterOp::Write(value));
        }
        let seen = if random.percent(wrong) { state.saturating_sub(1) } else { *state };
        (interval.returned != NEVER).then_some(RegisterOp::Read(seen))
    });
}

#[test]
fn longer_queues() {
    for puts in [40, 50, 65] {
        let act = |random: &mut Random, state: &mut VecDeque<u32>, at: &Interval, wrong| {
            if random.percent(puts) || at.returned == NEVER {
                if at.returned != NEVER || random.percent(50) {
                    state.push_back(at.called);
                }
                return Some(CollectionOp::Put(at.called));
            }
            if random.percent(wrong) {
                return Some(state.pop_back().map_or(CollectionOp::Empty, CollectionOp::Take));
            }
            Some(state.pop_front().map_or(CollectionOp::Empty, CollectionOp::Take))
        };
        agree("queue", &FifoQueue::default(), act);
    }
}

#[test]
fn longer_sets() {
    for elements in [1, 3, 20] {
        let act = |random: &mut Random, state: &mut Vec<u32>, at: &Interval, wrong| {
            let (element, crashed) = (random.below(elements), at.returned == NEVER);
            let there = state.contains(&element);
            let told = |right: bool, wrong| (!crashed).then_some(right != wrong);
            let wrong = random.percent(wrong);
            let (op, after) = match random.below(3) {
                0 => (SetOp::Add(element, told(!there, wrong)), true),
                1 => (SetOp::Remove(element, told(there, wrong)), false),
                _ if crashed => return None,
                _ => (SetOp::Contains(element, there != wrong), there),
            };
            if !crashed || random.percent(50) {
                state.retain(|other| *other != element);
                state.extend(after.then_some(element));
            }
            Some(op)
        };
        agree("set", &Set::new(false), act);
    }
}

/// Where two threads share the work, it starts before all calls were looked at.
#[test]
fn a_second_object_that_is_hard_to_find_is_found() {
    let mut calls: Vec<Call<RegisterOp>> = (0..120_000)
        .map(|i| {
            let op = if i % 2 == 0 { RegisterOp::Write(i + 1) } else { RegisterOp::Read(i) };
            Call { op, called: 2 * i, returned: 2 * i + 1, object: 0 }
        })
        .collect();
    // What nobody wrote to it was there at first, unless it is taken for the first object's.
    calls[1501] = Call { op: RegisterOp::Read(0), object: 1, ..calls[1501].clone() };
    let [one, all] = [1, 0].map(|threads| {
        check(&Register::default(), &calls, &Options { threads, ..Options::default() })
    });
    assert!(
        one == all && one.objects == 2 && one.notes.is_empty(),
        "{} {:?}",
        one.method,
        all.notes
    );
    assert!(matches!(one.verdict, Verdict::Linearizable { .. }));
}
