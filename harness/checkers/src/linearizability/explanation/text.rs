//! An explanation for the terminal, at most a screen of it.

use super::{from, headline, records};
use crate::linearizability::report::{Partial, Report, Verdict, Violation};
use std::fmt::{self, Write};

/// The most lines of each part.
const LINES: usize = 7;
/// The most columns of a line.
const COLUMNS: usize = 100;

/// A report as text.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_report(&mut out, report);
    out
}

fn write_report(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "{}", headline(report))?;
    if let Verdict::Violation(violation) = &report.verdict {
        write_violation(out, violation)?;
    }
    for note in &report.notes {
        writeln!(out, "note: {}", short(note))?;
    }
    Ok(())
}

fn write_violation(out: &mut String, violation: &Violation) -> fmt::Result {
    let core = &violation.core;
    writeln!(out, "\nThese operations cannot all be explained, {}:", from(core))?;
    for line in timeline(violation) {
        writeln!(out, "  {line}")?;
    }
    if !core.optional.is_empty() {
        writeln!(
            out,
            "  and {} more that may or may not have happened do not help",
            core.optional.len()
        )?;
    }
    let tells = |partial: &&Partial| partial.omitted > 0 || !partial.steps.is_empty();
    if let Some(partial) = violation.partials.first().filter(tells) {
        let of = if violation.only_these { " of these alone" } else { "" };
        writeln!(out, "\nThe longest order{of} before that:")?;
        if partial.omitted > 0 {
            writeln!(
                out,
                "  … {} operations, after which: {}",
                partial.omitted,
                short(&partial.start)
            )?;
        }
        for step in &partial.steps {
            let text = violation.operations.get(step.operation).map_or("", |op| &op.text);
            writeln!(out, "  {}", short(&format!("{text}  →  {}", step.state)))?;
        }
    }
    if !violation.rejected.is_empty() {
        writeln!(out, "\nWhat could have come next, and why it could not:")?;
        for rejection in violation.rejected.iter().take(LINES) {
            if let Some(op) = violation.operations.get(rejection.operation) {
                let line = format!("{} (process {}): {}", op.text, op.process, rejection.reason);
                writeln!(out, "  {}", short(&line))?;
            }
        }
        if violation.rejected.len() > LINES {
            writeln!(out, "  … and {} more", violation.rejected.len() - LINES)?;
        }
    }
    Ok(())
}

/// The core as a timeline in letters: when each operation began and ended.
fn timeline(violation: &Violation) -> Vec<String> {
    const WIDTH: usize = 24;
    let mut ends: Vec<u32> = Vec::new();
    let core: Vec<_> =
        violation.core.mandatory.iter().filter_map(|i| violation.operations.get(*i)).collect();
    for op in &core {
        ends.push(op.called);
        ends.extend(op.returned);
    }
    ends.sort_unstable();
    ends.dedup();
    let place = |position: u32| {
        let rank = ends.partition_point(|end| *end < position);
        rank * (WIDTH - 1) / ends.len().saturating_sub(1).max(1)
    };
    let mut lines: Vec<String> = core
        .iter()
        .take(LINES)
        .map(|op| {
            let (from, to) = (place(op.called), op.returned.map_or(WIDTH - 1, place));
            let bar: String = (0..WIDTH)
                .map(|at| match at {
                    at if at == from => '├',
                    at if at == to => '┤',
                    at if at > from && at < to => '─',
                    _ => ' ',
                })
                .collect();
            short(&format!("{bar}  process {}: {} ({})", op.process, op.text, records(op)))
        })
        .collect();
    if core.len() > LINES {
        lines.push(format!("… and {} more", core.len() - LINES));
    }
    lines
}

/// A line that fits.
fn short(line: &str) -> String {
    if line.chars().count() <= COLUMNS {
        return line.into();
    }
    line.chars().take(COLUMNS - 1).chain(std::iter::once('…')).collect()
}
