//! What is counted by bins of time: each bin has one value from its beginning to its end.

use super::axes::{plain_label, round_ticks};
use super::draw::{line, nothing, seconds, time_axis};
use super::frame::{Axis, Drawn, Frame, Key, Mark, Scale};
use super::palette::{LINES, outcome};
use super::{Plot, Series};
use crate::words;
use plotters::prelude::*;
use schism_history::Outcome;

/// A line of steps.
struct Steps {
    name: &'static str,
    colour: RGBColor,
    /// The value of each bin; `None` where there is none.
    values: Vec<Option<f64>>,
}

pub(super) fn throughput<DB: DrawingBackend>(
    series: &Series,
    frame: &Frame<'_, DB>,
) -> Drawn<(), DB> {
    let lines: [(Outcome, fn(&crate::Counts) -> u64); 3] =
        [(Outcome::Ok, |c| c.ok), (Outcome::Fail, |c| c.fail), (Outcome::Info, |c| c.info)];
    let lines = lines.map(|(kind, of)| Steps {
        name: words::outcome(kind),
        colour: outcome(kind),
        values: series.throughput.iter().map(|c| Some(series.per_second(of(c)))).collect(),
    });
    let axis = ("operations per second", plain_label as fn(f64) -> String);
    draw(Plot::Throughput, series, frame, &lines, axis, "no operation ended")
}

pub(super) fn open<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<(), DB> {
    let values = series.open.iter().map(|&open| Some(open as f64)).collect();
    let lines = [Steps { name: "under way", colour: LINES[0], values }];
    draw(Plot::Open, series, frame, &lines, ("operations", plain_label), "there was no operation")
}

pub(super) fn messages<DB: DrawingBackend>(
    series: &Series,
    frame: &Frame<'_, DB>,
) -> Drawn<(), DB> {
    let values = series
        .traffic
        .iter()
        .zip(&series.throughput)
        .map(|(traffic, counts)| {
            (counts.ok > 0).then(|| traffic.messages as f64 / counts.ok as f64)
        })
        .collect();
    let lines = [Steps { name: "messages per acknowledged operation", colour: LINES[2], values }];
    draw(Plot::Messages, series, frame, &lines, ("messages", plain_label), NO_MESSAGE)
}

pub(super) fn bytes<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<(), DB> {
    let rate = |bytes: u64| Some(series.per_second(bytes));
    let values = series.traffic.iter().map(|traffic| rate(traffic.bytes)).collect();
    let lines = [Steps { name: "between nodes", colour: LINES[3], values }];
    draw(Plot::Bytes, series, frame, &lines, ("bytes per second", words::bytes), NO_MESSAGE)
}

const NO_MESSAGE: &str = "no message between nodes was recorded";

fn draw<DB: DrawingBackend>(
    plot: Plot,
    series: &Series,
    frame: &Frame<'_, DB>,
    lines: &[Steps],
    (name, label): (&'static str, fn(f64) -> String),
    otherwise: &str,
) -> Drawn<(), DB> {
    let keys: Vec<Key> = lines
        .iter()
        .map(|l| Key { colour: l.colour, mark: Mark::Line, text: l.name.to_owned() })
        .collect();
    let most = lines.iter().flat_map(|l| &l.values).flatten().copied().fold(0.0, f64::max);
    let top = (most * 1.06).max(1.0);
    let scale = Scale { range: 0.0..top, ticks: round_ticks(top, 6), between: Vec::new() };
    let time = time_axis(series, frame.layout);
    let plane =
        frame.plane(plot.title(), &keys, Some(series), time, Axis { name, scale, label })?;
    if most == 0.0 {
        nothing(frame, otherwise)?;
    }
    let end = seconds(series.duration);
    for Steps { colour, values, .. } in lines.iter().rev() {
        let mut at = 0;
        for run in values.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let from = at;
            at += run.len();
            let points: Vec<(f64, f64)> = run
                .iter()
                .zip(from..)
                .filter_map(|(value, i)| Some((seconds(i as u64 * series.bin), (*value)?)))
                .flat_map(|(x, y)| [(x, y), ((x + seconds(series.bin)).min(end), y)])
                .collect();
            // A line that is nothing throughout would only cover the axis.
            if points.iter().any(|&(_, y)| y > 0.0) {
                line(&plane, points, *colour, frame.layout.font * 0.11)?;
            }
        }
    }
    Ok(())
}
