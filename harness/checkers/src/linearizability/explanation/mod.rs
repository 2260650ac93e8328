//! A report for a person to read: on a terminal, or as a page that stands by itself.

mod html;
mod text;

pub use html::html;
pub use text::text;

use super::report::{Core, Described, Report, Verdict, Why};
use super::sentence::joined;

/// How many states are named.
const NAMED: usize = 3;

/// The verdict in one sentence, for any report.
fn headline(report: &Report) -> String {
    let (property, count) = (&report.property, report.operations);
    match &report.verdict {
        Verdict::Linearizable { .. } => format!(
            "{property}: an order explains all {count} operations on {} ({} of them overlapped)",
            objects(report),
            report.concurrent
        ),
        Verdict::Violation(violation) => format!("not {property}: {}", violation.sentence),
        Verdict::Unknown { why, covered } => {
            format!("not decided: {why}. {covered}. {}", advice(*why))
        }
    }
}

fn objects(report: &Report) -> String {
    match report.objects {
        1 => "one object".into(),
        n => format!("{n} objects"),
    }
}

/// From where the operations of a core cannot be explained.
fn from(core: &Core) -> String {
    let starts = match &core.starts[..] {
        [] => "where it was".into(),
        starts => joined(starts, "or"),
    };
    match (core.any_start, core.after, core.starts.len()) {
        (true, ..) => "whatever came before".into(),
        (false, 0, 1) => format!("starting from {starts}"),
        (false, 0, _) => "from where the object started".into(),
        (false, 1, _) => {
            format!("after the operation before them, which leads to the state {starts}")
        }
        (false, n, 0..=NAMED) => {
            format!("after the {n} operations before them, which lead to the state {starts}")
        }
        (false, n, _) => format!("after the {n} operations before them, in whatever order"),
    }
}

/// What helps where the search ended early.
fn advice(why: Why) -> &'static str {
    match why {
        Why::Deadline => "More time may decide it.",
        Why::Configurations => "More configurations may decide it; fewer concurrent clients would.",
        Why::Memory => "More memory may decide it; fewer concurrent clients would.",
        Why::Step => "A step of the model took too long.",
    }
}

/// Where an operation stands in the records.
fn records(operation: &Described) -> String {
    match operation.completed {
        Some(completed) => format!("records {} to {completed}", operation.invoked),
        None => format!("record {}, never completed", operation.invoked),
    }
}
