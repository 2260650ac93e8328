//! A suite as Markdown, for the summary of a step on GitHub.

use super::trends::Trends;
use super::{CaseResult, SuiteResult, Tally};
use crate::words;
use std::fmt::Write;

/// Rows beyond this are counted instead of shown: GitHub takes a megabyte.
const ROWS: usize = 400;

/// The summary.
pub fn markdown(suite: &SuiteResult, trends: &Trends) -> String {
    let Tally { passed, failed, skipped } = suite.tally();
    let sign = match suite.exit_code() {
        0 => "✅",
        2 => "❔",
        _ => "❌",
    };
    let part = suite.shard.as_ref().map(|part| format!(", part {part}")).unwrap_or_default();
    let mut text = format!(
        "### {sign} suite {}{part}: {passed} of {} cases as expected\n\n",
        cell(&suite.name),
        suite.cases.len()
    );
    let seconds = words::duration((suite.seconds * 1e9) as u64);
    let mut facts = vec![format!("{seconds} on {} cores", suite.cores)];
    facts.extend((failed > 0).then(|| format!("{failed} not as expected")));
    facts.extend((skipped > 0).then(|| format!("{skipped} not run")));
    facts.extend(suite.cut_short.as_ref().map(|why| format!("ended early: {}", cell(why))));
    let _ = writeln!(text, "{}\n", facts.join("; "));
    let failing: Vec<&CaseResult> =
        suite.cases.iter().filter(|case| !case.passed() && !case.skipped()).collect();
    if !failing.is_empty() {
        text += "| case | expected | got | why |\n|---|---|---|---|\n";
        for case in failing.iter().take(ROWS) {
            let _ = writeln!(
                text,
                "| {} | {} | **{}** | {}<br>{} |",
                cell(&case.case.to_string()),
                case.expected(),
                cell(&case.verdict()),
                cell(&case.why().unwrap_or_default()),
                code(&case.command),
            );
        }
        text += &rest(failing.len());
    }
    changes(&mut text, trends);
    text += "<details><summary>All cases</summary>\n\n\
             | case | verdict | time | throughput | p99 |\n|---|---|---:|---:|---:|\n";
    for case in suite.cases.iter().take(ROWS) {
        let figures = case.figures.as_ref();
        let rate = figures.map(|f| format!("{} ops/s", words::number(f.per_second)));
        let p99 = figures.and_then(|f| f.latency).map(|l| words::duration(l.p99));
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} s | {} | {} |",
            cell(&case.case.to_string()),
            cell(&case.verdict()),
            case.seconds,
            rate.unwrap_or_default(),
            p99.unwrap_or_default(),
        );
    }
    text + &rest(suite.cases.len()) + "</details>\n"
}

fn rest(of: usize) -> String {
    match of.checked_sub(ROWS) {
        Some(more) if more > 0 => format!("\n… and {more} more; all of them are in suite.json\n\n"),
        _ => "\n".into(),
    }
}

fn changes(text: &mut String, trends: &Trends) {
    let worse: Vec<_> = trends.worse().collect();
    if trends.flips.is_empty() && worse.is_empty() {
        return;
    }
    *text += "Since earlier runs:\n\n";
    for flip in &trends.flips {
        let _ = writeln!(
            text,
            "- {}: {}, was {} ({})",
            cell(&flip.case.to_string()),
            cell(&flip.now),
            cell(&flip.before),
            cell(&flip.when)
        );
    }
    for trend in worse.iter().take(ROWS) {
        let _ = writeln!(
            text,
            "- {}: {} **{}** ({}): {}",
            cell(&trend.case.to_string()),
            trend.metric,
            trend.text(trend.now()),
            trend.change(),
            trend.statistics()
        );
    }
    text.push('\n');
}

/// Text that stays text within a table.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in words::plain(text).chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A command as code. Within HTML's own tags nothing needs Markdown's escapes.
fn code(command: &str) -> String {
    let text = words::plain(command).replace('&', "&amp;").replace('<', "&lt;");
    format!("<code>{}</code>", text.replace('|', "&#124;").replace('`', "&#96;"))
}
