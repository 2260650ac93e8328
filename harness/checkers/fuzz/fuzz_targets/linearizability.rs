//! Compare-and-set registers and queues, as bytes decide: the engine with all rules and the
//! polynomial checks against a plain search. Run with `cargo +nightly fuzz run linearizability`
//! in `harness/checkers`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schism_checkers::linearizability::models::{
    CollectionOp, FifoQueue, Register, RegisterOp, Symbols,
};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{Call, NEVER, Options, Rules, Spec, Verdict, check};
use schism_history::Value;

/// Calls of up to five processes: every byte begins an operation, ends one or loses one.
fn calls<Op: Clone>(
    bytes: &[u8],
    pool: &[Op],
    forget: impl Fn(&Op) -> Option<Op>,
) -> Vec<Call<Op>> {
    let mut calls: Vec<Call<Op>> = Vec::new();
    let mut open: [Option<usize>; 5] = [None; 5];
    let mut position = 0;
    for byte in bytes.iter().take(40) {
        let process = usize::from(byte % 5);
        let what = usize::from(byte / 5);
        match open[process].take() {
            None => {
                open[process] = Some(calls.len());
                let op = pool[what % pool.len()].clone();
                calls.push(Call { op, called: position, returned: NEVER, object: 0 });
            }
            Some(i) if what % 8 != 0 => calls[i].returned = position,
            Some(_) => {}
        }
        position += 1;
    }
    calls
        .into_iter()
        .filter_map(|call| match call.returned {
            NEVER => forget(&call.op).map(|op| Call { op, ..call }),
            _ => Some(call),
        })
        .collect()
}

fn compare<M: Spec>(model: &M, calls: &[Call<M::Op>]) {
    if calls.is_empty() {
        return;
    }
    let expected = match reference::check(model, calls, 2_000_000) {
        Plain::Linearizable(_) => true,
        Plain::Violation => false,
        Plain::Unknown => return,
    };
    for breadth_first in [false, true] {
        let rules = Rules { breadth_first, ..Rules::default() };
        let report = check(model, calls, &Options { rules, threads: 1, ..Options::default() });
        assert!(report.notes.is_empty(), "{:?}", report.notes);
        match report.verdict {
            Verdict::Linearizable { .. } => assert!(expected, "valid, but is not: {calls:?}"),
            Verdict::Violation(_) => assert!(!expected, "a violation, but is valid: {calls:?}"),
            Verdict::Unknown { why, .. } => panic!("not decided: {why}: {calls:?}"),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    if kind % 2 == 0 {
        let mut symbols = Symbols::default();
        for value in 0..3 {
            symbols.number(&Value::Int(value));
        }
        let mut pool = Vec::new();
        for a in 0..4 {
            pool.extend([RegisterOp::Read(a), RegisterOp::Write(a)]);
            pool.push(RegisterOp::Cas(a, (a + 1) % 4, Some(true)));
            pool.push(RegisterOp::Cas(a, (a + 1) % 4, Some(false)));
        }
        let model = Register::new(symbols, 0);
        compare(&model, &calls(bytes, &pool, |op| model.forget(op)));
    } else {
        let mut pool = vec![CollectionOp::Empty];
        for value in 1..6 {
            pool.extend([CollectionOp::Put(value), CollectionOp::Take(value)]);
        }
        let model = FifoQueue::default();
        compare(&model, &calls(bytes, &pool, |op| model.forget(op)));
    }
});
