//! How many events a second the property checks judge, and operations for registers.
//!
//! The histories are valid, so that nothing is cut short: five nodes, all of which take part in
//! everything.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use schism_checkers::Budget;
use schism_checkers::properties::{Faults, find};
use schism_history::{
    Entry, History, NodeId, OpEvent, OpKind, Phase, ProtocolEvent, Record, Value,
};
use std::hint::black_box;

const NODES: u16 = 5;
const EVENTS: u64 = 1_000_000;

/// Collects entries, a microsecond apart.
struct Tape(History);

impl Tape {
    fn new() -> Tape {
        let mut history = History::default();
        history.meta.nodes = NODES;
        Tape(history)
    }

    fn push(&mut self, entry: Entry) {
        let index = self.0.records.len() as u64;
        self.0.records.push(Record { index, time: index * 1_000, entry });
    }

    fn event(
        &mut self,
        node: u16,
        kind: &str,
        peer: Option<u16>,
        (instance, number): (Option<u64>, Option<u64>),
        value: Value,
    ) {
        self.push(Entry::Event(ProtocolEvent {
            node: NodeId(node),
            kind: kind.into(),
            peer: peer.map(NodeId),
            instance,
            number,
            value,
        }));
    }
}

/// Each node broadcasts in turn; a window of messages is under way at any time.
fn broadcasts() -> History {
    let mut tape = Tape::new();
    let messages = EVENTS as i64 / i64::from(NODES + 1);
    let none = (None, None);
    let node_of = |m: i64| (m % i64::from(NODES)) as u16;
    for m in 0..messages + 64 {
        if m < messages {
            tape.event(node_of(m), "broadcast", None, none, Value::Int(m));
        }
        for node in 0..NODES {
            let late = m - 10 * (i64::from(node) + 1);
            if (0..messages).contains(&late) {
                tape.event(node, "deliver", Some(node_of(late)), none, Value::Int(late));
            }
        }
    }
    tape.0
}

/// Instance after instance, in which all propose and all decide.
fn consensus() -> History {
    let mut tape = Tape::new();
    for instance in 0..EVENTS / u64::from(2 * NODES) {
        let at = (Some(instance), None);
        for node in 0..NODES {
            tape.event(node, "propose", None, at, Value::Int(i64::from(node)));
        }
        for node in 0..NODES {
            tape.event(node, "decide", None, at, Value::Int(2));
        }
    }
    tape.0
}

/// Suspicions that come and go.
fn detection() -> History {
    let mut tape = Tape::new();
    for i in 0..EVENTS {
        let (node, peer) = ((i % 5) as u16, (i / 5 % 4 + i % 5 + 1) as u16 % NODES);
        let kind = if i / 20 % 2 == 0 { "suspect" } else { "restore" };
        tape.event(node, kind, Some(peer), (None, None), Value::Nil);
    }
    tape.push(Entry::Phase(Phase::Quiesce));
    tape.push(Entry::Phase(Phase::Final));
    tape.0
}

/// Leaders that take turns, one term after the other.
fn leaders() -> History {
    let mut tape = Tape::new();
    for i in 0..EVENTS / 10 {
        let leader = (i % u64::from(NODES)) as u16;
        tape.event(leader, "lead", None, (None, Some(i)), Value::Nil);
        for node in 0..NODES {
            tape.event(node, "trust", Some(leader), (None, None), Value::Nil);
        }
        for node in 0..NODES - 1 {
            tape.event(node, "commit", None, (None, Some(i)), Value::Int(i as i64));
        }
    }
    tape.0
}

/// One writer and four readers of one register, always overlapping.
fn register(operations: u64) -> History {
    let mut tape = Tape::new();
    let mut op = |process: u64, kind, f: &str, value| {
        tape.push(Entry::Op(OpEvent {
            process,
            kind,
            f: f.into(),
            key: None,
            value,
            error: None,
            node: Some(NodeId(process as u16)),
        }));
    };
    for round in 0..(operations / 5) as i64 {
        let old = if round == 0 { Value::Nil } else { Value::Int(round - 1) };
        op(0, OpKind::Invoke, "write", Value::Int(round));
        (1..5).for_each(|reader| op(reader, OpKind::Invoke, "read", Value::Nil));
        (1..3).for_each(|reader| op(reader, OpKind::Ok, "read", old.clone()));
        (3..5).for_each(|reader| op(reader, OpKind::Ok, "read", Value::Int(round)));
        op(0, OpKind::Ok, "write", Value::Int(round));
    }
    tape.0
}

fn measure(c: &mut Criterion, workload: &str, history: &History, units: u64, names: &[&str]) {
    let mut group = c.benchmark_group(workload);
    group.sample_size(10).throughput(Throughput::Elements(units));
    for name in names {
        let Some(check) = find(workload, name, Faults::CrashStop) else {
            panic!("{workload} has no promise called {name}");
        };
        let status = check.check(history, &Budget::default()).status;
        assert!(status.exit_code() != 1, "{workload}: {name}: {status}");
        group.bench_function(*name, |b| {
            b.iter_batched(
                || (),
                |()| black_box(check.check(black_box(history), &Budget::default())),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn properties(c: &mut Criterion) {
    let history = broadcasts();
    let names = [
        "validity",
        "no duplication",
        "no creation",
        "agreement",
        "uniform agreement",
        "fifo order",
        "causal order",
        "total order",
    ];
    measure(c, "broadcast", &history, history.records.len() as u64, &names);
    let history = consensus();
    let names = ["termination", "validity", "integrity", "uniform agreement"];
    measure(c, "consensus", &history, history.records.len() as u64, &names);
    let history = detection();
    let names = ["strong completeness", "eventual strong accuracy"];
    measure(c, "detect", &history, history.records.len() as u64, &names);
    let history = leaders();
    let names = ["election safety", "log matching", "log prefix", "leader completeness"];
    measure(c, "kv", &history, history.records.len() as u64, &names);
    let history = register(1_000_000);
    measure(c, "register", &history, 1_000_000, &["regular", "atomic"]);
}

criterion_group!(benches, properties);
criterion_main!(benches);
