//! Operations by function and outcome, and how long they took.

use hdrhistogram::Histogram;
use schism_history::{Nanos, Operation, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many operations ended which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Certainly happened.
    pub ok: u64,
    /// Certainly did not happen.
    pub fail: u64,
    /// Nobody knows.
    pub info: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Fail => &mut self.fail,
            Outcome::Info => &mut self.info,
        } += 1;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.ok + self.fail + self.info
    }
}

/// Quantiles of a time, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half took at most this long.
    pub p50: Nanos,
    /// 90 %.
    pub p90: Nanos,
    /// 99 %.
    pub p99: Nanos,
    /// 99.9 %.
    pub p99_9: Nanos,
    /// The longest.
    pub max: Nanos,
}

impl Percentiles {
    /// The quantiles of what was recorded; none if nothing was.
    pub(crate) fn of(Times(histogram): &Times) -> Option<Percentiles> {
        let at = |quantile| histogram.value_at_quantile(quantile).min(histogram.max());
        (!histogram.is_empty()).then(|| Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: histogram.max(),
        })
    }
}

/// Times, to three significant digits.
#[derive(Clone)]
pub(crate) struct Times(pub Histogram<u64>);

impl Default for Times {
    fn default() -> Times {
        let mut histogram =
            Histogram::new(3).expect("three significant digits are within the library's range");
        histogram.auto(true);
        Times(histogram)
    }
}

impl Times {
    /// Takes one more.
    pub fn record(&mut self, nanos: Nanos) {
        // What is out of range counts as the longest within.
        if self.0.record(nanos).is_err() {
            self.0.saturating_record(nanos);
        }
    }
}

/// How long an operation took that certainly happened.
pub(crate) fn latency(operation: &Operation) -> Option<Nanos> {
    let end = operation.end.filter(|_| operation.outcome == Outcome::Ok)?;
    Some(end.saturating_sub(operation.begin))
}

/// What clients did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Operations {
    /// All operations.
    pub total: Counts,
    /// Acknowledged operations per second of the chaos phase, or of the time from the first
    /// invocation to the last completion where there is no such phase.
    pub per_second: f64,
    /// How long acknowledged operations took.
    pub latency: Option<Percentiles>,
    /// The same by function, in alphabetical order.
    pub by_f: Vec<PerF>,
}

/// The operations of one function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerF {
    /// Its name.
    pub f: String,
    /// How they ended.
    pub counts: Counts,
    /// How long acknowledged ones took.
    pub latency: Option<Percentiles>,
}

impl Operations {
    /// Counts and times operations; `chaos` is when the workload ran.
    pub(crate) fn of(operations: &[Operation], chaos: Option<(Nanos, Nanos)>) -> Operations {
        let mut total = Counts::default();
        let mut all = Times::default();
        let mut by_f: BTreeMap<&str, (Counts, Times)> = BTreeMap::new();
        for operation in operations {
            total.add(operation.outcome);
            let (counts, times) = by_f.entry(&operation.f).or_default();
            counts.add(operation.outcome);
            if let Some(nanos) = latency(operation) {
                all.record(nanos);
                times.record(nanos);
            }
        }
        Operations {
            total,
            per_second: rate(operations, chaos),
            latency: Percentiles::of(&all),
            by_f: by_f
                .into_iter()
                .map(|(f, (counts, times))| PerF {
                    f: f.to_owned(),
                    counts,
                    latency: Percentiles::of(&times),
                })
                .collect(),
        }
    }
}

fn rate(operations: &[Operation], chaos: Option<(Nanos, Nanos)>) -> f64 {
    let whole = || {
        let begin = operations.iter().map(|o| o.begin).min()?;
        let end = operations.iter().filter_map(|o| o.end).max()?;
        Some((begin, end))
    };
    let Some((begin, end)) = chaos.or_else(whole) else { return 0.0 };
    let acknowledged = operations
        .iter()
        .filter(|o| o.outcome == Outcome::Ok)
        .filter(|o| o.end.is_some_and(|end_of| (begin..=end).contains(&end_of)))
        .count();
    let seconds = end.saturating_sub(begin) as f64 / 1e9;
    if seconds > 0.0 { acknowledged as f64 / seconds } else { 0.0 }
}
