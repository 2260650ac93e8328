//! A suite as a page: what failed, the grid of tests and faults, what has changed, every case.

use super::trends::{EARLIER_MIN, Judgement, Trend, Trends};
use super::{CaseResult, SuiteResult, Tally};
use crate::web::{self, Light};
use crate::words;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Where the page of a run is, seen from the page of the suite.
pub type LinkOf<'a> = &'a dyn Fn(&str) -> String;

/// The page as one file.
pub fn page(suite: &SuiteResult, trends: &Trends, link: LinkOf<'_>) -> String {
    let title = format!("suite {}: {}", suite.name, suite.started);
    web::standalone(&title, &body(suite, trends, link))
}

/// What the page holds.
pub fn body(suite: &SuiteResult, trends: &Trends, link: LinkOf<'_>) -> Markup {
    let failing: Vec<&CaseResult> =
        suite.cases.iter().filter(|case| !case.passed() && !case.skipped()).collect();
    html! {
        (header(suite))
        main {
            @if !failing.is_empty() {
                section aria-labelledby="failures" {
                    h2 id="failures" { "Not as expected" }
                    @for case in &failing { (failure(case, link)) }
                }
            }
            (grid(suite, link))
            (changes(trends))
            (never_reached(suite))
            (cases(suite, link))
        }
    }
}

/// What the suite says nothing about, because its protocols never came there.
fn never_reached(suite: &SuiteResult) -> Markup {
    html! {
        @if !suite.never_reached.is_empty() {
            section aria-labelledby="never" {
                h2 id="never" { "Situations never reached" }
                ul {
                    @for (test, never) in &suite.never_reached {
                        li { b { (words::plain(test)) } ": " (words::plain(&never.join(", "))) }
                    }
                }
            }
        }
    }
}

fn light(code: u8) -> Light {
    match code {
        0 => Light::Good,
        2 => Light::Doubt,
        _ => Light::Bad,
    }
}

fn header(suite: &SuiteResult) -> Markup {
    let Tally { passed, failed, skipped } = suite.tally();
    let light = light(suite.exit_code());
    let verdict = match light {
        Light::Good => "✓ passed",
        Light::Doubt => "? not all told",
        Light::Bad => "✗ failed",
    };
    html! {
        header class=(light.class()) {
            div.head {
                p.verdict { (verdict) }
                h1 { "suite " (words::plain(&suite.name)) }
                p.about {
                    @if let Some(part) = &suite.shard { "part " (part) " · " }
                    (passed) " of " (suite.cases.len()) " cases as expected"
                    @if failed > 0 { ", " (failed) " not" }
                    @if skipped > 0 { ", " (skipped) " not run" }
                    " · " (words::duration((suite.seconds * 1e9) as u64)) " on " (suite.cores)
                    " cores · " (words::plain(&suite.started))
                }
                @if !suite.about.is_empty() { p.meaning { (words::plain(&suite.about)) "." } }
                @if let Some(why) = &suite.cut_short {
                    p.meaning { "Ended early: " (words::plain(why)) "." }
                }
            }
        }
    }
}

fn failure(case: &CaseResult, link: LinkOf<'_>) -> Markup {
    html! {
        article.finding.(light(case.exit_code()).class()) {
            h3 { (mark(case)) " " (words::plain(&case.case.to_string())) }
            p { "expected " (case.expected()) ", got " (words::plain(&case.verdict())) }
            @if let Some(why) = case.why() { p.explanation { (words::plain(&why)) } }
            pre { code { (words::plain(&case.command)) } }
            @if let Some(run) = &case.run { p { a href=(link(run)) { "The run's report" } } }
        }
    }
}

/// The verdict of a case, coloured by whether it is the expected one.
fn mark(case: &CaseResult) -> Markup {
    let sign = match case.exit_code() {
        0 => "✓",
        2 if case.skipped() => "·",
        2 => "?",
        64 | 70 => "!",
        _ => "✗",
    };
    html! {
        span class={ "badge " (light(case.exit_code()).class()) } {
            (sign) " " (words::plain(&case.verdict()))
        }
    }
}

fn linked(case: &CaseResult, link: LinkOf<'_>, text: Markup) -> Markup {
    match &case.run {
        Some(run) => html! { a href=(link(run)) { (text) } },
        None => text,
    }
}

/// Cases of one cell beyond this are counted, those that passed first.
const CELL: usize = 6;

fn grid(suite: &SuiteResult, link: LinkOf<'_>) -> Markup {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: Vec<String> = Vec::new();
    let mut cells: BTreeMap<(String, &str), Vec<&CaseResult>> = BTreeMap::new();
    for case in &suite.cases {
        let (row, column) = (case.case.subject(), case.case.nemesis.as_str());
        if !columns.contains(&column) {
            columns.push(column);
        }
        if !rows.contains(&row) {
            rows.push(row.clone());
        }
        cells.entry((row, column)).or_default().push(case);
    }
    html! {
        section aria-labelledby="grid" {
            h2 id="grid" { "Tests and faults" }
            p.note {
                "✓ came to what was expected of it. What stands after a + is a defect put in on purpose: \
                 of it, that it is caught is expected."
            }
            div.scroll tabindex="0" role="region" aria-label="Table: tests and faults" {
                table.grid {
                    thead { tr {
                        th scope="col" { "test" }
                        @for column in &columns { th scope="col" { (words::plain(column)) } }
                    } }
                    tbody {
                        @for row in &rows {
                            tr {
                                th scope="row" { (words::plain(row)) }
                                @for column in &columns {
                                    td data-column=(words::plain(column)) {
                                        (cell(cells.get(&(row.clone(), *column)), link))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(cases: Option<&Vec<&CaseResult>>, link: LinkOf<'_>) -> Markup {
    let Some(cases) = cases else { return html! { span.note { "–" } } };
    // What failed is never the one that is left out.
    let mut cases = cases.clone();
    cases.sort_by_key(|case| case.passed());
    let failing = cases.iter().filter(|case| !case.passed()).count();
    let shown = CELL.max(failing).min(cases.len());
    let more = cases.len() - shown;
    html! {
        ul.cell {
            @for case in &cases[..shown] {
                li {
                    (linked(case, link, mark(case))) " "
                    span.note { (words::plain(&case.case.particulars())) }
                }
            }
            @if more > 0 { li.note { "and " (more) " more as expected" } }
        }
    }
}

fn changes(trends: &Trends) -> Markup {
    html! {
        section aria-labelledby="trends" {
            h2 id="trends" { "Trends" }
            @if trends.earlier == 0 {
                p { "There is no earlier run of this suite on a machine with as many cores." }
            } @else {
                p.note {
                    "Against " (trends.earlier) " earlier "
                    @if trends.earlier == 1 { "run" } @else { "runs" }
                    " on as many cores. A change is flagged when it is more than a tenth, and so \
                     unlikely to be chance that in nineteen of twenty runs of a suite in which nothing \
                     has changed, no figure is flagged."
                }
                @if !trends.flips.is_empty() {
                    ul {
                        @for flip in &trends.flips {
                            li {
                                @let light = if flip.passed { Light::Good } else { Light::Bad };
                                span class={ "badge " (light.class()) } { (words::plain(&flip.now)) }
                                " " (words::plain(&flip.case.to_string())) ": was "
                                (words::plain(&flip.before)) " (" (words::plain(&flip.when)) ")"
                            }
                        }
                    }
                }
                (figures(&trends.figures))
            }
        }
    }
}

fn figures(trends: &[Trend]) -> Markup {
    let flagged = |trend: &&Trend| matches!(trend.judgement, Judgement::Worse | Judgement::Better);
    let (loud, quiet): (Vec<&Trend>, Vec<&Trend>) = trends.iter().partition(flagged);
    html! {
        @if loud.is_empty() && quiet.iter().all(|trend| trend.judgement == Judgement::TooFew) {
            p { "Too early to tell: a figure is judged from " (EARLIER_MIN) " earlier runs on." }
        } @else if loud.is_empty() {
            p { "No figure has changed by more than chance." }
        } @else {
            (figure_table(&loud))
        }
        @if !quiet.is_empty() {
            details {
                summary { (quiet.len()) " figures that have not changed, or that cannot be judged yet" }
                (figure_table(&quiet))
            }
        }
    }
}

fn figure_table(trends: &[&Trend]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table: trends" {
            table.trends {
                thead { tr {
                    th { "" } th { "case" } th { "figure" } th.number { "now" }
                    th.number { "change" } th { "from run to run" } th { "statistics" }
                } }
                tbody {
                    @for trend in trends {
                        tr {
                            td { (judgement(trend.judgement)) }
                            td { (words::plain(&trend.case.to_string())) }
                            td { (trend.metric) }
                            td.number { (trend.text(trend.now())) }
                            td.number { (trend.change()) }
                            td { (spark(trend)) }
                            td.note { (trend.statistics()) }
                        }
                    }
                }
            }
        }
    }
}

fn judgement(judgement: Judgement) -> Markup {
    let (light, word) = match judgement {
        Judgement::Worse => (Light::Bad, "✗ worse"),
        Judgement::Better => (Light::Good, "✓ better"),
        Judgement::Steady => return html! { "steady" },
        Judgement::TooFew => return html! { "too few runs" },
    };
    html! { span class={ "badge " (light.class()) } { (word) } }
}

/// The values as a small line, the newest marked.
fn spark(trend: &Trend) -> Markup {
    let (width, height, edge) = (140.0, 28.0, 4.0);
    let least = trend.values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = trend.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let steps = (trend.values.len() - 1).max(1) as f64;
    let place = |(at, value): (usize, &f64)| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        let x = edge + at as f64 / steps * (width - 2.0 * edge);
        (x, height - edge - share * (height - 2.0 * edge))
    };
    let places: Vec<(f64, f64)> = trend.values.iter().enumerate().map(place).collect();
    let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let (x, y) = places.last().copied().unwrap_or_default();
    let label = format!(
        "{} runs from {} to {}, now {}",
        trend.values.len(),
        trend.text(least),
        trend.text(most),
        trend.text(trend.now())
    );
    html! {
        svg.spark viewBox="0 0 140 28" width="140" height="28" role="img" aria-label=(label) {
            polyline points=(points.join(" ")) {}
            circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="3" {}
        }
    }
}

fn cases(suite: &SuiteResult, link: LinkOf<'_>) -> Markup {
    html! {
        section aria-labelledby="cases" {
            h2 id="cases" { "All cases" }
            div.scroll tabindex="0" role="region" aria-label="Table: all cases" {
                table.cases {
                    thead { tr {
                        th { "verdict" } th { "case" } th.number { "time" }
                        th.number { "throughput" } th.number { "p99" } th { "faults that landed" }
                    } }
                    tbody {
                        @for case in &suite.cases {
                            tr {
                                td { (linked(case, link, mark(case))) }
                                td { (words::plain(&case.case.to_string())) }
                                td.number { (format!("{:.1} s", case.seconds)) }
                                (measured(case))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn measured(case: &CaseResult) -> Markup {
    html! {
        @match (&case.figures, &case.sweep) {
            (Some(figures), _) => {
                td.number {
                    @if figures.per_second > 0.0 { (words::number(figures.per_second)) " ops/s" }
                }
                td.number.p99 { @if let Some(latency) = figures.latency { (words::duration(latency.p99)) } }
                td.landed { (figures.faults_landed) " of " (figures.faults_planned) }
            }
            (None, Some(sweep)) => {
                td.note colspan="3" {
                    (words::count(sweep.seeds)) @if sweep.seeds == 1 { " seed: " } @else { " seeds: " }
                    @for (i, (status, count)) in sweep.counts.iter().enumerate() {
                        @if i > 0 { ", " }
                        (words::count(*count)) " " (words::plain(status))
                    }
                }
            }
            (None, None) => { td {} td {} td {} }
        }
    }
}
