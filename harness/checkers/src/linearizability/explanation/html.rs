//! An explanation as one page: nothing to load, nothing to run, everything escaped.

use super::{from, headline, records};
use crate::linearizability::report::{Described, Partial, Report, Verdict, Violation};
use std::fmt::{self, Display, Write};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.3rem;line-height:1.35}h2{font-size:1.05rem;margin-top:2rem}\
.bad{border-left:.35rem solid #c0392b;padding-left:.8rem}\
.good{border-left:.35rem solid #2e8b57;padding-left:.8rem}\
.open{border-left:.35rem solid #b8860b;padding-left:.8rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem;\
vertical-align:top;border-bottom:1px solid #8884;overflow-wrap:anywhere}\
th{white-space:nowrap}.wide{overflow-x:auto}.late{direction:rtl}.late svg{direction:ltr}\
svg{width:100%;min-width:40rem;height:auto;font:13px system-ui,sans-serif}\
svg text{fill:currentColor}\
.dim{opacity:.7}code{overflow-wrap:anywhere}";
const WIDTH: usize = 960;
const ROW: usize = 44;
const LEFT: usize = 90;
/// How many operations that may not have happened are drawn.
const DASHED: usize = 4;

/// A report as a page.
pub fn html(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut out, report);
    out
}

/// Text with everything that means something to a browser made harmless.
struct Escaped<T>(T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_control() && c != '\n' && c != '\t' => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

fn write_page(out: &mut String, report: &Report) -> fmt::Result {
    let (class, title) = match &report.verdict {
        Verdict::Linearizable { .. } => ("good", format!("{} holds", report.property)),
        Verdict::Violation(_) => ("bad", format!("not {}", report.property)),
        Verdict::Unknown { .. } => ("open", "not decided".into()),
    };
    writeln!(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")?;
    writeln!(out, "<title>{}</title><style>{STYLE}</style></head><body>", Escaped(title))?;
    writeln!(out, "<h1 class=\"{class}\">{}</h1>", Escaped(headline(report)))?;
    writeln!(
        out,
        "<p class=\"dim\">Model {}, {} operations, decided by {}, {} configurations visited.</p>",
        Escaped(&report.model),
        report.operations,
        Escaped(&report.method),
        report.configurations
    )?;
    for note in &report.notes {
        writeln!(out, "<p>Note: {}</p>", Escaped(note))?;
    }
    if let Verdict::Violation(violation) = &report.verdict {
        write_violation(out, violation)?;
    }
    writeln!(out, "</body></html>")
}

fn write_violation(out: &mut String, violation: &Violation) -> fmt::Result {
    let core = &violation.core;
    writeln!(out, "<h2>The operations that cannot all be explained</h2>")?;
    writeln!(
        out,
        "<p>A bar is the time between an operation's invocation and its completion. If the object \
         behaved as if it did one thing at a time, every operation took effect at one instant \
         somewhere on its bar. For these there is no such choice, {}. The bar in red is the \
         first operation by whose return that was certain. Time runs to the right; only what came \
         before what matters, so the scale is not kept.</p>",
        Escaped(from(core))
    )?;
    write_timeline(out, violation)?;
    if !core.optional.is_empty() {
        let (others, they, drawn) = match core.optional.len() {
            1 => ("one more operation".to_string(), "it does", "dashed".to_string()),
            n @ 2..=DASHED => (format!("{n} more operations"), "they do", "dashed".into()),
            n => {
                (format!("{n} operations"), "they do", format!("the last {DASHED} of them dashed"))
            }
        };
        writeln!(
            out,
            "<p>Besides, {others} ({drawn}) may or may not have taken effect by then; {they} not \
             help, whatever happened.</p>"
        )?;
    }
    if core.confirmed {
        writeln!(
            out,
            "<p class=\"dim\">Confirmed by a second search that takes nothing on trust.</p>"
        )?;
    }
    for (i, partial) in violation.partials.iter().enumerate() {
        write_partial(out, violation, i, partial)?;
    }
    write_rejected(out, violation)?;
    writeln!(out, "<h2>All operations mentioned</h2><table>")?;
    writeln!(out, "<tr><th>process</th><th>operation</th><th>records</th></tr>")?;
    for op in &violation.operations {
        writeln!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            op.process,
            Escaped(&op.text),
            Escaped(records(op))
        )?;
    }
    writeln!(out, "</table>")
}

fn write_rejected(out: &mut String, violation: &Violation) -> fmt::Result {
    if violation.rejected.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>What could have come next, and why it could not</h2><table>")?;
    writeln!(out, "<tr><th>operation</th><th>process</th><th>because</th></tr>")?;
    for rejection in &violation.rejected {
        if let Some(op) = violation.operations.get(rejection.operation) {
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                Escaped(&op.text),
                op.process,
                Escaped(&rejection.reason)
            )?;
        }
    }
    writeln!(out, "</table>")
}

fn write_partial(
    out: &mut String,
    violation: &Violation,
    number: usize,
    partial: &Partial,
) -> fmt::Result {
    if number == 0 {
        let of = if violation.only_these { "these operations alone" } else { "everything" };
        writeln!(out, "<h2>The longest order that explains {of} before that</h2>")?;
    } else {
        writeln!(out, "<h2>Another one, that ends differently</h2>")?;
    }
    writeln!(out, "<table><tr><th>operation</th><th>process</th><th>state after it</th></tr>")?;
    let earlier = match partial.omitted {
        0 => "at first".into(),
        n => format!("… {n} operations"),
    };
    writeln!(
        out,
        "<tr class=\"dim\"><td>{}</td><td></td><td><code>{}</code></td></tr>",
        Escaped(earlier),
        Escaped(&partial.start)
    )?;
    for step in &partial.steps {
        if let Some(op) = violation.operations.get(step.operation) {
            writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td><code>{}</code></td></tr>",
                Escaped(&op.text),
                op.process,
                Escaped(&step.state)
            )?;
        }
    }
    if let Some(op) = violation.operations.get(violation.fails_at) {
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td><strong>fits nowhere</strong></td></tr>",
            Escaped(&op.text),
            op.process
        )?;
    }
    writeln!(out, "</table>")
}

/// The core, a row for each operation. Ends are spaced evenly: only their order matters.
fn write_timeline(out: &mut String, violation: &Violation) -> fmt::Result {
    let core = &violation.core;
    let mut shown: Vec<usize> = core.mandatory.iter().take(40).copied().collect();
    let certain = shown.len();
    shown.extend(core.optional.iter().rev().take(DASHED).rev());
    let ops: Vec<(usize, &Described)> =
        shown.iter().filter_map(|i| Some((*i, violation.operations.get(*i)?))).collect();
    // Where nobody knows whether it happened, it may have at any later time.
    let until = |row: usize, op: &Described| op.returned.filter(|_| row < certain);
    let mut ends: Vec<u32> = Vec::new();
    for (row, (_, op)) in ops.iter().enumerate() {
        ends.push(op.called);
        ends.extend(until(row, op));
    }
    ends.sort_unstable();
    ends.dedup();
    let x = |position: u32| {
        let rank = ends.partition_point(|end| *end < position);
        LEFT + rank * (WIDTH - LEFT - 20) / ends.len().saturating_sub(1).max(1)
    };
    let height = ops.len() * ROW + 10;
    // Where the picture is wider than the screen, it is first seen from the end that the operation
    // to look at is nearer to. A box written from right to left begins at its right.
    let failing = violation.operations.get(violation.fails_at);
    let middle = failing.map_or(0, |op| (x(op.called) + op.returned.map_or(WIDTH, x)) / 2);
    let class = if middle > WIDTH / 2 { "wide late" } else { "wide" };
    writeln!(
        out,
        "<div class=\"{class}\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"timeline of the core\">"
    )?;
    for (row, (i, op)) in ops.iter().enumerate() {
        let y = row * ROW + 18;
        let (from, to) = (x(op.called), until(row, op).map_or(WIDTH - 4, x));
        let paint = if row >= certain {
            "fill=\"none\" stroke=\"currentColor\" stroke-dasharray=\"4 3\" opacity=\"0.6\""
        } else if *i == violation.fails_at {
            "fill=\"#c0392b\""
        } else {
            "fill=\"#3b78b5\""
        };
        writeln!(out, "<text x=\"0\" y=\"{}\">process {}</text>", y + 16, op.process)?;
        writeln!(
            out,
            "<rect x=\"{from}\" y=\"{}\" width=\"{}\" height=\"8\" rx=\"3\" {paint}/>",
            y + 8,
            (to - from).max(6)
        )?;
        // Text that would run out of the picture ends at the bar's end instead.
        let (at, anchor) = if from > WIDTH / 2 { (to, "end") } else { (from, "start") };
        writeln!(
            out,
            "<text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{} <tspan opacity=\"0.6\">({})\
             </tspan></text>",
            y + 3,
            Escaped(shortened(&op.text)),
            Escaped(records(op))
        )?;
    }
    writeln!(out, "</svg></div>")
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.into();
    }
    text.chars().take(LONGEST - 1).chain(std::iter::once('…')).collect()
}
