//! A suite in a terminal: a row for each case that has ended, a board of those under way, and what
//! it all came to.

use super::paint::{Paint, fit, pad, pad_left, sign};
use crate::suite::{CaseOutcome, CaseResult, EARLIER_MIN, Judgement, SuiteResult, Tally, Trends};
use crate::words;
use schism_checkers::Status;
use std::time::Duration;
use textwrap::core::display_width;

/// A suite under way.
pub struct Board<'a> {
    /// The cases under way, and for how long.
    pub running: &'a [(String, Duration)],
    /// How many have ended.
    pub done: usize,
    /// How many of them not as expected.
    pub failed: usize,
    /// How many have not begun.
    pub waiting: usize,
    /// How long this has been going on.
    pub elapsed: Duration,
}

/// Columns of a row: the verdict with its sign, and the figures.
const VERDICT: usize = 17;
const FIGURES: usize = 24;

/// A time in a table: `8.3 s`, `2 min 05 s`.
fn time(seconds: f64) -> String {
    if seconds < 99.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

/// The sign and the colour of a case: green is what came as expected.
fn light(case: &CaseResult) -> (&'static str, Status) {
    match &case.outcome {
        _ if case.passed() => ("✓", Status::Holds),
        CaseOutcome::Skipped => ("·", Status::Unknown),
        CaseOutcome::Failed { .. } => ("!", Status::Violated),
        CaseOutcome::Judged(status) if case.exit_code() == 1 => (sign(Status::Violated), *status),
        CaseOutcome::Judged(status) => (sign(*status), *status),
    }
}

/// A row for a case that has ended; what is unexpected is explained below it.
pub fn case_row(case: &CaseResult, colour: bool, width: usize) -> String {
    let paint = Paint { colour };
    let (sign, status) = light(case);
    let figures = match (&case.sweep, &case.figures) {
        (Some(sweep), _) if sweep.seeds == 1 => "1 seed".to_owned(),
        (Some(sweep), _) => format!("{} seeds", words::count(sweep.seeds)),
        (None, Some(figures)) => {
            let p99 = figures.latency.map(|l| format!(", p99 {}", words::duration(l.p99)));
            format!("{} ops/s{}", words::number(figures.per_second), p99.unwrap_or_default())
        }
        (None, None) => String::new(),
    };
    let verdict = pad(&format!("{sign} {}", case.verdict()), VERDICT);
    let tail = format!("{}  {}", pad_left(&time(case.seconds), 12), pad(&figures, FIGURES));
    let room = width.saturating_sub(VERDICT + display_width(&tail) + 4).max(24);
    let name = fit(&words::plain(&case.case.to_string()), room);
    let mut row = format!(
        "{}  {}  {}\n",
        paint.status(status, verdict),
        pad(&name, room),
        paint.dim(tail.trim_end()),
    );
    if !case.passed() {
        row += &complaint(case, paint, width);
    }
    row
}

/// What was expected, what was found, and how to see it again.
fn complaint(case: &CaseResult, paint: Paint, width: usize) -> String {
    let mut lines = vec![format!("expected {}, got {}", case.expected(), case.verdict())];
    lines.extend(case.why());
    let options =
        textwrap::Options::new(width.max(30)).initial_indent("    ").subsequent_indent("    ");
    let mut text = String::new();
    for line in &lines {
        for wrapped in textwrap::wrap(&words::plain(line), &options) {
            text += &format!("{wrapped}\n");
        }
    }
    // What is to be copied is not wrapped.
    text + &format!("    {}\n", paint.dim(format!("again: {}", words::plain(&case.command))))
}

/// The lines below the rows while a suite is under way.
pub fn board(board: &Board<'_>, colour: bool, width: usize) -> Vec<String> {
    let paint = Paint { colour };
    let mut lines: Vec<String> = board
        .running
        .iter()
        .map(|(name, elapsed)| {
            let elapsed = pad_left(&time(elapsed.as_secs_f64()), 8);
            let name = fit(&words::plain(name), width.saturating_sub(12));
            format!("▸ {}{elapsed}", pad(&name, width.saturating_sub(11)))
        })
        .collect();
    let mut total = format!(
        "{} done, {} under way, {} waiting, {}",
        board.done,
        board.running.len(),
        board.waiting,
        time(board.elapsed.as_secs_f64())
    );
    if board.failed > 0 {
        total = format!("{} failed, {total}", board.failed);
    }
    let total = fit(&total, width.saturating_sub(1));
    lines.push(if board.failed > 0 {
        paint.status(Status::Violated, total)
    } else {
        paint.bold(total)
    });
    lines
}

/// What a suite came to, and what has changed, in a few lines.
pub fn suite_summary(
    suite: &SuiteResult,
    trends: &Trends,
    directory: &str,
    colour: bool,
    width: usize,
) -> String {
    let paint = Paint { colour };
    let Tally { passed, failed, skipped } = suite.tally();
    let mut counts = format!("{passed} of {} cases as expected", suite.cases.len());
    if failed > 0 {
        counts += &format!(", {failed} not");
    }
    if skipped > 0 {
        counts += &format!(", {skipped} not run");
    }
    let (status, verdict) = match suite.exit_code() {
        0 => (Status::Holds, "✓ PASSED"),
        2 => (Status::Unknown, "? NOT ALL TOLD"),
        _ => (Status::Violated, "✗ FAILED"),
    };
    let mut text = format!(
        "\n{}  suite {} · {counts} · {}\n",
        paint.status(status, verdict),
        words::plain(&suite.name),
        time(suite.seconds)
    );
    if let Some(why) = &suite.cut_short {
        text += &format!("  ended early: {why}; go on with --resume\n");
    }
    text += &changes(trends, paint, width);
    text += &never_reached(suite, width);
    text += &format!("  report      {directory}/index.html\n");
    text
}

/// What the suite says nothing about, because its protocols never came there.
fn never_reached(suite: &SuiteResult, width: usize) -> String {
    let never = suite.never_reached.iter().map(|(test, never)| {
        format!("{} ({})", words::plain(test), words::plain(&never.join(", ")))
    });
    let never: Vec<String> = never.collect();
    let text = format!("situations never reached: {}", never.join("; "));
    let options = textwrap::Options::new(width.max(40))
        .initial_indent("  coverage    ")
        .subsequent_indent("              ");
    let lines = if never.is_empty() { Vec::new() } else { textwrap::wrap(&text, &options) };
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The most changes that are shown; the page has them all.
const CHANGES: usize = 10;

fn changes(trends: &Trends, paint: Paint, width: usize) -> String {
    let runs = |n: usize| if n == 1 { "1 earlier run".into() } else { format!("{n} earlier runs") };
    if trends.earlier == 0 {
        return "  trends      no earlier run to compare with\n".into();
    }
    let mut lines: Vec<String> = Vec::new();
    for flip in &trends.flips {
        lines.push(format!("{}: {}, was {} ({})", flip.case, flip.now, flip.before, flip.when));
    }
    for trend in trends.worse() {
        lines.push(format!(
            "{}: {} {} ({}); {}",
            trend.case,
            trend.metric,
            trend.text(trend.now()),
            trend.change(),
            trend.statistics()
        ));
    }
    let few = trends.figures.iter().filter(|t| t.judgement == Judgement::TooFew).count();
    let judged = trends.figures.len() - few;
    let verdicts = match trends.flips.len() {
        0 => "no verdict has changed".to_owned(),
        1 => "1 verdict has changed".to_owned(),
        n => format!("{n} verdicts have changed"),
    };
    let figures = match (judged, few) {
        (0, _) => format!("figures are judged from {EARLIER_MIN} on"),
        (_, 0) => format!("{} of {judged} figures worse", trends.worse().count()),
        _ => format!("{} of {judged} figures worse, {few} too new", trends.worse().count()),
    };
    let mut text = format!("  trends      {}: {verdicts}; {figures}\n", runs(trends.earlier));
    let options = textwrap::Options::new(width.max(40))
        .initial_indent("              ")
        .subsequent_indent("                ");
    for line in lines.iter().take(CHANGES) {
        for wrapped in textwrap::wrap(&words::plain(line), &options) {
            text += &format!("{}\n", paint.warn(wrapped));
        }
    }
    if lines.len() > CHANGES {
        text += &format!("              and {} more\n", lines.len() - CHANGES);
    }
    text
}
