//! What the run came to: verdict, findings, witnesses in words, how to repeat it.

use super::data::Data;
use super::{json, linearizability, section, text};
use crate::summary::{Judged, Subject, Summary};
use crate::terminal::sign;
use crate::words;
use maud::{Markup, html};
use schism_checkers::Status;

/// The most records of a witness that are shown at once; the others unfold.
const ROWS: usize = 20;

fn class(status: Status) -> &'static str {
    match status {
        Status::Violated | Status::NotByDeadline => "bad",
        Status::Unknown | Status::Vacuous | Status::Unstressed => "doubt",
        Status::Holds => "good",
    }
}

/// What a status means, for those who meet the word for the first time.
fn meaning(status: Status) -> &'static str {
    match status {
        Status::Violated => "A safety promise was broken",
        Status::NotByDeadline => {
            "Something promised to happen eventually had not when the run ended"
        }
        Status::Unknown => "A checker could not tell",
        Status::Vacuous => {
            "Nothing a promise speaks of happened, so the run proves nothing about it"
        }
        Status::Unstressed => {
            "A promise was kept, but the condition that could have broken it never arose"
        }
        Status::Holds => "Every promise was exercised, put under stress, and kept",
    }
}

fn badge(status: Status) -> Markup {
    html! {
        span class={ "badge " (class(status)) } { (sign(status)) " " (status) }
    }
}

/// The head of the page.
pub(super) fn header(summary: &Summary, data: &Data, logs: bool) -> Markup {
    let meta = &summary.meta;
    html! {
        header class=(class(summary.verdict)) {
            div.head {
                p.verdict { (sign(summary.verdict)) " " (summary.verdict) }
                h1 {
                    (text(&meta.test))
                    @if let Some(twin) = meta.facts.get("twin") {
                        small { " with the defect " (text(twin)) }
                    }
                }
                p.about {
                    (text(&meta.workload)) " · " (meta.nodes) " nodes · seed " (meta.seed) " · "
                    (words::duration(summary.duration))
                    @if let Some(host) = meta.facts.get("host") {
                        @if host == "simulator" { " · simulated" } @else { " · processes" }
                    }
                    @if !summary.facts.started.is_empty() { " · " (text(&summary.facts.started)) }
                }
                p.meaning {
                    (meaning(summary.verdict))
                    @for (i, judged) in summary.findings.iter().filter(|j| j.is_bad()).enumerate() {
                        @if i == 0 { ": " } @else { ", " }
                        a href={ "#broken-" (i) } { (text(&judged.finding.property)) }
                    }
                    "."
                }
            }
            nav aria-label="Sections" {
                a href="#findings" { "Findings" } " "
                @if data.witnesses.is_empty() { a href="#plots" { "Plots" } " " }
                @if data.ops.lanes > 0 { a href="#timeline" { "Timeline" } " " }
                @if data.has_traffic() { a href="#spacetime" { "Space-time diagram" } " " }
                @if !data.witnesses.is_empty() { a href="#plots" { "Plots" } " " }
                a href="#faults" { "Faults" } " "
                a href="#operations" { "Operations" } " "
                a href="#messages" { "Messages" } " "
                a href="#nodes" { "Nodes" } " "
                @if logs { a href="#logs" { "Logs" } " " }
                a href="#facts" { "Facts" }
            }
        }
    }
}

/// All findings: what is wrong in full, the others in a table.
pub(super) fn findings(summary: &Summary, data: &Data) -> Markup {
    let others: Vec<&Judged> = summary.findings.iter().filter(|j| !j.is_bad()).collect();
    let bad = summary.findings.iter().enumerate().filter(|(_, judged)| judged.is_bad());
    section(
        "findings",
        "Findings",
        html! {
            @if summary.findings.is_empty() { p { "No promise was checked." } }
            @for (number, judged) in bad {
                (broken(number, judged, data))
            }
            @if !others.is_empty() { (table(&others)) }
        },
    )
}

/// A promise that was not kept. The worst findings come first, so that its number is also that among
/// the broken ones.
fn broken(number: usize, judged: &Judged, data: &Data) -> Markup {
    let jump = data.witnesses.iter().position(|witness| witness.finding == number);
    let finding = &judged.finding;
    html! {
        article id={ "broken-" (number) } class={ "finding " (class(finding.status)) } {
            h3 { (badge(finding.status)) " " (text(&finding.property)) }
            p.explanation { (text(&finding.explanation)) }
            (witness(judged))
            @if !judged.faults.is_empty() {
                p.meanwhile {
                    strong { "In force meanwhile: " }
                    @for (i, fault) in judged.faults.iter().enumerate() {
                        @if i > 0 { ", " }
                        (text(&fault.what)) " ("
                        (words::moment(fault.begin)) "–"
                        @match fault.end {
                            Some(end) => (words::moment(end)),
                            None => "the end",
                        }
                        ")"
                    }
                }
            }
            @if let Some(number) = jump {
                p.controls {
                    @if data.ops.lanes > 0 {
                        button type="button" data-witness=(number) data-to="timeline" {
                            "Show in the timeline"
                        }
                    }
                    @if data.has_traffic() {
                        button type="button" data-witness=(number) data-to="spacetime" {
                            "Show in the space-time diagram"
                        }
                    }
                }
            }
            (details(judged))
        }
    }
}

fn witness(judged: &Judged) -> Markup {
    let label = format!("Witness of {}", words::plain(&judged.finding.property));
    let lines = &judged.witness;
    if lines.is_empty() {
        return html! {};
    }
    let cut = judged.finding.witness.len().saturating_sub(lines.len());
    let (shown, folded) = lines.split_at(lines.len().min(ROWS));
    let moment = words::moments(lines.iter().map(|l| l.time));
    let rows = |lines: &[crate::summary::Line]| {
        html! {
            @for line in lines {
                tr class=(subject(line.subject)) {
                    td.number { (line.index) }
                    td.number { (moment(line.time)) }
                    td { (line.who) }
                    td.what { (line.what) }
                }
            }
        }
    };
    let head = html! {
        thead { tr { th.number { "record" } th.number { "time" } th { "who" } th { "what" } } }
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.witness {
                caption { "Witness: the records that show it" }
                (head)
                tbody { (rows(shown)) }
            }
        }
        @if !folded.is_empty() {
            details {
                summary { (folded.len()) " more records" }
                div.scroll { table.witness { (head) tbody { (rows(folded)) } } }
            }
        }
        @if cut > 0 {
            p.note {
                "The witness has " (words::count(cut as u64)) " further records; the verdict file names them."
            }
        }
    }
}

fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Invoke => "invoke",
        Subject::Ok => "ok",
        Subject::Fail => "fail",
        Subject::Info => "info",
        Subject::Event => "event",
        Subject::Message => "message",
        Subject::Fault => "fault",
        Subject::Node => "node",
        Subject::Phase => "phase",
    }
}

fn details(judged: &Judged) -> Markup {
    let details = &judged.finding.details;
    if details.is_null() {
        return html! {};
    }
    let explanation = judged.is_bad().then(|| linearizability::explanation(details)).flatten();
    html! {
        @if let Some(explanation) = explanation {
            details open { summary { "Why no order explains it" } (explanation) }
        }
        details { summary { "All the checker has to show" } (json::tree(details)) }
    }
}

/// The promises that were not broken.
fn table(findings: &[&Judged]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table: findings" {
            table.findings {
                thead {
                    tr {
                        th { "promise" } th { "verdict" } th { "why" }
                        th.number { "cases" } th.number { "under stress" }
                    }
                }
                tbody {
                    @for judged in findings {
                        @let finding = &judged.finding;
                        tr {
                            th scope="row" { (text(&finding.property)) }
                            td { (badge(finding.status)) }
                            td.what {
                                (text(&finding.explanation))
                                @if let Some(at) = finding.settled_at {
                                    ". Settled at " (words::moment(at)) "."
                                }
                                (witness(judged))
                                (details(judged))
                            }
                            td.number { (words::count(finding.antecedents)) }
                            td.number { (words::count(finding.stress)) }
                        }
                    }
                }
            }
        }
    }
}

/// The command that repeats the run.
pub(super) fn replay(summary: &Summary) -> Markup {
    let command = &summary.facts.command;
    if command.is_empty() {
        return html! {};
    }
    section(
        "replay",
        "Repeat this run",
        html! {
            div.command {
                pre { code id="command" { (text(command)) } }
                button type="button" data-copy="command" { "Copy" }
            }
        },
    )
}
