//! What the plots draw, prepared once.

use super::axes::round_step;
use crate::summary::{Counts, FaultSpan, Percentiles, Summary, Times, latency};
use crate::words;
use schism_history::{Nanos, Operation, Outcome};
use std::collections::BTreeMap;

/// The series of all plots of a run.
#[derive(Clone, Debug)]
pub struct Series {
    /// One for each operation that ended.
    pub(super) points: Vec<Point>,
    /// Operations that never ended.
    pub(super) unfinished: u64,
    /// Width of a bin of time.
    pub(super) bin: Nanos,
    /// Operations that ended in each bin.
    pub(super) throughput: Vec<Counts>,
    /// Quantiles of each bin: the middle of the bin, and what was acknowledged in it.
    pub(super) quantiles: Vec<(Nanos, Percentiles)>,
    /// Share of operations against latency, for all and by function.
    pub(super) curves: Vec<Curve>,
    /// What the nemesis did.
    pub(crate) faults: Vec<FaultSpan>,
    /// What went wrong, and when its witness was complete.
    pub(crate) wrongs: Vec<(String, Nanos)>,
    /// How long the run took.
    pub(super) duration: Nanos,
    /// How operations ended.
    pub(super) counts: Counts,
    /// How long acknowledged ones took.
    pub(super) latency: Option<Percentiles>,
}

/// An operation as a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// When it was invoked.
    pub begin: Nanos,
    /// How long it took.
    pub latency: Nanos,
    /// How it ended.
    pub outcome: Outcome,
}

/// A percentile curve.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    /// Whose.
    pub name: String,
    /// Share of operations, and the latency they stay below.
    pub points: Vec<(f64, Nanos)>,
}

/// The most bins time is divided into.
const BINS: usize = 150;
/// The most functions with a curve of their own.
const CURVES: usize = 5;

impl Series {
    /// Prepares the plots of a run.
    pub fn of(operations: &[Operation], summary: &Summary) -> Series {
        let duration = summary.duration.max(1);
        let bin = (round_step(duration as f64 / 1e6, BINS).max(1.0) * 1e6) as Nanos;
        let bins = (duration / bin) as usize + 1;
        let mut throughput = vec![Counts::default(); bins];
        let mut points = Vec::with_capacity(operations.len());
        let mut times: Vec<Option<Times>> = vec![None; bins];
        let mut all = Times::default();
        let mut by_f: BTreeMap<&str, Times> = BTreeMap::new();
        let mut unfinished = 0;
        for operation in operations {
            let Some(end) = operation.end else {
                unfinished += 1;
                continue;
            };
            points.push(Point {
                begin: operation.begin,
                latency: end.saturating_sub(operation.begin),
                outcome: operation.outcome,
            });
            let at = ((end / bin) as usize).min(bins - 1);
            throughput[at].add(operation.outcome);
            if let Some(latency) = latency(operation) {
                times[at].get_or_insert_with(Times::default).record(latency);
                all.record(latency);
                by_f.entry(&operation.f).or_default().record(latency);
            }
        }
        let quantiles = times
            .iter()
            .enumerate()
            .filter_map(|(i, h)| Some((i as u64 * bin + bin / 2, Percentiles::of(h.as_ref()?)?)))
            .collect();
        let mut curves = vec![Curve::of("all", &all)];
        if by_f.len() > 1 {
            let mut parts: Vec<_> = by_f.into_iter().collect();
            parts.sort_by_key(|(_, times)| std::cmp::Reverse(times.0.len()));
            curves.extend(parts.iter().take(CURVES).map(|(f, h)| Curve::of(f, h)));
        }
        curves.retain(|curve| !curve.points.is_empty());
        Series {
            points,
            unfinished,
            bin,
            throughput,
            quantiles,
            curves,
            faults: summary.faults.clone(),
            wrongs: wrongs(summary),
            duration,
            counts: summary.operations.total,
            latency: summary.operations.latency,
        }
    }

    /// What a count within one bin is per second.
    pub(super) fn per_second(&self, count: u64) -> f64 {
        count as f64 * 1e9 / self.bin as f64
    }
}

fn wrongs(summary: &Summary) -> Vec<(String, Nanos)> {
    let bad = summary.findings.iter().filter(|judged| judged.is_bad());
    bad.filter_map(|judged| {
        let finding = &judged.finding;
        let property = words::plain(&finding.property);
        Some((format!("{}: {property}", finding.status), judged.witness.last()?.time))
    })
    .collect()
}

impl Curve {
    fn of(name: &str, Times(histogram): &Times) -> Curve {
        let count = histogram.len() as f64;
        let points = histogram
            .iter_quantiles(8)
            // Beyond one in all there is nothing to tell apart.
            .map(|step| (step.quantile_iterated_to().min(1.0 - 1.0 / (count + 1.0)), step))
            .map(|(share, step)| (share, step.value_iterated_to().min(histogram.max())))
            .collect();
        Curve { name: name.to_owned(), points }
    }
}
