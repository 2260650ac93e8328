//! A run: how it stands, what was found, and everything that is kept of it.

use super::live::{LiveRun, fragment};
use super::{Light, Part, RunRow, State, served, text, url};
use crate::suite::Found;
use crate::terminal::sign;
use crate::words;
use maud::{Markup, html};

/// What the page of a run shows.
pub struct RunPage<'a> {
    /// The run.
    pub row: &'a RunRow,
    /// What was found about each promise, worst first.
    pub findings: &'a [Found],
    /// The command that does it again.
    pub command: &'a str,
    /// Its files, with their sizes, seen from its directory.
    pub files: &'a [(String, u64)],
    /// How it is getting on.
    pub live: Option<&'a LiveRun>,
}

/// The page.
pub fn run(page: &RunPage<'_>) -> String {
    let row = page.row;
    let path = url(&row.path);
    let light = match &row.state {
        State::Judged(status) => Light::of(*status).class(),
        State::Running => "running",
        State::BrokeOff | State::Unreadable(_) => Light::Doubt.class(),
    };
    let report = page.files.iter().any(|(name, _)| name == "report/index.html");
    let host = if row.simulated { "simulated" } else { "processes" };
    let body = html! {
        header class=(light) {
            div.head {
                p.verdict { (row.state.badge()) }
                h1 { (text(&row.subject())) }
                p.about {
                    (text(&row.workload)) " · " (row.nodes) " nodes · seed " (row.seed) " · " (host)
                    " · " (text(&row.started))
                }
                @match &row.state {
                    State::BrokeOff => p.meaning { "It ended without a verdict: it was killed, or it crashed." },
                    State::Unreadable(why) => p.meaning { (text(why)) },
                    State::Judged(_) | State::Running => {}
                }
            }
        }
        main {
            p.actions {
                @if report { a.button href={ "/files/" (path) "/report/index.html" } { "Full report" } " " }
                a.button href={ "/archive/" (path) } { "Download all as tar.gz" }
            }
            @if row.state == State::Running {
                section aria-labelledby="live" {
                    h2 id="live" { "Under way" }
                    div data-refresh={ "/runs/" (path) "/live" } { (fragment(page.live)) }
                    noscript { p.note { "Reload the page to see how it goes on." } }
                }
            }
            @if !page.findings.is_empty() { (findings(page.findings)) }
            @if let Some(figures) = &row.figures {
                section.tiles aria-label="Key figures" {
                    (tile("throughput", &format!("{} ops/s", words::number(figures.per_second))))
                    (tile("acknowledged", &words::count(figures.operations.ok)))
                    @if let Some(latency) = figures.latency {
                        (tile("median", &words::duration(latency.p50)))
                        (tile("p99", &words::duration(latency.p99)))
                    }
                    (tile("faults that landed",
                        &format!("{} of {}", figures.faults_landed, figures.faults_planned)))
                }
            }
            @if !page.command.is_empty() {
                section { h2 { "Do it again" } pre { code { (text(page.command)) } } }
            }
            (files(&path, page.files))
        }
    };
    served(&format!("{}, seed {}", row.subject(), row.seed), Part::Runs, &body)
}

fn tile(name: &str, figure: &str) -> Markup {
    html! { div.tile { p.name { (name) } p.figure { (figure) } } }
}

pub(super) fn findings(findings: &[Found]) -> Markup {
    html! {
        section aria-labelledby="findings" {
            h2 id="findings" { "Findings" }
            div.scroll tabindex="0" role="region" aria-labelledby="findings" {
                table.findings {
                    tbody {
                        @for found in findings {
                            tr {
                                td { span class={ "badge " (Light::of(found.status).class()) } {
                                    (sign(found.status)) " " (found.status)
                                } }
                                th scope="row" { (text(&found.property)) }
                                td.what { (text(&found.explanation)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn files(path: &str, files: &[(String, u64)]) -> Markup {
    html! {
        section aria-labelledby="files" {
            h2 id="files" { "Files" }
            @if files.is_empty() { p { "There are none." } }
            table {
                tbody {
                    @for (name, size) in files {
                        tr {
                            td { a href={ "/files/" (path) "/" (url(name)) } { (text(name)) } }
                            td.number { (words::bytes(*size as f64)) }
                        }
                    }
                }
            }
        }
    }
}
