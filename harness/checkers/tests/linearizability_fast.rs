//! The polynomial checks against a search, on random histories with unique values.

#[expect(dead_code, reason = "another oracle is used here")]
mod linearizability_support;
#[path = "linearizability_support/plain.rs"]
mod plain;

use linearizability_support::{Interval, Random, intervals};
use plain::{compare, perform, rounds, rounds_of};
use schism_checkers::linearizability::models::{
    AppendLog, CollectionOp, FifoQueue, Kv, KvOp, LogOp, MaxRegister, MaxRegisterOp, PriorityQueue,
    Register, RegisterOp, Set, SetOp, Stack, Symbols, UniqueId, UniqueIdOp,
};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{Call, NEVER, Options, Spec, Verdict, check};
use schism_history::Value;
use std::collections::VecDeque;

fn agree<M: Spec>(name: &str, round: u64, model: &M, calls: &[Call<M::Op>], counts: &mut [u32; 2]) {
    let report = compare(name, round, model, calls, counts);
    assert_eq!(report.method, "polynomial check", "{name}, round {round}: {report:#?}\n{calls:#?}");
}

fn fuzz<M: Spec>(
    name: &str,
    model: &M,
    mut generate: impl FnMut(&mut Random, &[Interval]) -> Vec<Call<M::Op>>,
) {
    rounds_of(name, |round, random, intervals, counts| {
        let calls = generate(random, intervals);
        if !calls.is_empty() {
            agree(name, round, model, &calls, counts);
        }
    });
}

/// What a process does to something that grows: everything it holds is a number.
enum Growing {
    Write(u32),
    Append(u32),
    Read(Vec<u32>),
}

/// Writes (if there are to be any), appends and reads, some of which are wrong.
fn growing(random: &mut Random, intervals: &[Interval], writes: u32) -> Vec<Call<Growing>> {
    let (mut held, mut next, mut earlier) = (Vec::new(), 0, vec![Vec::new()]);
    let bad = random.percent(60);
    perform(intervals, |interval| {
        let happens = interval.returned != NEVER || random.percent(50);
        if random.percent(55) {
            next += 1;
            let write = random.percent(writes);
            if happens {
                if write {
                    held.clear();
                }
                held.push(next);
                earlier.push(held.clone());
            }
            return Some(if write { Growing::Write(next) } else { Growing::Append(next) });
        }
        let mut read = held.clone();
        if bad && random.percent(25) {
            match random.below(6) {
                0 => read.push(random.below(next + 2)),
                1 => drop(read.pop()),
                2 if read.len() > 1 => read.swap(0, 1),
                3 if !read.is_empty() => drop(read.remove(0)),
                _ => read.clone_from(random.pick(&earlier)),
            }
        }
        (interval.returned != NEVER).then_some(Growing::Read(read))
    })
}

#[test]
fn logs() {
    fuzz("append-log", &AppendLog::default(), |random, intervals| {
        let calls = growing(random, intervals, 0).into_iter().map(|call| Call {
            op: match call.op {
                Growing::Write(value) | Growing::Append(value) => LogOp::Append(value),
                Growing::Read(values) => LogOp::Read(values),
            },
            called: call.called,
            returned: call.returned,
            object: 0,
        });
        calls.collect()
    });
}

/// Two logs at once: each has its own order, whatever happened to the other in between.
#[test]
fn objects_are_judged_apart() {
    let model = AppendLog::default();
    rounds_of("two logs", |round, random, intervals, counts| {
        let mut expected = true;
        let mut calls: Vec<Call<LogOp>> = Vec::new();
        for object in 0..2 {
            let own: Vec<Call<LogOp>> = growing(random, intervals, 0)
                .into_iter()
                .map(|call| Call {
                    op: match call.op {
                        Growing::Write(value) | Growing::Append(value) => LogOp::Append(value),
                        Growing::Read(values) => LogOp::Read(values),
                    },
                    called: 2 * call.called + object,
                    returned: call.returned.saturating_mul(2).saturating_add(object),
                    object,
                })
                .collect();
            expected &= reference::check(&model, &own, usize::MAX) != Plain::Violation;
            calls.extend(own);
        }
        calls.sort_by_key(|call| call.called);
        let report = check(&model, &calls, &Options::default());
        assert!(report.notes.is_empty(), "round {round}: {report:#?}");
        let found = matches!(report.verdict, Verdict::Linearizable { .. });
        assert_eq!(found, expected, "round {round}: {report:#?}");
        counts[usize::from(expected)] += 1;
    });
}

#[test]
fn entries_that_are_text() {
    let text = |value: u32| format!("<{value}>");
    rounds_of("kv", |round, random, intervals, counts| {
        let mut symbols = Symbols::default();
        let mut number = |text: String| symbols.number(&Value::from(text.as_str()));
        let calls: Vec<Call<KvOp>> = growing(random, intervals, 30)
            .into_iter()
            .map(|call| Call {
                op: match call.op {
                    Growing::Write(value) => KvOp::Write(number(text(value))),
                    Growing::Append(value) => KvOp::Append(number(text(value))),
                    Growing::Read(values) => {
                        KvOp::Read(number(values.into_iter().map(text).collect()))
                    }
                },
                called: call.called,
                returned: call.returned,
                object: 0,
            })
            .collect();
        if !calls.is_empty() {
            agree("kv", round, &Kv::new(symbols, Value::Nil), &calls, counts);
        }
    });
}

#[test]
fn entries_that_are_lists() {
    let value = |value: u32| Value::Int(i64::from(value));
    rounds_of("kv", |round, random, intervals, counts| {
        let mut symbols = Symbols::default();
        let mut calls: Vec<Call<KvOp>> = growing(random, intervals, 0)
            .into_iter()
            .map(|call| Call {
                op: match call.op {
                    Growing::Write(number) | Growing::Append(number) => {
                        KvOp::Append(symbols.number(&value(number)))
                    }
                    Growing::Read(numbers) => {
                        let list: Vec<Value> = numbers.into_iter().map(value).collect();
                        KvOp::Read(symbols.number(&list.into()))
                    }
                },
                called: call.called,
                returned: call.returned,
                object: 0,
            })
            .collect();
        if !calls.iter().any(|call| matches!(call.op, KvOp::Append(_))) {
            calls.clear();
        }
        if !calls.is_empty() {
            agree("kv", round, &Kv::new(symbols, Value::Nil), &calls, counts);
        }
    });
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

/// What is put in, each value once, and taken out, some of it wrongly.
fn collection(
    random: &mut Random,
    intervals: &[Interval],
    mut take: impl FnMut(&mut VecDeque<u32>) -> Option<u32>,
) -> Vec<Call<CollectionOp>> {
    let (mut held, mut next) = (VecDeque::new(), 0);
    let (bad, puts) = (random.percent(60), *random.pick(&[40, 55, 70]));
    let mut calls = perform(intervals, |interval| {
        if random.percent(puts) || interval.returned == NEVER {
            next += 1;
            if interval.returned != NEVER || random.percent(50) {
                held.push_back(next);
            }
            return Some(CollectionOp::Put(next));
        }
        Some(take(&mut held).map_or(CollectionOp::Empty, CollectionOp::Take))
    });
    if bad {
        let takes: Vec<usize> =
            (0..calls.len()).filter(|i| !matches!(calls[*i].op, CollectionOp::Put(_))).collect();
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
}

#[test]
fn queues() {
    fuzz("queue", &FifoQueue::default(), |random, intervals| {
        collection(random, intervals, VecDeque::pop_front)
    });
}

#[test]
fn stacks() {
    fuzz("stack", &Stack::default(), |random, intervals| {
        collection(random, intervals, VecDeque::pop_back)
    });
}

/// Values that are not put in in their order.
#[test]
fn priority_queues() {
    let mut symbols = Symbols::default();
    for i in 1..=20 {
        symbols.number(&Value::Int(i * 8 % 21));
    }
    let model = PriorityQueue { symbols: symbols.clone() };
    fuzz("priority-queue", &model, |random, intervals| {
        collection(random, intervals, |held| {
            let greatest = (0..held.len()).max_by_key(|at| symbols.value(held[*at]));
            greatest.and_then(|at| held.remove(at))
        })
    });
}

/// Few values, each put in several times, of which some may never have been.
#[test]
fn priority_queues_whose_values_come_again() {
    let mut symbols = Symbols::default();
    for i in 1..=3 {
        symbols.number(&Value::Int(i));
    }
    let model = PriorityQueue { symbols };
    let mut decided = 0;
    rounds_of("repeated priorities", |round, random, intervals, counts| {
        let values = 1 + random.below(3);
        let mut calls = collection(random, intervals, |held| {
            let greatest = (0..held.len()).max_by_key(|at| held[*at] % values);
            greatest.and_then(|at| held.remove(at))
        });
        for call in &mut calls {
            match &mut call.op {
                CollectionOp::Put(value) | CollectionOp::Take(value) => {
                    *value = *value % values + 1
                }
                _ => {}
            }
        }
        let report = compare("repeated priorities", round, &model, &calls, counts);
        decided += usize::from(report.method == "polynomial check");
    });
    assert!(decided as u64 > rounds() * 9 / 10, "only {decided} without a search");
}

/// The second dequeue of a value is seen before its second enqueue.
#[test]
fn a_value_that_is_enqueued_twice_may_be_dequeued_twice() {
    let op = |op, called, returned| Call { op, called, returned, object: 0 };
    let calls = [
        op(CollectionOp::Take(3), 0, 3),
        op(CollectionOp::Put(3), 1, 2),
        op(CollectionOp::Take(3), 4, 7),
        op(CollectionOp::Put(3), 5, 6),
    ];
    let report = check(&FifoQueue::default(), &calls, &Options::default());
    assert!(matches!(report.verdict, Verdict::Linearizable { .. }), "{report:#?}");
    let report = check(&FifoQueue::default(), &calls[..3], &Options::default());
    assert!(matches!(report.verdict, Verdict::Violation(_)), "{report:#?}");
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

/// Reads may return something near what they should, and nobody knows of some writes.
#[test]
fn a_register_that_only_rises_is_decided_without_a_search() {
    let mut counts = [0; 2];
    for round in 0..rounds() {
        let mut random = Random::new(round + 70_000);
        let (count, crash) = (3 + random.below(8) as usize, if round % 3 == 0 { 25 } else { 0 });
        let (spread, lies) = (1 + random.below(6), random.below(3) == 0);
        let processes = 1 + random.below(5) as usize;
        let intervals = intervals(&mut random, count, processes, crash);
        let initial = i64::from(random.below(2) * random.below(3));
        let mut held = initial;
        let calls = perform(&intervals, |_| {
            let value = i64::from(random.below(spread));
            Some(if random.below(2) == 0 {
                held = held.max(value);
                MaxRegisterOp::Write(value)
            } else if lies && random.below(4) == 0 {
                MaxRegisterOp::Read(value)
            } else {
                MaxRegisterOp::Read(held)
            })
        });
        agree("max-register", round, &MaxRegister { initial }, &calls, &mut counts);
    }
    assert!(counts.iter().all(|count| *count > 400), "{counts:?}");
}
