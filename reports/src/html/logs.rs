//! What the nodes wrote, each line with the way to its moment in the diagrams.

use super::{section as part, text};
use crate::NodeLog;
use crate::words;
use maud::{Markup, html};

/// The logs of all nodes that said anything.
pub(super) fn section(logs: &[NodeLog]) -> Markup {
    if logs.is_empty() {
        return html! {};
    }
    let loud = || logs.iter().filter(|log| !log.is_silent());
    part(
        "logs",
        "Node logs",
        html! {
            @if loud().next().is_none() {
                p { "No node wrote anything on its standard error." }
            }
            @for log in loud() {
                details.log {
                    summary {
                        (text(&log.node)) ": "
                        (words::count((log.left_out + log.lines.len()) as u64)) " lines"
                    }
                    @if log.left_out > 0 {
                        p.note {
                            "The first " (words::count(log.left_out as u64))
                            " lines are not part of this page; all stand in nodes/"
                            (text(&log.node)) ".log."
                        }
                    }
                    ol {
                        @for line in &log.lines {
                            li {
                                @if let Some(time) = line.time {
                                    button.moment type="button" data-time=(time / 1000)
                                        title="Show this moment in the diagrams" {
                                        (words::moment(time))
                                    }
                                }
                                code { (text(&line.text)) }
                            }
                        }
                    }
                }
            }
        },
    )
}
