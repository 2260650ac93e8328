//! The one line that shows how a run is getting on.

use super::paint::{Paint, fit};
use crate::summary::Counts;
use crate::words;
use schism_history::{Nanos, Phase};
use textwrap::core::display_width;

/// Where a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<'a> {
    /// Its phase.
    pub phase: Phase,
    /// How long it has been going on.
    pub elapsed: Nanos,
    /// How long its workload will go on, if that is known.
    pub limit: Option<Nanos>,
    /// Acknowledged operations in the last second.
    pub per_second: f64,
    /// How operations have ended so far.
    pub counts: Counts,
    /// The faults in force, in words.
    pub faults: &'a [String],
}

/// One line on where a run is, no wider than `width`.
pub fn progress(progress: &Progress<'_>, colour: bool, width: usize) -> String {
    let paint = Paint { colour };
    let seconds = |nanos: Nanos| nanos as f64 / 1e9;
    let elapsed = match progress.limit {
        Some(limit) => format!("{:.1} of {:.0} s", seconds(progress.elapsed), seconds(limit)),
        None => format!("{:.1} s", seconds(progress.elapsed)),
    };
    let Counts { ok, fail, info } = progress.counts;
    let mut parts = vec![
        (progress.phase.to_string(), Look::Bold),
        (elapsed, Look::Plain),
        (format!("{} ops/s", words::number(progress.per_second)), Look::Plain),
        (format!("ok {}", words::count(ok)), Look::Plain),
        (format!("fail {}", words::count(fail)), Look::Plain),
        (format!("info {}", words::count(info)), Look::Plain),
    ];
    if !progress.faults.is_empty() {
        parts.push((words::plain(&progress.faults.join(", ")).into_owned(), Look::Fault));
    }
    let mut line = String::new();
    let mut room = width;
    for (i, (text, look)) in parts.iter().enumerate() {
        let gap = if i == 0 { 0 } else { 2 };
        if room <= gap {
            break;
        }
        let text = fit(text, room - gap);
        room -= gap + display_width(&text);
        line += &" ".repeat(gap);
        line += &match look {
            Look::Bold => paint.bold(text),
            Look::Plain => text,
            Look::Fault => paint.warn(text),
        };
    }
    line
}

/// How a part of the line looks.
enum Look {
    Bold,
    Plain,
    Fault,
}
