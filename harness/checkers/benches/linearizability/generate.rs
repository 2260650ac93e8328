//! Histories of the kind checkers meet, the same on every run.

use super::random::Random;
use schism_checkers::linearizability::models::{
    CollectionOp, Kv, KvOp, Register, RegisterOp, SetOp, Symbols,
};
use schism_checkers::linearizability::{Call, NEVER};
use schism_history::Value;
use std::collections::VecDeque;

/// Runs `count` operations by `processes`: `start` says what a process does, `effect` performs it
/// and returns it with its result. Of a thousand, `crashed` end without one; `lost` gives what is
/// known of those.
fn run<In: Copy, Op: Clone>(
    random: &mut Random,
    count: usize,
    processes: usize,
    crashed: u32,
    mut start: impl FnMut(&mut Random) -> In,
    mut effect: impl FnMut(In, usize) -> Op,
    lost: impl Fn(In) -> Option<Op>,
) -> Vec<Call<Op>> {
    enum Doing<In, Op> {
        Nothing,
        Called(In, u32),
        Done(Op, u32),
    }
    let mut calls = Vec::with_capacity(count);
    let mut doing: Vec<Doing<In, Op>> = (0..processes).map(|_| Doing::Nothing).collect();
    let (mut position, mut started, mut idle) = (0, 0, processes);
    while started < count || idle < processes {
        let at = random.below(processes as u32) as usize;
        match std::mem::replace(&mut doing[at], Doing::Nothing) {
            Doing::Nothing if started < count => {
                doing[at] = Doing::Called(start(random), position);
                (position, started, idle) = (position + 1, started + 1, idle - 1);
            }
            Doing::Nothing => {}
            Doing::Called(input, called) => {
                if random.below(1000) < crashed {
                    if random.below(2) == 0 {
                        effect(input, started);
                    }
                    if let Some(op) = lost(input) {
                        calls.push(Call { op, called, returned: NEVER, object: 0 });
                    }
                    idle += 1;
                } else {
                    doing[at] = Doing::Done(effect(input, started), called);
                }
            }
            Doing::Done(op, called) => {
                calls.push(Call { op, called, returned: position, object: 0 });
                (position, idle) = (position + 1, idle + 1);
            }
        }
    }
    calls.sort_by_key(|call| call.called);
    calls
}

/// Reads, writes and compare-and-sets of five values, starting from nil. A bad one has reads near
/// its end that returned another value; where many operations overlap, which hides that, one read
/// that returned nil.
pub fn cas(
    count: usize,
    processes: usize,
    crashed: u32,
    bad: bool,
) -> (Register, Vec<Call<RegisterOp>>) {
    let mut symbols = Symbols::default();
    for value in 0..5 {
        symbols.number(&Value::Int(value));
    }
    let (mut state, mut spoilt) = (0, false);
    let mut random = Random::new(0x0123_4567);
    let corrupt = count * 9 / 10..count * 9 / 10 + 30;
    let calls = run(
        &mut random,
        count,
        processes,
        crashed,
        |random| (random.below(3), 1 + random.below(5), 1 + random.below(5)),
        |(kind, a, b), at| match kind {
            0 if bad && processes >= 20 && at >= corrupt.start => {
                RegisterOp::Read(if std::mem::replace(&mut spoilt, true) { state } else { 0 })
            }
            0 if bad && corrupt.contains(&at) => RegisterOp::Read((state.max(1) + a % 3) % 5 + 1),
            0 => RegisterOp::Read(state),
            1 => {
                state = a;
                RegisterOp::Write(a)
            }
            _ => {
                let hit = state == a;
                if hit {
                    state = b;
                }
                RegisterOp::Cas(a, b, Some(hit))
            }
        },
        |(kind, a, b)| match kind {
            0 => None,
            1 => Some(RegisterOp::Write(a)),
            _ => Some(RegisterOp::Cas(a, b, None)),
        },
    );
    (Register::new(symbols, 0), calls)
}

/// Appends of unique tokens, puts and gets of ten keys, each key an object.
pub fn kv(count: usize, clients: usize, bad: bool) -> (Kv, Vec<Call<KvOp>>) {
    let mut symbols = Symbols::default();
    let mut states = vec![String::new(); 10];
    let mut random = Random::new(77);
    let mut kinds = Vec::new();
    let mut token = 0;
    let mut calls = run(
        &mut random,
        count,
        clients,
        0,
        |random| (random.below(1000), random.below(10) as usize, random.below(1000)),
        |(kind, key, other), at| {
            let state = &mut states[key];
            kinds.push(key);
            token += 1;
            let text = format!("x {} {token} y", at % clients.max(1));
            let number = |symbols: &mut Symbols, text: &str| symbols.number(&Value::from(text));
            let op = if kind < 500 {
                state.push_str(&text);
                KvOp::Append(number(&mut symbols, &text))
            } else if other < 100 {
                state.clone_from(&text);
                KvOp::Write(number(&mut symbols, &text))
            } else if bad && at > count / 2 && kind % 37 == 0 && state.len() > 12 {
                KvOp::Read(number(&mut symbols, &state[..state.len() / 2]))
            } else {
                KvOp::Read(number(&mut symbols, state))
            };
            (op, key as u32)
        },
        |_| None,
    );
    let calls = calls
        .drain(..)
        .map(|call| Call {
            op: call.op.0,
            called: call.called,
            returned: call.returned,
            object: call.op.1,
        })
        .collect();
    (Kv::new(symbols, Value::Nil), calls)
}

/// Writes of unique values and reads.
pub fn unique_register(count: usize, processes: usize) -> Vec<Call<RegisterOp>> {
    let (mut state, mut next) = (0, 0);
    run(
        &mut Random::new(99),
        count,
        processes,
        0,
        |random| random.below(2),
        |kind, _| {
            if kind == 0 {
                next += 1;
                state = next;
                RegisterOp::Write(next)
            } else {
                RegisterOp::Read(state)
            }
        },
        |_| None,
    )
}

/// Enqueues of unique values and dequeues, some of which find nothing.
pub fn unique_queue(count: usize, processes: usize) -> Vec<Call<CollectionOp>> {
    let mut queue = VecDeque::new();
    let mut next = 0;
    run(
        &mut Random::new(98),
        count,
        processes,
        0,
        |random| random.below(100),
        |kind, _| {
            if kind < 52 {
                next += 1;
                queue.push_back(next);
                CollectionOp::Put(next)
            } else {
                queue.pop_front().map_or(CollectionOp::Empty, CollectionOp::Take)
            }
        },
        |_| None,
    )
}

/// A queue's or a stack's operations on eight values. In a bad history one of the last results is
/// wrong.
pub fn repeated(
    count: usize,
    processes: usize,
    stack: bool,
    mut bad: bool,
) -> Vec<Call<CollectionOp>> {
    let mut inside = VecDeque::new();
    run(
        &mut Random::new(96),
        count,
        processes,
        0,
        |random| (random.below(100), 1 + random.below(8)),
        |(kind, value), at| {
            if kind < 50 {
                inside.push_back(value);
                return CollectionOp::Put(value);
            }
            match if stack { inside.pop_back() } else { inside.pop_front() } {
                None => CollectionOp::Empty,
                Some(value) if at >= count * 9 / 10 && std::mem::take(&mut bad) => {
                    CollectionOp::Take(value % 8 + 1)
                }
                Some(value) => CollectionOp::Take(value),
            }
        },
        |_| None,
    )
}

/// Adds, removes and lookups of a thousand elements.
pub fn set(count: usize, processes: usize) -> Vec<Call<SetOp>> {
    let mut there = vec![false; 1001];
    run(
        &mut Random::new(97),
        count,
        processes,
        0,
        |random| (random.below(3), 1 + random.below(1000)),
        |(kind, element), _| {
            let there = &mut there[element as usize];
            match kind {
                0 => SetOp::Add(element, Some(!std::mem::replace(there, true))),
                1 => SetOp::Remove(element, Some(std::mem::replace(there, false))),
                _ => SetOp::Contains(element, *there),
            }
        },
        |_| None,
    )
}
