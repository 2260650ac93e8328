//! Two runs side by side: verdicts, figures with what chance could have done, plots over one
//! another.

mod chance;

use super::chart::{Chart, Curve};
use super::{Part, RunRow, served, text, url};
use crate::summary::{Times, latency};
use crate::words;
use chance::{Quantity, Sample, Versus};
use maud::{Markup, html};
use schism_checkers::Status;
use schism_history::{Entry, History, Nanos, Operation, Outcome, Phase};

/// A run to be compared.
pub struct Compared<'a> {
    /// What the list says of it.
    pub row: &'a RunRow,
    /// What happened.
    pub history: &'a History,
    /// The verdict on each promise.
    pub findings: &'a [(String, Status)],
}

/// A run, measured.
struct Measured<'a> {
    run: &'a Compared<'a>,
    sample: Sample,
    /// Acknowledged operations per second, second by second.
    throughput: Vec<(f64, f64)>,
    /// The 99th percentile in seconds, second by second.
    p99: Vec<(f64, f64)>,
    /// Latency by percentile: nines, seconds.
    curve: Vec<(f64, f64)>,
}

/// The page.
pub fn compare(a: &Compared<'_>, b: &Compared<'_>) -> String {
    let runs = [Measured::of(a), Measured::of(b)];
    let body = html! {
        main {
            h1 { "Two runs" }
            (heads(&runs))
            (verdicts(&runs))
            (figures(&runs))
            (plots(&runs))
        }
    };
    served("Two runs", Part::Runs, &body)
}

const NAMES: [&str; 2] = ["A", "B"];

fn name(number: usize, run: &Measured<'_>) -> String {
    let row = run.run.row;
    format!("{}: {}, seed {}", NAMES[number], row.subject(), row.seed)
}

fn heads(runs: &[Measured<'_>; 2]) -> Markup {
    let differ = |of: &dyn Fn(&RunRow) -> String| of(runs[0].run.row) != of(runs[1].run.row);
    let conditions: [(&str, &dyn Fn(&RunRow) -> String); 5] = [
        ("test", &|row| row.subject()),
        ("workload", &|row| row.workload.clone()),
        ("nodes", &|row| row.nodes.to_string()),
        ("seed", &|row| row.seed.to_string()),
        ("host", &|row| (if row.simulated { "simulator" } else { "processes" }).to_owned()),
    ];
    html! {
        table.versus.whole {
            thead { tr {
                td {}
                @for (number, run) in runs.iter().enumerate() {
                    th scope="col" {
                        (NAMES[number]) " · "
                        a href={ "/runs/" (url(&run.run.row.path)) "/" } { (text(&run.run.row.path)) }
                    }
                }
            } }
            tbody {
                tr { th scope="row" { "verdict" } @for run in runs { td { (run.run.row.state.badge()) } } }
                @for (what, of) in conditions {
                    tr {
                        th scope="row" { (what) @if differ(of) { span.note { " differs" } } }
                        @for run in runs { td { (text(&of(run.run.row))) } }
                    }
                }
            }
        }
    }
}

fn verdicts(runs: &[Measured<'_>; 2]) -> Markup {
    let mut promises: Vec<&str> = Vec::new();
    for (promise, _) in runs.iter().flat_map(|run| run.run.findings) {
        if !promises.contains(&promise.as_str()) {
            promises.push(promise);
        }
    }
    let of = |run: &Measured<'_>, promise: &str| {
        run.run.findings.iter().find(|(name, _)| name == promise).map(|(_, status)| *status)
    };
    html! {
        section aria-labelledby="promises" {
            h2 id="promises" { "Promises" }
            table.versus.whole {
                thead { tr { th scope="col" { "promise" } @for name in NAMES { th scope="col" { (name) } } } }
                tbody {
                    @for promise in promises {
                        tr {
                            th scope="row" { (text(promise)) }
                            @for run in runs {
                                td {
                                    @match of(run, promise) {
                                        Some(status) => (super::State::Judged(status).badge()),
                                        None => span.note { "not judged" },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn figures(runs: &[Measured<'_>; 2]) -> Markup {
    let versus = Versus::of(&runs[0].sample, &runs[1].sample);
    html! {
        section aria-labelledby="figures" {
            h2 id="figures" { "Figures" }
            div.scroll tabindex="0" role="region" aria-label="Table: figures" {
                table.versus.figures {
                    thead { tr {
                        th scope="col" { "figure" } th.number scope="col" { "A" } th.number scope="col" { "B" }
                        th.number scope="col" { "B against A" } th.number scope="col" { (chance::HELD) " % interval" }
                        th scope="col" { "chance?" }
                    } }
                    tbody { @for quantity in &versus.quantities { (line(quantity)) } }
                }
            }
            p.note {
                "Significant: these two runs differ by more than the noise within each; another seed or \
                 a busier machine may differ as much. Each run is cut into "
                (words::duration(chance::WINDOW)) " stretches of its workload (" (versus.windows[0])
                " and " (versus.windows[1]) "), which are drawn again at random " (chance::DRAWS)
                " times, a few neighbours at a time, since they share their fate. The interval holds the \
                 middle " (chance::HELD) " % of the ratios that come out; a difference is significant \
                 when it does not hold 1, and there are " (chance::BEYOND_MIN)
                " operations beyond a percentile."
                @if versus.windows.iter().any(|n| *n < chance::WINDOWS_MIN) {
                    " With fewer than " (chance::WINDOWS_MIN) " stretches nothing is called significant."
                }
            }
        }
    }
}

fn line(quantity: &Quantity) -> Markup {
    let show = |value: Option<f64>| match value {
        None => "–".to_owned(),
        Some(value) if quantity.is_rate => format!("{} ops/s", words::number(value)),
        Some(value) => words::duration((value * 1e9) as Nanos),
    };
    html! {
        tr {
            th scope="row" { (quantity.name) }
            td.number { (show(quantity.values[0])) }
            td.number { (show(quantity.values[1])) }
            td.number { (quantity.ratio().map_or("–".to_owned(), |ratio| format!("× {ratio:.2}"))) }
            td.number {
                @match quantity.interval {
                    Some((low, high)) => { "× " (format!("{low:.2}")) " to " (format!("{high:.2}")) }
                    None => "–",
                }
            }
            td {
                @match quantity.better() {
                    None if !quantity.enough => "too few to tell",
                    None => "could be chance",
                    Some(true) => span.badge.good { "✓ B is better, significant" },
                    Some(false) => span.badge.bad { "✗ B is worse, significant" },
                }
            }
        }
    }
}

/// The axis of a curve of percentiles.
const SHARES: &str = "share of operations that took at most that long";

fn plots(runs: &[Measured<'_>; 2]) -> Markup {
    let names = [name(0, &runs[0]), name(1, &runs[1])];
    let curves = |of: &dyn Fn(&Measured<'_>) -> Vec<(f64, f64)>| {
        let curve = |(run, name)| Curve { name, points: of(run) };
        runs.iter().zip(names.iter().map(String::as_str)).map(curve).collect::<Vec<_>>()
    };
    let chart = |title, x, y, logarithmic, curves| Chart {
        title,
        x,
        nines: x == SHARES,
        y,
        logarithmic,
        right: None,
        shaded: Vec::new(),
        curves,
    };
    let time = "time since the run began (s)";
    html! {
        section aria-labelledby="plots" {
            h2 id="plots" { "Over one another" }
            div.charts {
                (chart("Throughput", time, "operations per second", false,
                    curves(&|run| run.throughput.clone())).draw())
                (chart("99th percentile", time, "latency, logarithmic", true,
                    curves(&|run| run.p99.clone())).draw())
                (chart("Latency by percentile", SHARES, "logarithmic", true,
                    curves(&|run| run.curve.clone())).draw())
            }
        }
    }
}

impl<'a> Measured<'a> {
    fn of(run: &'a Compared<'a>) -> Measured<'a> {
        let operations = run.history.operations();
        let mut all = Times::default();
        operations.iter().filter_map(latency).for_each(|nanos| all.record(nanos));
        let (begin, end) = workload(run.history);
        let acknowledged = operations.iter().filter_map(|o| Some((o.begin, latency(o)?)));
        let sample = Sample::of(acknowledged, begin, end);
        let (throughput, p99) = by_second(&operations);
        Measured { run, sample, throughput, p99, curve: curve(&all) }
    }
}

/// From when to when the workload went on.
fn workload(history: &History) -> (Nanos, Nanos) {
    let phases = || {
        history.records.iter().filter_map(|record| match &record.entry {
            Entry::Phase(phase) => Some((phase, record.time)),
            _ => None,
        })
    };
    let last = history.records.last().map_or(0, |record| record.time);
    let begin = phases().find(|(phase, _)| **phase == Phase::Chaos).map(|(_, time)| time);
    let end = phases().find(|(_, time)| begin.is_some_and(|begin| *time > begin));
    (begin.unwrap_or(0), end.map_or(last, |(_, time)| time))
}

/// What happened in each second: acknowledged operations, and their 99th percentile.
fn by_second(operations: &[Operation]) -> (Vec<(f64, f64)>, Vec<(f64, f64)>) {
    const SECOND: Nanos = 1_000_000_000;
    let acknowledged = || {
        let ok = operations.iter().filter(|operation| operation.outcome == Outcome::Ok);
        ok.filter_map(|operation| Some((operation.end?, latency(operation)?)))
    };
    let seconds = acknowledged().map(|(end, _)| end / SECOND).max().map_or(0, |last| last + 1);
    // An hour is shown whole; what a hostile file says of centuries is not.
    let mut bins = vec![Vec::new(); seconds.min(36_000) as usize];
    for (end, nanos) in acknowledged() {
        if let Some(bin) = bins.get_mut((end / SECOND) as usize) {
            bin.push(nanos);
        }
    }
    let middle = |second: usize| second as f64 + 0.5;
    let rates = bins.iter().enumerate().map(|(second, bin)| (middle(second), bin.len() as f64));
    let rates = rates.collect();
    let mut p99 = Vec::new();
    for (second, bin) in bins.iter_mut().enumerate().filter(|(_, bin)| !bin.is_empty()) {
        bin.sort_unstable();
        let at = (bin.len() * 99 / 100).min(bin.len() - 1);
        p99.push((middle(second), bin[at] as f64 / 1e9));
    }
    (rates, p99)
}

/// The latency that a share of operations stays below, against the nines of the share.
fn curve(Times(histogram): &Times) -> Vec<(f64, f64)> {
    let most = (histogram.len().max(1) as f64).log10();
    let steps = (most * 20.0) as u32;
    let at = |step: u32| {
        let nines = f64::from(step) / 20.0;
        let nanos = histogram.value_at_quantile(1.0 - 10f64.powf(-nines)).min(histogram.max());
        (nines, nanos as f64 / 1e9)
    };
    if histogram.is_empty() { Vec::new() } else { (0..=steps).map(at).collect() }
}
