//! Why no order explains what clients saw: the longest orders that were found, step by step, and
//! where each got stuck.

use super::text;
use maud::{Markup, html};
use schism_checkers::linearizability::{Partial, Violation};
use serde_json::Value;

/// The most orders that are shown.
const ORDERS: usize = 3;
/// The most steps of an order that are shown, counted from where it got stuck.
const STEPS: usize = 15;

/// The explanation, if these are the details of a linearizability check that found a violation.
pub(super) fn explanation(details: &Value) -> Option<Markup> {
    let violation: Violation = serde_json::from_value(details.get("verdict")?.clone()).ok()?;
    let core = &violation.core;
    let omitted = details.pointer("/verdict/core/omitted").and_then(Value::as_u64).unwrap_or(0);
    Some(html! {
        @if let Some(object) = &violation.object { p { "It concerns the object " (text(object)) "." } }
        h4 { "The operations that cannot all be explained" }
        ul {
            @for &i in &core.mandatory { li { (operation(&violation, i)) } }
            @for &i in &core.optional {
                li { (operation(&violation, i)) " (need not have happened by then; does not help)" }
            }
        }
        @if omitted > 0 { p.note { (omitted) " more of them are not listed." } }
        @if !core.starts.is_empty() {
            p {
                "Before them the object was "
                @for (i, state) in core.starts.iter().enumerate() {
                    @if i > 0 { " or " }
                    code { (text(state)) }
                }
                @if core.any_start { ", which is all it can be" }
                @if core.after > 0 { ", as the " (core.after) " operations before lead there" }
                "."
            }
        }
        @if !violation.partials.is_empty() {
            h4 { "How far an order gets" }
            @for partial in violation.partials.iter().take(ORDERS) { (order(&violation, partial)) }
        }
        @if violation.partials.len() > ORDERS {
            p.note { (violation.partials.len() - ORDERS) " more orders get as far." }
        }
    })
}

/// What an operation was, and by whom. Indexes come from a file: none is taken on trust.
fn operation(violation: &Violation, index: usize) -> Markup {
    html! {
        @match violation.operations.get(index) {
            Some(operation) => {
                code { (text(&operation.text)) } " by process " (operation.process)
                " (record " (operation.invoked) ")"
            },
            None => "an operation that is not listed",
        }
    }
}

/// One order: each operation with the state after it, and what could not come next.
fn order(violation: &Violation, partial: &Partial) -> Markup {
    let hidden = partial.steps.len().saturating_sub(STEPS);
    let before = match hidden.checked_sub(1) {
        Some(last) => &partial.steps[last].state,
        None => &partial.start,
    };
    let end = partial.steps.last().map_or(&partial.start, |step| &step.state);
    let stuck = violation.rejected.iter().filter(|rejection| rejection.state == *end);
    html! {
        div.scroll tabindex="0" role="region" aria-label="An order and where it gets stuck" {
            table.order {
                thead { tr { th { "operation, in this order" } th { "the object after it" } } }
                tbody {
                    tr {
                        td {
                            @match partial.omitted + hidden {
                                0 => "at first",
                                n => { "after " (n) " operations" },
                            }
                        }
                        td { code { (text(before)) } }
                    }
                    @for step in &partial.steps[hidden..] {
                        tr {
                            td { (operation(violation, step.operation)) }
                            td { code { (text(&step.state)) } }
                        }
                    }
                    @for rejection in stuck {
                        tr.stuck {
                            td { "✗ " (operation(violation, rejection.operation)) }
                            td { (text(&rejection.reason)) }
                        }
                    }
                }
            }
        }
    }
}
