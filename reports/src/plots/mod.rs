//! Plots: one drawing, as SVG for the page and as PNG for slides.
//!
//! What is drawn is prepared once ([`Series`]) and drawn by the same code on either canvas. In SVG
//! the colours are names the page gives values to, so that one drawing serves light and dark; the
//! points of operations are one path for each outcome instead of one element for each point.
//! The fonts are part of the program: plots look the same on every machine.

mod axes;
mod draw;
mod frame;
mod palette;
mod render;
mod series;
mod steps;

pub(crate) use axes::{latency_label, share_label};
pub use render::{Error, Format};
pub use series::Series;

use crate::words;

/// The plots of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plot {
    /// Each operation as a point: when it began, how long it took, how it ended.
    Latency,
    /// Quantiles of the latency of acknowledged operations, as time goes by.
    Quantiles,
    /// Operations a second by outcome, as time goes by.
    Throughput,
    /// The latency that a share of the operations stays below.
    Percentiles,
    /// Operations that are under way, as time goes by.
    Open,
    /// Messages between nodes for each acknowledged operation, as time goes by.
    Messages,
    /// Bytes between nodes a second, as time goes by.
    Bytes,
    /// How far clocks were off, as time goes by.
    Clocks,
}

impl Plot {
    /// All of them, in the order of the report.
    pub const ALL: [Plot; 8] = [
        Plot::Latency,
        Plot::Quantiles,
        Plot::Throughput,
        Plot::Percentiles,
        Plot::Open,
        Plot::Messages,
        Plot::Bytes,
        Plot::Clocks,
    ];

    /// Those that show something of this run: clocks are drawn only where one was set.
    pub fn of(series: &Series) -> impl Iterator<Item = Plot> + '_ {
        Plot::ALL.into_iter().filter(|&plot| match plot {
            Plot::Clocks => !series.clocks.is_empty(),
            Plot::Bytes => true,
            // Of what nobody did there is nothing to see.
            _ => !series.points.is_empty(),
        })
    }

    /// What its file is called, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Plot::Latency => "latency",
            Plot::Quantiles => "latency-quantiles",
            Plot::Throughput => "throughput",
            Plot::Percentiles => "percentiles",
            Plot::Open => "open-operations",
            Plot::Messages => "messages-per-operation",
            Plot::Bytes => "bytes",
            Plot::Clocks => "clocks",
        }
    }

    /// What it says above it.
    pub fn title(self) -> &'static str {
        match self {
            Plot::Latency => "Latency of each operation",
            Plot::Quantiles => "Latency quantiles over time",
            Plot::Throughput => "Throughput by outcome",
            Plot::Percentiles => "Latency by percentile",
            Plot::Open => "Open operations",
            Plot::Messages => "Messages per operation",
            Plot::Bytes => "Bytes between nodes",
            Plot::Clocks => "Clock offsets",
        }
    }

    /// How to read it, and what is not shown.
    pub fn caption(self, series: &Series) -> String {
        let bin = words::duration(series.bin);
        match self {
            Plot::Latency => {
                let mut text =
                    "One mark for each operation: when it was invoked, how long it took, how it \
                     ended. Operations that fall on the same spot are drawn once."
                        .to_owned();
                if series.unfinished > 0 {
                    text += &format!(
                        " {} operations never ended and are not shown.",
                        words::count(series.unfinished)
                    );
                }
                text
            }
            Plot::Quantiles => format!("Of operations acknowledged within each {bin}."),
            Plot::Throughput => {
                format!("Operations that ended within each {bin}, as a rate per second.")
            }
            Plot::Percentiles => {
                "Of acknowledged operations; each step to the right leaves out ten times fewer \
                 of the slowest."
                    .to_owned()
            }
            Plot::Open => format!(
                "The most operations that were under way at one time within each {bin}. Those that \
                 time out go on counting only until then."
            ),
            Plot::Messages => format!(
                "Messages between nodes sent within each {bin}, for each operation acknowledged \
                 in it; a gap where none was.{}",
                series.sampled()
            ),
            Plot::Clocks => {
                "How far the clocks that the nemesis set were ahead (above zero) or behind; \
                             the others were right throughout."
                    .to_owned()
            }
            Plot::Bytes => format!(
                "What nodes sent to each other within each {bin}, as a rate per second.{}",
                series.sampled()
            ),
        }
    }

    /// What it shows in one sentence with its key figures, for those who do not see it.
    pub fn alt(self, series: &Series) -> String {
        let faults = match series.faults.len() {
            0 => "no faults".to_owned(),
            1 => "one fault".to_owned(),
            n => format!("{n} faults"),
        };
        let wrongs: Vec<String> = series
            .wrongs
            .iter()
            .map(|(wrong, time)| format!("; {wrong} at {}", words::moment(*time)))
            .collect();
        let faults = faults + &wrongs.concat();
        let Some(latency) = series.latency else {
            return format!("{}: no operation was acknowledged; {faults}.", self.title());
        };
        let counts = series.counts;
        match self {
            Plot::Latency => format!(
                "Latency over time: {} operations ok, {} fail, {} info; median {}, slowest \
                 acknowledged {}; {faults}.",
                counts.ok,
                counts.fail,
                counts.info,
                words::duration(latency.p50),
                words::duration(latency.max),
            ),
            Plot::Quantiles => format!(
                "Latency quantiles over time: over the whole run median {}, 99th percentile {}, \
                 maximum {}; {faults}.",
                words::duration(latency.p50),
                words::duration(latency.p99),
                words::duration(latency.max),
            ),
            Plot::Throughput => {
                let most = series.throughput.iter().map(|b| b.ok).max().unwrap_or(0);
                format!(
                    "Throughput over time: {} operations ok, {} fail, {} info; at most {} ok per \
                     second; {faults}.",
                    counts.ok,
                    counts.fail,
                    counts.info,
                    words::number(series.per_second(most)),
                )
            }
            Plot::Open => format!(
                "Open operations over time: at most {}; {faults}.",
                words::count(series.open.iter().copied().max().unwrap_or(0)),
            ),
            Plot::Clocks => {
                let all = || series.clocks.iter().flat_map(|(_, points)| points).map(|p| p.1);
                format!(
                    "Clock offsets over time: {} clocks were set, at most {} s ahead and {} s \
                     behind; {faults}.",
                    series.clocks.len(),
                    words::number(all().fold(0.0, f64::max)),
                    words::number(-all().fold(0.0, f64::min)),
                )
            }
            Plot::Messages | Plot::Bytes => {
                let messages = series.traffic.iter().map(|t| t.messages).sum();
                let bytes: u64 = series.traffic.iter().map(|t| t.bytes).sum();
                format!(
                    "{} over time: over the whole run {} messages and {}, {} messages for each \
                     acknowledged operation; {faults}.",
                    self.title(),
                    words::count(messages),
                    words::bytes(bytes as f64),
                    words::number(messages as f64 / counts.ok.max(1) as f64),
                )
            }
            Plot::Percentiles => format!(
                "Latency by percentile: 50 % took at most {}, 90 % {}, 99 % {}, 99.9 % {}, the \
                 slowest {}.",
                words::duration(latency.p50),
                words::duration(latency.p90),
                words::duration(latency.p99),
                words::duration(latency.p99_9),
                words::duration(latency.max),
            ),
        }
    }
}
