//! The matrix in a terminal.

use super::{Cell, Mark, Matrix, Problem, Protocol, Severity};
use crate::terminal::{Paint, fit, pad, pad_left};
use crate::words;
use schism_checkers::Status;
use std::fmt::Write;
use textwrap::core::display_width;

/// The width of a column, the blank before it included.
const COLUMN: usize = 8;
/// The least room for the names of properties.
const NAMES_MIN: usize = 18;

/// The table, what disagrees, and what the signs mean. Lines are no wider than `width`, except
/// where that is too narrow for the table, and commands, which must stay whole to be copied.
pub fn terminal(matrix: &Matrix, colour: bool, width: usize) -> String {
    let paint = Paint { colour };
    let names = names_of(matrix).map(display_width).max().unwrap_or(0) + 2;
    let room = width.saturating_sub(COLUMN * matrix.environments.len());
    let names = names.min(room).max(NAMES_MIN);
    let mut out = String::new();
    for protocol in &matrix.protocols {
        heading(&mut out, paint, names, matrix, protocol);
        for row in &protocol.rows {
            let _ = write!(out, "{}", pad(&fit(&format!("  {}", row.property), names), names));
            for cell in &row.cells {
                out += &match cell {
                    Some(cell) => sign(paint, cell),
                    None => pad_left("", COLUMN),
                };
            }
            out.truncate(out.trim_end().len());
            out.push('\n');
        }
        for twin in &protocol.twins {
            let name = format!("  - {}", twin.name);
            let verdict = sign(paint, &twin.cell);
            let loses = paint.dim(format!("  loses {}", twin.loses));
            let _ = writeln!(out, "{}{verdict}{loses}", pad(&fit(&name, names), names));
        }
        out.push('\n');
    }
    for problem in matrix.problems() {
        out += &told(paint, &problem, width);
    }
    out += &legend(paint);
    out += &summary(matrix, paint);
    out
}

/// What stands at the head of a line.
fn names_of(matrix: &Matrix) -> impl Iterator<Item = &str> {
    matrix.protocols.iter().flat_map(|protocol| {
        let rows = protocol.rows.iter().map(|row| row.property.as_str());
        rows.chain([protocol.name.as_str()])
    })
}

fn heading(out: &mut String, paint: Paint, names: usize, matrix: &Matrix, protocol: &Protocol) {
    let name = format!("{} ({})", protocol.name, protocol.model);
    let name = pad(&fit(&name, names), names);
    let shorts = matrix.environments.iter().map(|column| pad_left(&column.short, COLUMN));
    let shorts: String = shorts.collect();
    let _ = writeln!(out, "{}{}", paint.bold(name), paint.dim(shorts));
}

/// What is written into a cell: a sign, and how many seeds stand behind it or which one shows it.
fn sign(paint: Paint, cell: &Cell) -> String {
    let tally = &cell.tally;
    let seed = cell.lost.as_ref().map_or(0, |lost| lost.seed);
    let (text, status) = match cell.mark() {
        Mark::Holds => (format!("✓ {}", tally.tried()), Some(Status::Holds)),
        Mark::Unstressed => (format!("~ {}", tally.tried()), None),
        Mark::Vacuous => ("∅".into(), None),
        Mark::Caught => (format!("⊗ #{seed}"), Some(Status::Holds)),
        Mark::Broken => (format!("✗ #{seed}"), Some(Status::Violated)),
        Mark::Missed => (format!("✗ {}", tally.tried()), Some(Status::Violated)),
        Mark::Untested => ("✗ ∅".into(), Some(Status::Violated)),
        Mark::NotClaimedLost => (format!("× #{seed}"), None),
        Mark::NotClaimedKept => ("·".into(), None),
        Mark::Unknown => (format!("? {}", tally.unknown), Some(Status::Unknown)),
        Mark::Unfinished => (format!("… {}", tally.tried()), Some(Status::Unknown)),
    };
    let text = pad_left(&text, COLUMN);
    match status {
        Some(status) => paint.status(status, text),
        None => paint.dim(text),
    }
}

fn told(paint: Paint, problem: &Problem, width: usize) -> String {
    let status = match problem.severity {
        Severity::Disagreement => Status::Violated,
        Severity::Undecided => Status::Unknown,
    };
    let twin = problem.twin.as_ref().map(|twin| format!(" --twin {twin}")).unwrap_or_default();
    let Problem { protocol, property, environment, what, replay, .. } = problem;
    let mut text = String::new();
    let head = format!("{protocol}{twin}, {environment}: {property}");
    let _ = writeln!(text, "{}", paint.status(status, head));
    for line in textwrap::wrap(&words::plain(what), width.saturating_sub(2).max(NAMES_MIN)) {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "  {}\n", paint.bold(replay));
    text
}

fn legend(paint: Paint) -> String {
    let lines = "\
✓ n  promised, and kept in n seeds             ✗  promised and lost, or never put to the test,
~ n  kept, but nothing here could break it        or must be lost and is not
∅    nothing it speaks of happens here         ×  not claimed, and lost with this seed
⊗ #s must be lost, and is with seed s          ·  not claimed, and not seen to be lost
";
    paint.dim(lines)
}

fn summary(matrix: &Matrix, paint: Paint) -> String {
    let problems = matrix.problems();
    let disagreements = problems.iter().filter(|p| p.severity == Severity::Disagreement).count();
    let undecided = problems.len() - disagreements;
    let counts = matrix.counts();
    let text = format!(
        "{} protocols: {} claims kept, {} losses seen where they must be, {} of {} twins caught",
        matrix.protocols.len(),
        counts.kept,
        counts.caught,
        counts.twins.0,
        counts.twins.1,
    );
    let verdict = match (disagreements, undecided) {
        (0, 0) => paint.status(Status::Holds, "catalogue and runs agree"),
        (0, n) => paint.status(Status::Unknown, format!("{n} undecided")),
        (n, 0) => paint.status(Status::Violated, format!("{n} disagreements")),
        (n, m) => paint.status(Status::Violated, format!("{n} disagreements, {m} undecided")),
    };
    let Matrix { runs, seconds, seeds, .. } = matrix;
    format!("{text}\n{runs} runs in {seconds:.0} s, {seeds} seeds per claim: {verdict}\n")
}
