//! How fast histories are judged, beside a plain search with memory, and how much memory it takes.
//!
//! `cargo bench -p schism-checkers --bench linearizability`, with a part of a row's name behind `--`
//! for some of them. Every row is a whole check: from calls
//! in memory to a replayed order or an explained violation. The baseline is
//! `linearizability::reference`, the search that general checkers use; it gets a limit on its
//! configurations, so that rows it cannot decide end, and on what they hold, as each holds a set of
//! all operations.

#[path = "linearizability/generate.rs"]
mod generate;
#[path = "linearizability/random.rs"]
mod random;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use schism_checkers::linearizability::models::{FifoQueue, Register, Set, Stack};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{Call, Options, Spec, Verdict, check};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Counts the bytes in use.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn hold(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(held, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it is; counting touches nothing
// else.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        hold(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        hold(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        hold(size);
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Configurations the baseline may visit before a row counts as undecided.
const BASELINE: usize = 300_000;
/// Bytes they may hold.
const BASELINE_BYTES: usize = 1 << 30;

/// Whether a row was asked for.
fn wanted(name: &str) -> bool {
    std::env::args()
        .skip(1)
        .find(|arg| !arg.starts_with('-'))
        .is_none_or(|part| name.contains(&part))
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Linearizable { .. } => "linearizable",
        Verdict::Violation(_) => "violation",
        Verdict::Unknown { .. } => "unknown",
    }
}

/// The time a run takes on the processor, where the system tells: wall-clock time says little on
/// a machine that does something else besides. The system counts in steps of some milliseconds,
/// so short runs are repeated.
fn on_processor(run: impl Fn()) -> String {
    let spent = || -> Option<f64> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split_whitespace().next()?.parse().ok()
    };
    let Some(before) = spent() else { return String::new() };
    let (mut runs, mut nanos) = (0.0, 0.0);
    while runs < 3.0 || (nanos < 2e8 && runs < 1e4) {
        run();
        runs += 1.0;
        nanos = spent().unwrap_or(f64::INFINITY) - before;
    }
    format!(", {:.3} ms on the processor", nanos / runs / 1e6)
}

/// One row: the engine, and the baseline.
fn row<M: Spec>(c: &mut Criterion, name: &str, model: &M, calls: &[Call<M::Op>]) {
    // One thread, so that time on the processor is what a check takes.
    let options = Options { threads: 1, ..Options::default() };
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let report = check(model, calls, &options);
    let peak = PEAK.load(Ordering::Relaxed) - before;
    let core = match &report.verdict {
        Verdict::Violation(violation) => {
            format!(", core of {} operations", violation.core.mandatory.len())
        }
        _ => String::new(),
    };
    println!(
        "{name}: {}{core}, {} configurations by {}, peak {:.1} MB{}",
        verdict(&report.verdict),
        report.configurations,
        report.method,
        peak as f64 / 1e6,
        on_processor(|| drop(black_box(check(model, calls, &options))))
    );
    if matches!(report.verdict, Verdict::Violation(_)) {
        let brief = Options { explain: false, ..options.clone() };
        let spent = on_processor(|| drop(black_box(check(model, calls, &brief))));
        println!("{name}: without an explanation{spent}");
    }
    let mut group = c.benchmark_group("linearizability");
    group.sample_size(10).measurement_time(Duration::from_secs(1));
    group.warm_up_time(Duration::from_millis(200));
    group.bench_function(BenchmarkId::new("schism", name), |b| {
        b.iter(|| black_box(check(model, calls, &options)));
    });
    let objects = calls.iter().map(|call| call.object + 1).max().unwrap_or(0);
    let parts: Vec<Vec<Call<M::Op>>> = (0..objects)
        .map(|object| calls.iter().filter(|call| call.object == object).cloned().collect())
        .collect();
    let longest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let most = BASELINE.min(BASELINE_BYTES / (longest / 8 + 64));
    let plain = || {
        parts
            .iter()
            .map(|part| reference::check(model, part, most))
            .find(|plain| !matches!(plain, Plain::Linearizable(_)))
    };
    if plain() == Some(Plain::Unknown) {
        println!("{name}: the baseline is undecided after {most} configurations");
    } else {
        group.bench_function(BenchmarkId::new("plain", name), |b| b.iter(|| black_box(plain())));
    }
    group.finish();
}

fn rows(c: &mut Criterion) {
    for (name, count, processes, crashed, bad) in [
        ("cas 1k p10 ok", 1_000, 10, 0, false),
        ("cas 1k p10 bad", 1_000, 10, 0, true),
        ("cas 1k p20 ok", 1_000, 20, 0, false),
        ("cas 1k p20 bad", 1_000, 20, 0, true),
        ("cas 1k p40 ok", 1_000, 40, 0, false),
        ("cas 1k p40 bad", 1_000, 40, 0, true),
        ("cas 1k p10 43 crashed ok", 1_000, 10, 65, false),
        ("cas 1k p10 43 crashed bad", 1_000, 10, 65, true),
        ("cas 300 p5 etcd-like ok", 300, 5, 50, false),
        ("cas 300 p5 etcd-like bad", 300, 5, 50, true),
        ("cas 3k p10 c20 ok", 3_000, 10, 20, false),
        ("cas 10k p10 bad", 10_000, 10, 0, true),
        ("cas 100k p10 ok", 100_000, 10, 0, false),
        ("cas 100k p10 bad", 100_000, 10, 0, true),
    ] {
        if !wanted(name) {
            continue;
        }
        let (model, calls) = generate::cas(count, processes, crashed, bad);
        let crashes = calls.iter().filter(|call| call.optional()).count();
        println!("{name}: {} calls, {crashes} crashed", calls.len());
        row(c, name, &model, &calls);
    }
    for (name, count, clients, bad) in [
        ("kv 10 clients ok", 1_500, 10, false),
        ("kv 10 clients bad", 1_500, 10, true),
        ("kv 50 clients ok", 7_000, 50, false),
        ("kv 50 clients bad", 7_000, 50, true),
    ] {
        if wanted(name) {
            let (model, calls) = generate::kv(count, clients, bad);
            row(c, name, &model, &calls);
        }
    }
    for (name, stack, bad) in [
        ("queue 10k repeated ok", false, false),
        ("queue 10k repeated bad", false, true),
        ("stack 10k repeated ok", true, false),
        ("stack 10k repeated bad", true, true),
    ] {
        if !wanted(name) {
            continue;
        }
        let calls = generate::repeated(10_000, 10, stack, bad);
        if stack {
            row(c, name, &Stack::default(), &calls);
        } else {
            row(c, name, &FifoQueue::default(), &calls);
        }
    }
    million(c, "register 1M unique", &Register::default(), generate::unique_register);
    million(c, "queue 1M unique", &FifoQueue::default(), generate::unique_queue);
    million(c, "set 1M", &Set::new(false), generate::set);
}

/// A row of a million operations, and how soon the verdict alone is there.
fn million<M: Spec>(
    c: &mut Criterion,
    name: &str,
    model: &M,
    generate: fn(usize, usize) -> Vec<Call<M::Op>>,
) {
    if !wanted(name) {
        return;
    }
    let calls = generate(1_000_000, 8);
    row(c, name, model, &calls);
    let quick = Options { order: false, threads: 1, ..Options::default() };
    let spent = on_processor(|| drop(black_box(check(model, &calls, &quick))));
    println!("{name}: verdict only{spent}");
    // By the clock on the wall, on as many threads as there are.
    for (group, order) in [("verdict only", false), ("on all threads", true)] {
        let options = Options { order, ..Options::default() };
        let mut group = c.benchmark_group(group);
        group.sample_size(10).measurement_time(Duration::from_secs(1));
        group.bench_function(name, |b| b.iter(|| black_box(check(model, &calls, &options))));
        group.finish();
    }
}

criterion_group!(benches, rows);
criterion_main!(benches);
