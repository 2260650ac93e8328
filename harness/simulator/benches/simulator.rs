//! How fast the simulator runs: events (arrivals, timers, requests, replies) per second of real
//! time, recording included, judging not.
//!
//! `cargo bench -p schism-simulator`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use schism_history::{Entry, Nanos};
use schism_nemesis::{Delay, LinkRule, Plan};
use schism_protocols::{Setup as Stack, find};
use schism_run::{Config, Limit, Messages, Sink};
use schism_simulator::{Outcome, Setup, simulate};
use schism_workloads::{Shape, workload};
use std::time::Duration;

/// Takes records and forgets them.
struct Counting(u64);

impl Sink for Counting {
    fn append(&mut self, _: Nanos, entry: Entry) {
        self.0 += u64::from(!matches!(entry, Entry::Phase(_)));
    }
}

fn run(name: &str, nodes: u16, operations: u64) -> Outcome {
    let card = find(name).expect("a protocol of the catalogue");
    let config = Config {
        nodes,
        seed: 1,
        pace: 0,
        limit: Limit { time: 60_000_000_000, operations: Some(operations) },
        messages: Messages::Off,
        ..Config::default()
    };
    let nodes = usize::from(nodes);
    let shape = Shape { single_writer: card.one_writer, reads: false };
    let delay = Delay::Uniform(Duration::from_micros(200), Duration::from_millis(3));
    simulate(Setup {
        build: &|| (card.build)(Stack::new(nodes)),
        config,
        workload: workload(card.workload, shape).expect("a known workload"),
        plan: Plan::default(),
        base: LinkRule { delay: Some(delay), ..LinkRule::default() },
        sink: Box::new(Counting(0)),
    })
}

fn events(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulator");
    group.sample_size(10);
    let rows = [
        ("best-effort-broadcast", 5, 20_000),
        ("best-effort-broadcast", 25, 5_000),
        ("atomic-nn", 5, 2_000),
        ("raft", 5, 5_000),
    ];
    for (name, nodes, operations) in rows {
        group.throughput(Throughput::Elements(run(name, nodes, operations).events));
        let id = BenchmarkId::new(name, format!("{nodes} nodes"));
        group.bench_function(id, |b| b.iter(|| run(name, nodes, operations).events));
    }
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
