//! What the plots draw, prepared once.

use super::axes::round_step;
use crate::summary::{Counts, FaultSpan, Percentiles, Summary, Times, latency};
use crate::words;
use schism_history::{
    Entry, Fate, History, Nanos, NodeChange, NodeEvent, NodeId, Operation, Outcome, Peer, Skew,
};
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
    /// The most operations that were under way at one time, in each bin.
    pub(super) open: Vec<u64>,
    /// What was sent between nodes in each bin.
    pub(super) traffic: Vec<Traffic>,
    /// Whether that is estimated, since not every message was recorded.
    pub(super) estimated: bool,
    /// How far each clock that was set was off: time and offset, both in seconds.
    pub(super) clocks: Vec<(NodeId, Vec<(f64, f64)>)>,
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

/// What was sent between nodes in a bin of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// How many messages.
    pub messages: u64,
    /// How many bytes.
    pub bytes: u64,
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
    pub fn of(history: &History, operations: &[Operation], summary: &Summary) -> Series {
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
            open: under_way(operations, bin, bins),
            traffic: traffic(history, bin, bins),
            estimated: summary.messages.estimated,
            clocks: clocks(history, duration),
            faults: summary.faults.clone(),
            wrongs: wrongs(summary),
            duration,
            counts: summary.operations.total,
            latency: summary.operations.latency,
        }
    }

    /// Says that figures of messages are estimates, if they are.
    pub(super) fn sampled(&self) -> &'static str {
        if self.estimated { " Estimated: not every message was recorded." } else { "" }
    }

    /// What a count within one bin is per second.
    pub(super) fn per_second(&self, count: u64) -> f64 {
        count as f64 * 1e9 / self.bin as f64
    }
}

/// The most operations that were under way at one time, in each bin. One that never ended is
/// under way up to the end.
fn under_way(operations: &[Operation], bin: Nanos, bins: usize) -> Vec<u64> {
    let mut changes: Vec<(Nanos, bool)> = Vec::with_capacity(2 * operations.len());
    for operation in operations {
        changes.push((operation.begin, true));
        changes.extend(operation.end.map(|end| (end, false)));
    }
    // At the same moment, one begins before the other ends.
    changes.sort_unstable_by_key(|&(time, begins)| (time, !begins));
    let mut most = vec![0; bins];
    let (mut now, mut at) = (0u64, 0);
    for (time, begins) in changes {
        let here = ((time / bin) as usize).min(bins - 1);
        while at < here {
            at += 1;
            most[at] = now;
        }
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most[at] = most[at].max(now);
    }
    most[at + 1..].fill(now);
    most
}

/// What was sent between nodes in each bin. A copy was made by a fault: nobody sent it.
fn traffic(history: &History, bin: Nanos, bins: usize) -> Vec<Traffic> {
    let mut traffic = vec![Traffic::default(); bins];
    for record in &history.records {
        let Entry::Message(message) = &record.entry else { continue };
        let to_client = [message.src, message.dest].iter().any(|p| matches!(p, Peer::Client(_)));
        if to_client || message.fate == Fate::Duplicated {
            continue;
        }
        let weight = history.meta.weight_of_message(message.id);
        let at = ((message.sent / bin) as usize).min(bins - 1);
        traffic[at].messages += weight;
        traffic[at].bytes += u64::from(message.bytes) * weight;
    }
    traffic
}

/// How far each clock that was set was off, from beginning to end.
fn clocks(history: &History, end: Nanos) -> Vec<(NodeId, Vec<(f64, f64)>)> {
    let seconds = |nanos: f64| nanos / 1e9;
    let mut clocks: BTreeMap<NodeId, (Skew, Vec<(f64, f64)>)> = BTreeMap::new();
    let until = |points: &mut Vec<(f64, f64)>, skew: Skew, time: Nanos| {
        points.push((seconds(time as f64), seconds(skew.ahead(time) as f64)));
    };
    for record in &history.records {
        let Entry::Node(NodeEvent { node, change: NodeChange::Clock(set) }) = &record.entry else {
            continue;
        };
        let clock = clocks.entry(*node).or_insert_with(|| (Skew::default(), vec![(0.0, 0.0)]));
        until(&mut clock.1, clock.0, record.time);
        clock.0 = *set;
        until(&mut clock.1, clock.0, record.time);
    }
    clocks
        .into_iter()
        .map(|(node, (skew, mut points))| {
            until(&mut points, skew, end);
            (node, points)
        })
        .collect()
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
