//! Compare-and-set registers, queues, logs and entries of a key-value store, as bytes decide: the
//! engine with all rules and the polynomial checks against a plain search.
//!
//! In `harness/checkers`, with a nightly compiler: `cargo +nightly fuzz run linearizability`. With
//! the stable one, guided by coverage but without sanitizers, which a program without unsafe code
//! does not need, in `harness/checkers/fuzz`:
//!
//!     RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
//!       -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
//!       -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1" \
//!       cargo run --release --target x86_64-unknown-linux-gnu -- -max_total_time=600
#![no_main]

use libfuzzer_sys::fuzz_target;
use schism_checkers::linearizability::models::{
    AppendLog, CollectionOp, FifoQueue, Kv, KvOp, LogOp, Register, RegisterOp, Symbols,
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
            Verdict::Violation(violation) => {
                assert!(!expected, "a violation, but is valid: {calls:?}");
                assert!(violation.core.confirmed, "not confirmed: {calls:?}");
            }
            Verdict::Unknown { why, .. } => panic!("not decided: {why}: {calls:?}"),
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => cas_register(bytes),
        1 => queue(bytes),
        2 => log(bytes),
        _ => entry(bytes),
    }
});

fn cas_register(bytes: &[u8]) {
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
}

fn queue(bytes: &[u8]) {
    let mut pool = vec![CollectionOp::Empty];
    for value in 1..6 {
        pool.extend([CollectionOp::Put(value), CollectionOp::Take(value)]);
    }
    let model = FifoQueue::default();
    compare(&model, &calls(bytes, &pool, |op| model.forget(op)));
}

fn log(bytes: &[u8]) {
    let mut pool = vec![LogOp::Read(vec![])];
    for a in 1..4 {
        pool.extend([LogOp::Append(a), LogOp::Read(vec![a])]);
        pool.extend((1..4).map(|b| LogOp::Read(vec![a, b])));
    }
    let model = AppendLog::default();
    compare(&model, &calls(bytes, &pool, |op| model.forget(op)));
}

/// Texts of which some begin others and some do not.
fn entry(bytes: &[u8]) {
    let mut symbols = Symbols::default();
    let mut number = |text: &str| symbols.number(&Value::from(text));
    let mut pool = Vec::new();
    for text in ["a", "b", "c", "ab"] {
        let text = number(text);
        pool.extend([KvOp::Write(text), KvOp::Append(text), KvOp::Read(text)]);
    }
    pool.extend(["", "ba", "bc", "abc", "cb"].map(|text| KvOp::Read(number(text))));
    let model = Kv::new(symbols, Value::Nil);
    compare(&model, &calls(bytes, &pool, |op| model.forget(op)));
}
