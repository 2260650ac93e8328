//! The interactive diagrams: operations of clients, messages between nodes.

use super::data::Data;
use super::section;
use crate::summary::Summary;
use crate::words;
use maud::{Markup, PreEscaped, html};

/// Buttons for those who neither scroll nor type.
fn buttons() -> Markup {
    html! {
        @for (zoom, sign, name) in [
            ("in", "+", "Zoom in"),
            ("out", "−", "Zoom out"),
            ("back", "←", "Earlier"),
            ("on", "→", "Later"),
            ("all", "Whole run", "Show the whole run"),
        ] {
            button type="button" data-zoom=(zoom) aria-label=(name) { (sign) }
        }
    }
}

fn jumps(data: &Data, summary: &Summary, to: &str) -> Markup {
    html! {
        @for (number, witness) in data.witnesses.iter().enumerate() {
            button type="button" class="jump" data-witness=(number) data-to=(to) {
                "Jump to: " (words::plain(&summary.findings[witness.finding].finding.property))
            }
        }
    }
}

/// What was broken when, for those who do not see it.
fn moments(data: &Data, summary: &Summary) -> String {
    let broken = data.witnesses.iter().map(|witness| {
        let property = &summary.findings[witness.finding].finding.property;
        let (from, until) = (witness.from * 1000, witness.until * 1000);
        format!(
            "; {} broken from {} to {}",
            words::plain(property),
            words::moment(from),
            words::moment(until)
        )
    });
    broken.collect()
}

/// A canvas with room for its lanes from the start, so that nothing moves when it is drawn: lanes
/// are as high as wanted where that makes no more than `most`, and never thinner than can be seen.
fn canvas(label: &str, lanes: f64, wanted: f64, most: f64, margins: f64) -> Markup {
    let height = (lanes * wanted).min(most).max(lanes * 4.0) + margins;
    html! {
        canvas tabindex="0" role="img" aria-label=(label) style={ "height:" (height) "px" } {}
    }
}

const HINT: &str = "Drag to move; click, then turn the wheel to zoom; hover for details. By keyboard: \
                    ← and → move, + and − zoom, 0 shows the whole run, ↓ and ↑ go through what is in \
                    view.";

/// What clients did, lane by lane.
pub(super) fn timeline(data: &Data, summary: &Summary) -> Markup {
    if data.ops.lanes == 0 {
        return html! {};
    }
    let total = summary.operations.total;
    let label = format!(
        "Timeline of operations by client: {} ok, {} fail, {} info, {} lanes, {}{}",
        total.ok,
        total.fail,
        total.info,
        data.ops.lanes,
        words::duration(summary.duration),
        moments(data, summary)
    );
    section(
        "timeline",
        "Operation timeline",
        html! {
            figure id="timeline-figure" class="interactive" {
                div.controls { (buttons()) (jumps(data, summary, "timeline")) }
                (canvas(&label, data.ops.lanes as f64, 24.0, 480.0, 54.0))
                output hidden {}
                figcaption {
                    "A lane for each client, named by its processes; a bar for each operation, from \
                     invocation to completion: "
                    span.swatch.ok {} "ok, " span.swatch.fail {} "fail, "
                    span.swatch.info {} "info (it may have happened, then or later). "
                    @if !data.witnesses.is_empty() {
                        "Framed: the operations that show a violation, and dashed those it is about. "
                    }
                    (HINT) " A click on an operation, or Enter, follows it through the messages below. "
                    @if let Some(note) = &data.ops.note { strong { (note) } }
                }
            }
        },
    )
}

/// What nodes said to each other.
pub(super) fn spacetime(data: &Data, summary: &Summary) -> Markup {
    if !data.has_traffic() {
        return html! {};
    }
    let label = format!(
        "Space-time diagram: {} nodes, {} messages sent, {}{}",
        summary.nodes.len(),
        summary.messages.sent,
        words::duration(summary.duration),
        moments(data, summary)
    );
    section(
        "spacetime",
        "Space-time diagram",
        html! {
            figure id="spacetime-figure" class="interactive" {
                div.controls { (buttons()) (jumps(data, summary, "spacetime")) }
                details.filter { summary { "Filter" } div data-filters="" {} }
                (canvas(&label, data.peers.len() as f64 - 1.0, 90.0, 420.0, 100.0))
                output hidden {}
                p.note role="status" {}
                figcaption {
                    "A line for each node, an arrow for each message from when it was sent to when it "
                    "arrived; crossed where it was lost; a dot for each thing a protocol told. "
                    @if !data.witnesses.is_empty() { "What shows a violation is drawn bold. " }
                    (HINT) " "
                    @if let Some(note) = &data.traffic_note { strong { (note) } " " }
                    @if summary.messages.estimated {
                        strong { "Of the later messages of this run only a part was recorded: some arrows are missing." }
                    }
                }
            }
        },
    )
}

/// The data of both, and the scripts.
pub(super) fn scripts(json: &str) -> Markup {
    html! {
        script type="application/json" id="data" { (PreEscaped(json)) }
        @for script in [
            include_str!("../../assets/view.js"),
            include_str!("../../assets/spacetime.js"),
            include_str!("../../assets/timeline.js"),
            include_str!("../../assets/report.js"),
        ] {
            script { (PreEscaped(script)) }
        }
    }
}
