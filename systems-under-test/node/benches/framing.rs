//! What it costs to find out whom a line is for, beside a parser that reads all of it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schism_node::scan;
use serde_json::Value;
use std::hint::black_box;

/// A line of one of our nodes, with a body of about so many bytes.
fn line(bytes: usize) -> Vec<u8> {
    let entries: Vec<String> = (0..bytes / 16).map(|n| format!("{{\"n\":\"{n:08}\"}}")).collect();
    let body = format!(r#"{{"type":"Append","term":7,"entries":[{}]}}"#, entries.join(","));
    format!(r#"{{"src":"n0","dest":"n3","body":{body}}}"#).into_bytes()
}

fn framing(c: &mut Criterion) {
    let mut group = c.benchmark_group("framing");
    for bytes in [64, 1_024, 65_536] {
        let line = line(bytes);
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("envelope/{bytes} bytes"), |b| {
            b.iter(|| scan(black_box(&line)).expect("a line of ours").kind.len());
        });
        group.bench_function(format!("serde_json baseline/{bytes} bytes"), |b| {
            b.iter(|| serde_json::from_slice::<Value>(black_box(&line)).expect("JSON"));
        });
    }
    group.finish();
}

criterion_group!(benches, framing);
criterion_main!(benches);
