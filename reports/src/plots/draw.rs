//! Latencies and throughput; what else goes on over time is drawn in `steps`.

use super::axes::{
    Latencies, latency_label, plain_label, position, round_ticks, share, share_label, shares,
};
use super::frame::{Axis, Canvas, Drawn, Frame, Key, Layout, Mark, Plane, Scale};
use super::palette::{LINES, MUTED, outcome};
use super::series::Series;
use super::{Plot, palette, steps};
use crate::words;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use schism_history::{Nanos, Outcome};

/// The point of an operation on the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub at: (i32, i32),
    pub outcome: Outcome,
}

/// Draws a plot, except the points of operations, which it gives back: their number asks for
/// something better than one shape after the other.
pub(super) fn draw<DB: DrawingBackend>(
    plot: Plot,
    series: &Series,
    root: &Canvas<DB>,
    layout: Layout,
) -> Drawn<Vec<Spot>, DB> {
    let frame = Frame { root, layout };
    match plot {
        Plot::Latency => latency(series, &frame),
        Plot::Quantiles => quantiles(series, &frame).map(|()| Vec::new()),
        Plot::Throughput => steps::throughput(series, &frame).map(|()| Vec::new()),
        Plot::Percentiles => percentiles(series, &frame).map(|()| Vec::new()),
        Plot::Open => steps::open(series, &frame).map(|()| Vec::new()),
        Plot::Messages => steps::messages(series, &frame).map(|()| Vec::new()),
        Plot::Bytes => steps::bytes(series, &frame).map(|()| Vec::new()),
        Plot::Clocks => clocks(series, &frame).map(|()| Vec::new()),
    }
}

const LATENCY_AXIS: &str = "latency, logarithmic";

pub(super) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

pub(super) fn time_axis(series: &Series, layout: Layout) -> Axis {
    let end = seconds(series.duration);
    let room = (f64::from(layout.width) / layout.font / 5.0) as usize;
    Axis {
        name: "time since the run began (s)",
        scale: Scale {
            range: 0.0..end,
            ticks: round_ticks(end, room.min(12)),
            between: Vec::new(),
        },
        label: plain_label,
    }
}

fn latency_axis(latencies: Latencies) -> Axis {
    Axis {
        name: LATENCY_AXIS,
        scale: Scale { range: latencies.range, ticks: latencies.ticks, between: latencies.between },
        label: latency_label,
    }
}

/// Says that there is nothing to draw.
pub(super) fn nothing<DB: DrawingBackend>(frame: &Frame<'_, DB>, text: &str) -> Drawn<(), DB> {
    let layout = frame.layout;
    let style = (palette::FONT, layout.font * 1.1).into_font().color(&MUTED);
    let style = style.pos(Pos::new(HPos::Center, VPos::Center));
    let at = (layout.width as i32 / 2, layout.height as i32 / 2);
    frame.root.draw(&Text::new(text.to_owned(), at, style))
}

pub(super) fn line<DB: DrawingBackend>(
    plane: &Plane<DB>,
    points: Vec<(f64, f64)>,
    colour: RGBColor,
    width: f64,
) -> Drawn<(), DB> {
    let width = width.round().max(1.0) as u32;
    plane.draw(&PathElement::new(points, colour.stroke_width(width)))
}

fn latency<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<Vec<Spot>, DB> {
    let counts = series.counts;
    let key = |kind, mark, count| Key {
        colour: outcome(kind),
        mark,
        text: format!("{} {}", words::outcome(kind), words::count(count)),
    };
    let keys = [
        key(Outcome::Ok, Mark::Dot, counts.ok),
        key(Outcome::Fail, Mark::Triangle, counts.fail),
        key(Outcome::Info, Mark::Cross, counts.info),
    ];
    let least = series.points.iter().map(|p| p.latency).min();
    let most = series.points.iter().map(|p| p.latency).max();
    let plane = frame.plane(
        Plot::Latency.title(),
        &keys,
        Some(series),
        time_axis(series, frame.layout),
        latency_axis(Latencies::between(least.unwrap_or(100_000), most.unwrap_or(1_000_000))),
    )?;
    if series.points.is_empty() {
        nothing(frame, "no operation ended")?;
    }
    let spot = |p: &super::series::Point| Spot {
        at: plane.map_coordinate(&(seconds(p.begin), position(p.latency))),
        outcome: p.outcome,
    };
    Ok(series.points.iter().map(spot).collect())
}

fn quantiles<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<(), DB> {
    let lines: [(&str, fn(&crate::Percentiles) -> Nanos, usize); 4] = [
        ("max", |p| p.max, 3),
        ("p99", |p| p.p99, 1),
        ("p90", |p| p.p90, 2),
        ("median", |p| p.p50, 0),
    ];
    let keys = lines.map(|(name, _, colour)| Key {
        colour: LINES[colour],
        mark: Mark::Line,
        text: name.to_owned(),
    });
    let least = series.quantiles.iter().map(|(_, p)| p.p50).min();
    let most = series.quantiles.iter().map(|(_, p)| p.max).max();
    let plane = frame.plane(
        Plot::Quantiles.title(),
        &keys,
        Some(series),
        time_axis(series, frame.layout),
        latency_axis(Latencies::between(least.unwrap_or(100_000), most.unwrap_or(1_000_000))),
    )?;
    if series.quantiles.is_empty() {
        nothing(frame, "no operation was acknowledged")?;
    }
    let width = frame.layout.font * 0.12;
    let end = seconds(series.duration);
    for (_, of, colour) in lines {
        // Where nothing was acknowledged there is no latency: the line has a gap there.
        for run in series.quantiles.chunk_by(|a, b| b.0 - a.0 <= series.bin) {
            let mut points: Vec<(f64, f64)> =
                run.iter().map(|(t, p)| (seconds(*t).min(end), position(of(p)))).collect();
            if let [(x, y)] = points[..] {
                let half = seconds(series.bin) / 2.0;
                points = vec![(x - half, y), ((x + half).min(end), y)];
            }
            line(&plane, points, LINES[colour], width)?;
        }
    }
    Ok(())
}

fn percentiles<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<(), DB> {
    let colour = |i: usize| LINES[i % LINES.len()];
    let keys: Vec<Key> = series
        .curves
        .iter()
        .enumerate()
        .map(|(i, curve)| Key {
            colour: colour(i),
            mark: Mark::Line,
            text: words::plain(&curve.name).into_owned(),
        })
        .collect();
    let all = || series.curves.iter().flat_map(|c| &c.points);
    let right = all().map(|&(q, _)| share(q)).fold(2.0, f64::max);
    let room = f64::from(frame.layout.width) / frame.layout.font / right;
    let least = all().map(|&(_, nanos)| nanos).min();
    let most = all().map(|&(_, nanos)| nanos).max();
    let plane = frame.plane(
        Plot::Percentiles.title(),
        &keys,
        None,
        Axis {
            name: "share of operations that took at most that long",
            scale: Scale { range: 0.0..right, ticks: shares(right, room), between: Vec::new() },
            label: share_label,
        },
        latency_axis(Latencies::between(least.unwrap_or(100_000), most.unwrap_or(1_000_000))),
    )?;
    if series.curves.is_empty() {
        nothing(frame, "no operation was acknowledged")?;
    }
    // The curve of all is drawn last and widest: it is the one most looked for.
    for (i, curve) in series.curves.iter().enumerate().rev() {
        let points = curve.points.iter().map(|&(q, nanos)| (share(q), position(nanos))).collect();
        let width = if i == 0 { 0.18 } else { 0.1 };
        line(&plane, points, colour(i), frame.layout.font * width)?;
    }
    Ok(())
}

fn clocks<DB: DrawingBackend>(series: &Series, frame: &Frame<'_, DB>) -> Drawn<(), DB> {
    let colour = |i: usize| LINES[i % LINES.len()];
    let key = |(i, (node, _)): (usize, &(schism_history::NodeId, _))| Key {
        colour: colour(i),
        mark: Mark::Line,
        text: node.to_string(),
    };
    let keys: Vec<Key> = series.clocks.iter().enumerate().map(key).collect();
    let all = || series.clocks.iter().flat_map(|(_, points)| points).map(|&(_, offset)| offset);
    let reach = all().map(f64::abs).fold(1e-3, f64::max) * 1.06;
    let above = round_ticks(reach, 3);
    let below = above.iter().skip(1).map(|tick| -tick);
    let ticks = below.chain(above.iter().copied()).collect();
    let plane = frame.plane(
        Plot::Clocks.title(),
        &keys,
        Some(series),
        time_axis(series, frame.layout),
        Axis {
            name: "seconds ahead",
            scale: Scale { range: -reach..reach, ticks, between: Vec::new() },
            label: plain_label,
        },
    )?;
    for (i, (_, points)) in series.clocks.iter().enumerate() {
        line(&plane, points.clone(), colour(i), frame.layout.font * 0.13)?;
    }
    Ok(())
}
