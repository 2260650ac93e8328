//! The matrix as one HTML page that needs nothing else.

use super::{Cell, Column, Evidence, Expected, Mark, Matrix, Problem, Protocol, Severity, Twin};
use crate::words;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str =
    concat!(include_str!("../../assets/palette.css"), include_str!("../../assets/matrix.css"));
const SCRIPT: &str = include_str!("../../assets/matrix.js");

/// The page.
pub fn page(matrix: &Matrix) -> String {
    let problems = matrix.problems();
    let disagree = problems.iter().any(|problem| problem.severity == Severity::Disagreement);
    let (state, verdict) = match (problems.is_empty(), disagree) {
        (true, _) => ("good", "catalogue and runs agree"),
        (_, true) => ("bad", "catalogue and runs disagree"),
        (_, false) => ("doubt", "not everything could be found out"),
    };
    // Nothing is loaded from anywhere.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "The textbook, measured: " (matrix.protocols.len()) " protocols" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header class=(state) {
                    h1 { "The textbook, measured" }
                    p.verdict { (verdict) }
                    (figures(matrix))
                }
                main {
                    (told(&problems))
                    (legend(matrix))
                    (table(matrix))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string()
}

fn figures(matrix: &Matrix) -> Markup {
    let counts = matrix.counts();
    let figure = |figure: String, name: &str| {
        html! { div.figure { b { (figure) } span { (name) } } }
    };
    html! {
        div.figures {
            (figure(matrix.protocols.len().to_string(), "protocols"))
            (figure(counts.kept.to_string(), "claims kept"))
            (figure(words::count(matrix.seeds), "seeds per claim"))
            (figure(counts.caught.to_string(), "losses seen where they must be"))
            (figure(format!("{} of {}", counts.twins.0, counts.twins.1), "broken twins caught"))
            (figure(words::count(matrix.runs), "simulated runs"))
            (figure(format!("{:.0} s", matrix.seconds), "of computing"))
        }
        p.note {
            "Each protocol was run in each environment in the simulator, and judged from the \
             record. A claim says that the environment is within the protocol's model. Every seed \
             replays bit for bit: choose a cell to see how. Schism " (matrix.schism) "."
        }
    }
}

fn told(problems: &[Problem]) -> Markup {
    html! {
        @if !problems.is_empty() {
            section #problems {
                h2 { "What is not as it should be" }
                @for problem in problems {
                    div class={ "problem " (severity(problem)) } {
                        h3 {
                            (problem.protocol)
                            @if let Some(twin) = &problem.twin { " with " (twin) }
                            ", " (problem.environment) ": " (problem.property)
                        }
                        p { (words::plain(&problem.what)) }
                        pre { code { (problem.replay) } }
                    }
                }
            }
        }
    }
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Disagreement => "bad",
        Severity::Undecided => "doubt",
    }
}

/// How a mark looks: its class, its sign and what it means.
const LOOKS: [(Mark, &str, &str, &str); 11] = [
    (Mark::Holds, "holds", "✓", "promised, and kept under stress"),
    (Mark::Unstressed, "idle", "~", "promised and kept, but nothing here could break it"),
    (Mark::Vacuous, "idle", "∅", "promised, but nothing it speaks of happens here"),
    (Mark::Caught, "caught", "⊗", "must be lost here, and is"),
    (Mark::NotClaimedLost, "lost", "×", "not claimed, and lost"),
    (Mark::NotClaimedKept, "open", "·", "not claimed, and not seen to be lost"),
    (Mark::Broken, "bad", "✗", "promised, and lost"),
    (Mark::Untested, "bad", "✗", "promised, but never put to the test"),
    (Mark::Missed, "bad", "✗", "must be lost here, and is not"),
    (Mark::Unknown, "doubt", "?", "could not be judged"),
    (Mark::Unfinished, "doubt", "…", "not tried often enough"),
];

fn look(mark: Mark) -> (&'static str, &'static str, &'static str) {
    let known = LOOKS.iter().find(|(known, ..)| *known == mark);
    known.map_or(("open", "", ""), |&(_, class, sign, meaning)| (class, sign, meaning))
}

fn legend(matrix: &Matrix) -> Markup {
    let mut present = LOOKS.to_vec();
    present.retain(|(mark, ..)| matrix.cells().any(|cell| cell.mark() == *mark));
    html! {
        section #legend {
            ul.signs {
                @for (_, class, sign, meaning) in present {
                    li { span class={ "mark " (class) } { (sign) } " " (meaning) }
                }
            }
            details {
                summary { "The environments" }
                dl {
                    @for Column { name, line, .. } in &matrix.environments {
                        dt { (name) } dd { (line) }
                    }
                }
            }
            form.filter {
                label { "Show " input type="search" name="words" placeholder="protocol, property, model"; }
                label { input type="checkbox" name="problems"; " only what disagrees" }
            }
        }
    }
}

fn table(matrix: &Matrix) -> Markup {
    html! {
        table.matrix {
            thead {
                tr {
                    th scope="col" { "property" }
                    @for column in &matrix.environments {
                        th scope="col" title=(column.line) {
                            span.long { (column.name) } span.short { (column.short) }
                        }
                    }
                }
            }
            @for (i, protocol) in matrix.protocols.iter().enumerate() {
                (rows(&matrix.environments, protocol, i))
            }
        }
    }
}

fn rows(environments: &[Column], protocol: &Protocol, i: usize) -> Markup {
    let Protocol { name, line, source, model, workload, .. } = protocol;
    html! {
        tbody #(name) data-words={ (name) " " (model) " " (workload) } {
            tr.protocol {
                th colspan=(environments.len() + 1) scope="rowgroup" {
                    h3 { a href={ "#" (name) } { (name) } " " span.model { (model) } }
                    p { (line) " " cite { (source) } }
                }
            }
            @for (j, row) in protocol.rows.iter().enumerate() {
                tr.property {
                    th scope="row" { (row.property) }
                    @for (k, (column, cell)) in environments.iter().zip(&row.cells).enumerate() {
                        @if let Some(cell) = cell {
                            td { (shown(cell, &row.property, &column.name, &format!("c{i}-{j}-{k}"))) }
                        } @else {
                            td.none { span.mark title="this cannot be done to it" {} }
                        }
                    }
                }
            }
            @for (j, twin) in protocol.twins.iter().enumerate() {
                (defect(environments.len(), twin, &format!("t{i}-{j}")))
            }
        }
    }
}

fn defect(columns: usize, twin: &Twin, id: &str) -> Markup {
    html! {
        tr.twin {
            th scope="row" { span.note { "twin " } (twin.name) }
            td { (shown(&twin.cell, &twin.loses, "its-model", id)) }
            td.says colspan=(columns - 1) { (twin.line) ": loses " b { (twin.loses) } }
        }
    }
}

/// A cell, with what stands behind it in a box that opens when it is chosen.
fn shown(cell: &Cell, property: &str, environment: &str, id: &str) -> Markup {
    let mark = cell.mark();
    let (class, sign, meaning) = look(mark);
    let tally = cell.tally;
    let figure = match (&cell.lost, mark) {
        (Some(lost), _) => format!("#{}", lost.seed),
        (None, Mark::NotClaimedKept | Mark::Vacuous) => String::new(),
        _ => words::count(tally.tried()),
    };
    html! {
        button class={ "mark " (class) } popovertarget=(id) title={ (property) ", " (environment) ": " (meaning) } {
            span.sign { (sign) } small { (figure) }
        }
        div.box #(id) popover {
            h4 { (property) ", " (environment) }
            p { span class={ "mark " (class) } { (sign) } " " (meaning) "." }
            @if cell.expected == Expected::Lost && !cell.why.is_empty() {
                p { "Why: " (cell.why) "." }
            }
            @if let Some(Evidence { seed, status, explanation, replay }) = &cell.lost {
                p { b { "Seed " (seed) ": " (status) ". " } (words::plain(explanation)) }
                pre { code { (replay) } }
            }
            p.note {
                (words::count(tally.tried())) " seeds: " (words::count(tally.holds)) " held under stress, "
                (words::count(tally.unstressed)) " held without, " (words::count(tally.vacuous)) " vacuous"
                @if tally.unknown > 0 { ", " (words::count(tally.unknown)) " undecided" }
                @if tally.lost > 0 { ", " (words::count(tally.lost)) " lost" }
                "."
            }
        }
    }
}
