//! Everything in figures: operations, messages, faults, nodes, phases, facts.

use super::{section, text};
use crate::summary::{Counts, Percentiles, Summary};
use crate::words;
use maud::{Markup, html};
use schism_history::Fate;
use std::collections::BTreeMap;

/// A table that may be wider than the page.
fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label={ "Table: " (label) } { (table) } }
}

/// The figures most looked for.
pub(super) fn key_figures(summary: &Summary) -> Markup {
    let operations = &summary.operations;
    let total = operations.total;
    let mut tiles = vec![(
        "operations",
        words::count(total.total()),
        format!(
            "{} ok, {} fail, {} info",
            words::count(total.ok),
            words::count(total.fail),
            words::count(total.info)
        ),
    )];
    if total.total() > 0 {
        tiles.push((
            "throughput",
            format!("{}/s", words::number(operations.per_second)),
            "acknowledged operations under chaos".to_owned(),
        ));
    }
    if let Some(latency) = operations.latency {
        tiles.push((
            "median latency",
            words::duration(latency.p50),
            format!(
                "99 %: {}, slowest: {}",
                words::duration(latency.p99),
                words::duration(latency.max)
            ),
        ));
    }
    if let (Some(per), Some(bytes)) =
        (summary.messages.per_operation, summary.messages.bytes_per_operation)
    {
        let about = if summary.messages.estimated { ", estimated" } else { "" };
        tiles.push((
            "messages per operation",
            words::number(per),
            format!("{} per operation{about}", words::bytes(bytes)),
        ));
    }
    let (landed, planned) = (summary.faults_landed(), summary.faults_planned());
    let restarts: u64 = summary.nodes.iter().map(|n| n.restarts).sum();
    tiles.push((
        "faults landed",
        format!("{landed} of {planned}"),
        format!("nodes restarted {restarts} times"),
    ));
    html! {
        section.tiles aria-label="Key figures" {
            @for (name, figure, more) in tiles {
                div.tile { p.name { (name) } p.figure { (figure) } p.more { (more) } }
            }
        }
    }
}

/// What the nemesis planned, what landed, and what it touched.
pub(super) fn faults(summary: &Summary) -> Markup {
    let (planned, begun) = (summary.faults_planned(), summary.faults.len() as u64);
    section(
        "faults",
        "Faults",
        html! {
            @if planned == 0 {
                p { "None were planned." }
            } @else {
                p {
                    (planned) " planned, " (begun) " put in force, " (summary.faults_landed())
                    " landed (touched something)."
                }
            }
            @if begun > 0 {
                (scrolling("Faults", html! {
                    table.faults {
                        thead {
                            tr {
                                th.number { "no." } th { "fault" } th { "nodes" }
                                th.number { "from" } th.number { "until" } th { "landed" }
                                th.number { "touched" } th { "what it touched" }
                            }
                        }
                        tbody {
                            @for fault in &summary.faults {
                                tr {
                                    td.number { (fault.id) }
                                    th scope="row" { (text(&fault.what)) }
                                    td { (words::nodes(&fault.targets)) }
                                    td.number { (words::moment(fault.begin)) }
                                    td.number.until {
                                        @match fault.end {
                                            Some(end) => (words::moment(end)),
                                            None => "the end",
                                        }
                                    }
                                    td {
                                        @if fault.touched > 0 { "✓ yes" }
                                        @else { span.warning { "✗ no" } }
                                    }
                                    td.number.touched { (words::count(fault.touched)) }
                                    td.what { (text(&fault.detail)) }
                                }
                            }
                        }
                    }
                }))
            }
        },
    )
}

/// Operations by function and outcome, and how long they took.
pub(super) fn operations(summary: &Summary) -> Markup {
    let operations = &summary.operations;
    let row = |name: Markup, counts: Counts, latency: Option<Percentiles>| {
        let times = latency.map(|l| [l.p50, l.p90, l.p99, l.p99_9, l.max]);
        html! {
            tr {
                th scope="row" { (name) }
                td.number { (words::count(counts.ok)) }
                td.number { (words::count(counts.fail)) }
                td.number { (words::count(counts.info)) }
                @for i in 0..5 {
                    td.number { @match times { Some(t) => (words::duration(t[i])), None => "–" } }
                }
            }
        }
    };
    section(
        "operations",
        "Operations",
        html! {
            (scrolling("Operations", html! {
                table {
                    caption { "Latencies are those of acknowledged operations." }
                    thead {
                        tr {
                            th { "operation" }
                            @for name in ["ok", "fail", "info", "median", "90 %", "99 %", "99.9 %", "max"] {
                                th.number { (name) }
                            }
                        }
                    }
                    tbody {
                        @if operations.by_f.len() != 1 {
                            (row(html! { em { "all" } }, operations.total, operations.latency))
                        }
                        @for f in &operations.by_f { (row(text(&f.f), f.counts, f.latency)) }
                    }
                }
            }))
        },
    )
}

/// Messages by type and fate.
pub(super) fn messages(summary: &Summary) -> Markup {
    const FATES: [(Fate, &str); 6] = [
        (Fate::Delivered, "delivered"),
        (Fate::Duplicated, "duplicated"),
        (Fate::Lost, "lost"),
        (Fate::Cut, "cut"),
        (Fate::Dead, "to the dead"),
        (Fate::InFlight, "in flight"),
    ];
    let messages = &summary.messages;
    let acknowledged = summary.operations.total.ok;
    let row = |name: Markup, sent: u64, bytes: u64, fates: &BTreeMap<Fate, u64>| {
        html! {
            tr {
                th scope="row" { (name) }
                td.number { (words::count(sent)) }
                td.number { (words::bytes(bytes as f64)) }
                td.number {
                    @if acknowledged > 0 { (words::number(sent as f64 / acknowledged as f64)) }
                    @else { "–" }
                }
                @for (fate, _) in FATES {
                    td.number { @match fates.get(&fate) { Some(&n) => (words::count(n)), None => "" } }
                }
            }
        }
    };
    section(
        "messages",
        "Messages",
        html! {
            @if messages.sent == 0 {
                p { "No message between nodes was recorded." }
            } @else {
                (scrolling("Messages", html! {
                    table {
                        caption {
                            "Between nodes, by type. "
                            @if messages.estimated {
                                "Not every message was recorded: the numbers are estimated from \
                                 those that were. "
                            }
                            @if messages.with_clients > 0 {
                                "Messages from and to clients (" (words::count(messages.with_clients))
                                ") are not counted here."
                            }
                        }
                        thead {
                            tr {
                                th { "type" } th.number { "sent" } th.number { "bytes" }
                                th.number { "per operation" }
                                @for (_, name) in FATES { th.number { (name) } }
                            }
                        }
                        tbody {
                            (row(html! { em { "all" } }, messages.sent, messages.bytes, &messages.fates))
                            @for kind in &messages.kinds {
                                (row(text(&kind.kind), kind.sent, kind.bytes, &kind.fates))
                            }
                        }
                    }
                }))
            }
        },
    )
}

/// What became of the nodes.
pub(super) fn nodes(summary: &Summary) -> Markup {
    section(
        "nodes",
        "Nodes",
        html! {
            (scrolling("Nodes", html! {
                table {
                    thead {
                        tr {
                            th { "node" } th.number { "killed" } th.number { "restarted" }
                            th.number { "paused" } th.number { "away" } th.number { "events" }
                            th { "on its own account" }
                        }
                    }
                    tbody {
                        @for life in &summary.nodes {
                            @let pauses = life.away.iter().filter(|s| s.paused).count();
                            @let away: u64 = life.away.iter()
                                .map(|s| s.end.unwrap_or(summary.duration).saturating_sub(s.begin))
                                .sum();
                            tr {
                                th scope="row" { (life.node) }
                                td.number { (life.killed) }
                                td.number { (life.restarts) }
                                td.number { (pauses) }
                                td.number { @if away > 0 { (words::duration(away)) } @else { "–" } }
                                td.number { (words::count(life.events)) }
                                td.what {
                                    @if let Some(strategy) = &life.byzantine {
                                        p { "Byzantine: " (text(strategy)) }
                                    }
                                    @for crash in &life.died {
                                        p.warning {
                                            "ended unasked at " (words::moment(crash.time)) ": "
                                            (text(&crash.what))
                                        }
                                    }
                                    @for line in &life.garbage {
                                        p.warning {
                                            "broke the wire protocol at " (words::moment(line.time))
                                            ": " code { (text(&line.what)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }))
        },
    )
}

/// How the run went.
pub(super) fn phases(summary: &Summary) -> Markup {
    if summary.phases.is_empty() {
        return html! {};
    }
    section(
        "phases",
        "Phases",
        html! {
            (scrolling("Phases", html! {
                table {
                    thead { tr { th { "phase" } th.number { "from" } th.number { "until" } th.number { "took" } } }
                    tbody {
                        @for span in &summary.phases {
                            tr {
                                th scope="row" { (span.phase) }
                                td.number { (words::moment(span.begin)) }
                                td.number { (words::moment(span.end)) }
                                td.number { (words::duration(span.end.saturating_sub(span.begin))) }
                            }
                        }
                    }
                }
            }))
        },
    )
}

/// What else is known of the run.
pub(super) fn facts(summary: &Summary) -> Markup {
    let facts = &summary.facts;
    let named = [("version", &facts.version), ("containment", &facts.containment)];
    section(
        "facts",
        "Facts",
        html! {
            dl {
                @for (name, value) in named {
                    @if !value.is_empty() { dt { (name) } dd { (text(value)) } }
                }
                @for (name, value) in &summary.meta.facts { dt { (text(name)) } dd { (text(value)) } }
                @for line in &facts.environment { dt { "environment" } dd { (text(line)) } }
            }
            @if !facts.marks.is_empty() {
                h3 { "Situations reached" }
                dl {
                    @for (name, count) in &facts.marks {
                        dt { (text(name)) }
                        dd {
                            @if *count == 0 { "never" } @else { (words::count(*count)) " times" }
                        }
                    }
                }
            }
        },
    )
}
