//! The list of suites' runs, and the page of one.

use super::{Light, Part, served, text, url};
use crate::suite::{LinkOf, SuiteResult, Tally, Trends, body};
use crate::words;
use maud::html;

/// A run of a suite in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct SuiteRow {
    /// The suite.
    pub name: String,
    /// Its path below `suites/`.
    pub path: String,
    /// When it began, in UTC.
    pub started: String,
    /// Which part of the suite it is.
    pub shard: Option<String>,
    /// How its cases ended.
    pub tally: Tally,
    /// The exit code it deserves.
    pub code: u8,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Whether it is under way, or broke off.
    pub unfinished: bool,
}

/// The list, the newest first.
pub fn suites(rows: &[SuiteRow]) -> String {
    let body = html! {
        main {
            h1 { "Suites" }
            @if rows.is_empty() {
                p { "No suite has run yet. " code { "schism suite smoke" } " runs one." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Runs of suites" {
                    table.runs {
                        thead { tr {
                            th scope="col" { "verdict" } th scope="col" { "suite" }
                            th scope="col" { "began (UTC)" } th.number scope="col" { "as expected" }
                            th.number scope="col" { "not" } th.number scope="col" { "not run" }
                            th.number scope="col" { "time" }
                        } }
                        tbody { @for row in rows { (line(row)) } }
                    }
                }
            }
        }
    };
    served("Suites", Part::Suites, &body)
}

fn line(row: &SuiteRow) -> maud::Markup {
    let (light, word) = match row.code {
        _ if row.unfinished => (Light::Doubt, "▸ unfinished"),
        0 => (Light::Good, "✓ passed"),
        2 => (Light::Doubt, "? not all told"),
        _ => (Light::Bad, "✗ failed"),
    };
    html! {
        tr {
            td { span class={ "badge " (light.class()) } { (word) } }
            td.subject {
                a href={ "/suites/" (url(&row.path)) "/" } { (text(&row.name)) }
                @if let Some(shard) = &row.shard { span.note { "part " (text(shard)) } }
            }
            td.date { (text(&row.started.replace('T', " ").replace('Z', ""))) }
            td.number { (row.tally.passed) }
            td.number { (row.tally.failed) }
            td.number { (row.tally.skipped) }
            td.number { (words::duration((row.seconds * 1e9) as u64)) }
        }
    }
}

/// The page of a suite's run.
pub fn suite(result: &SuiteResult, trends: &Trends, link: LinkOf<'_>) -> String {
    let title = format!("suite {}: {}", result.name, result.started);
    served(&title, Part::Suites, &body(result, trends, link))
}
