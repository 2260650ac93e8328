//! How long a report takes: of 100 000 operations (the summary, the page, a plot, the whole), and
//! of small runs that fail.

#[path = "../tests/reports/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use schism_reports::plots::{Plot, Series};
use schism_reports::{Summary, html, terminal};
use std::hint::black_box;

fn report(c: &mut Criterion) {
    // Clients wait for their answers: outages cost the sample about a quarter of what is asked for.
    let sample = support::healthy_raft(150_000, true);
    let summary = sample.summary();
    let operations = sample.history.operations();
    assert!(operations.len() >= 100_000, "{} operations", operations.len());
    let series = Series::of(&sample.history, &operations, &summary);
    let mut group = c.benchmark_group("report of 100 000 operations");
    group.sample_size(10);
    group.bench_function("summary", |b| {
        b.iter(|| Summary::of(black_box(&sample.history), &sample.findings, &sample.facts));
    });
    group.bench_function("terminal", |b| {
        b.iter(|| terminal::summary(black_box(&summary), true, 100));
    });
    group.bench_function("page", |b| {
        b.iter(|| html::report(black_box(&sample.history), &summary, &[]));
    });
    group.bench_function("latency.png", |b| b.iter(|| Plot::Latency.png(black_box(&series))));
    let directory =
        std::env::temp_dir().join(format!("schism-report-bench-{}", std::process::id()));
    group.bench_function("whole report, written", |b| {
        b.iter(|| schism_reports::write(&directory, black_box(&sample.history), &summary, &[]));
    });
    group.finish();
    // A directory left behind in the system's own place for them harms nobody.
    let _ = std::fs::remove_dir_all(directory);
}

fn small(c: &mut Criterion) {
    let mut group = c.benchmark_group("page of a failing run");
    let samples = [
        ("register", support::failing_register()),
        ("broadcast", support::failing_broadcast()),
        ("hostile text", support::hostile()),
    ];
    for (name, sample) in samples {
        let summary = sample.summary();
        group.bench_function(name, |b| {
            b.iter(|| html::report(black_box(&sample.history), &summary, &[]));
        });
    }
    group.finish();
}

criterion_group!(benches, report, small);
criterion_main!(benches);
