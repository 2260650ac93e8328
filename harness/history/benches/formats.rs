//! How fast histories are recorded, read back, imported and paired.
//!
//! `cargo bench -p schism-history`. A history of a million operations: two million records, and
//! with messages four million.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use schism_history::{
    Entry, Fate, History, LoadOptions, Message, Meta, NodeId, OpEvent, OpKind, Peer, Record, Value,
    Writer, load, parse, validate, write, write_edn, write_jsonl,
};
use std::hint::black_box;
use std::time::Duration;

const OPERATIONS: u64 = 1_000_000;

/// What each operation is about.
#[derive(Clone, Copy)]
enum Shape {
    /// Reads, writes and compare-and-sets of keyed registers.
    Registers,
    /// Transactions of two micro-operations, as list-append workloads have them.
    Transactions,
}

/// Ten processes in turn; with messages, two for each operation.
fn history(operations: u64, shape: Shape, messages: bool) -> History {
    let meta = Meta { test: "bench".into(), nodes: 5, ..Meta::default() };
    let mut history = History { meta, records: Vec::new() };
    let mut push = |entry| {
        let index = history.records.len() as u64;
        history.records.push(Record { index, time: index * 1_337, entry });
    };
    for round in 0..operations / 10 {
        for kind in [OpKind::Invoke, OpKind::Ok] {
            for process in 0..10 {
                let n = round * 10 + process;
                push(Entry::Op(op(process, kind, n, shape)));
                if messages {
                    push(message(n, kind));
                }
            }
        }
    }
    history
}

fn op(process: u64, kind: OpKind, n: u64, shape: Shape) -> OpEvent {
    let int = |i: u64| Value::Int(i as i64);
    let (f, key, value) = match (shape, n % 3) {
        (Shape::Registers, 0) if kind == OpKind::Invoke => ("read", Some(int(n % 100)), Value::Nil),
        (Shape::Registers, 0) => ("read", Some(int(n % 100)), int(n % 5)),
        (Shape::Registers, 1) => ("write", Some(int(n % 100)), int(n % 5)),
        (Shape::Registers, _) => {
            ("cas", Some(int(n % 100)), Value::List(vec![int(n % 5), int(n % 7)]))
        }
        (Shape::Transactions, _) => {
            let micro = |f: &str, k: u64, v| Value::List(vec![Value::Keyword(f.into()), int(k), v]);
            (
                "txn",
                None,
                Value::List(vec![micro("append", n % 50, int(n)), micro("r", n % 49, Value::Nil)]),
            )
        }
    };
    let node = Some(NodeId((n % 5) as u16));
    OpEvent { process, kind, f: f.into(), key, value, error: None, node }
}

fn message(n: u64, kind: OpKind) -> Entry {
    let (client, node) = (Peer::Client((n % 10) as u32), Peer::Node(NodeId((n % 5) as u16)));
    let (src, dest, name) = match kind {
        OpKind::Invoke => (client, node, "Request"),
        _ => (node, client, "Response"),
    };
    let (kind, sent) = (name.into(), n * 1_000);
    Entry::Message(Message { id: n, src, dest, kind, sent, bytes: 120, fate: Fate::Delivered })
}

/// Recording and reading back, as the run and the judge do.
fn native(c: &mut Criterion) {
    let path = std::env::temp_dir().join(format!("schism-bench-{}", std::process::id()));
    let mut group = c.benchmark_group("native");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (name, messages) in [("1M-operations", false), ("1M-operations-and-messages", true)] {
        let history = history(OPERATIONS, Shape::Registers, messages);
        write(&path, &history).unwrap();
        let loaded = load(&path, &LoadOptions::default()).unwrap();
        assert!(loaded.history == history && loaded.torn.is_none());
        drop(loaded);
        group.throughput(Throughput::Elements(history.records.len() as u64));
        group.bench_function(format!("{name}/append"), |b| {
            b.iter(|| {
                let mut writer = Writer::new(std::io::sink(), &history.meta).unwrap();
                for record in &history.records {
                    writer.append(record.time, &record.entry).unwrap();
                }
                writer.finish().unwrap();
            });
        });
        group.bench_function(format!("{name}/write"), |b| {
            b.iter(|| write(&path, &history).unwrap());
        });
        group.bench_function(format!("{name}/load"), |b| {
            b.iter_with_large_drop(|| load(&path, &LoadOptions::default()).unwrap());
        });
        group.bench_function(format!("{name}/write-and-load"), |b| {
            b.iter_with_large_drop(|| {
                write(&path, &history).unwrap();
                load(&path, &LoadOptions::default()).unwrap()
            });
        });
    }
    group.finish();
    std::fs::remove_file(&path).unwrap();
}

/// Importing operations from text, in bytes per second, from files of 100 MB.
fn text(c: &mut Criterion) {
    let mut group = c.benchmark_group("import");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (name, shape) in [("registers", Shape::Registers), ("transactions", Shape::Transactions)] {
        for format in ["edn", "jsonl"] {
            let export = |history: &History, bytes: &mut Vec<u8>| match format {
                "edn" => write_edn(history, bytes).unwrap(),
                _ => write_jsonl(history, bytes).unwrap(),
            };
            let mut sample = Vec::new();
            export(&history(10_000, shape, false), &mut sample);
            let operations = 100_000_000 / (sample.len() as u64 / 10_000) / 10 * 10;
            let mut bytes = Vec::new();
            export(&history(operations, shape, false), &mut bytes);
            group.throughput(Throughput::Bytes(bytes.len() as u64));
            group.bench_function(format!("{format}/{name}"), |b| {
                b.iter_with_large_drop(|| parse("bench", &bytes, &LoadOptions::default()).unwrap());
            });
        }
    }
    group.finish();
}

/// What every judgement begins with.
fn views(c: &mut Criterion) {
    let mut group = c.benchmark_group("views");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let history = history(OPERATIONS, Shape::Registers, false);
    group.throughput(Throughput::Elements(history.records.len() as u64));
    group.bench_function("operations", |b| {
        b.iter_batched(|| (), |()| black_box(history.operations()), BatchSize::PerIteration);
    });
    group.bench_function("validate", |b| b.iter(|| validate("bench", &history).unwrap()));
    group.finish();
}

criterion_group!(benches, native, text, views);
criterion_main!(benches);
