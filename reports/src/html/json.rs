//! Any JSON value, readable without knowing its shape: objects as named entries, arrays as
//! numbered ones, long ones folded.

use super::text;
use maud::{Markup, html};
use serde_json::Value;

/// The most entries that are shown without being asked for.
const OPEN: usize = 12;
/// The most entries that are shown at all.
const MOST: usize = 500;
/// How deep nesting is followed.
const DEEP: usize = 24;

/// The value as nested lists.
pub(super) fn tree(value: &Value) -> Markup {
    html! { div.json { (node(value, 0)) } }
}

fn node(value: &Value, depth: usize) -> Markup {
    match value {
        Value::Null => html! { span.nil { "nil" } },
        Value::Bool(b) => html! { span.literal { (b) } },
        Value::Number(n) => html! { span.literal { (n) } },
        Value::String(s) => text(s),
        Value::Array(items) if items.iter().all(|i| !i.is_array() && !i.is_object()) => html! {
            @for (i, item) in items.iter().take(MOST).enumerate() {
                @if i > 0 { ", " }
                (node(item, depth + 1))
            }
            @if items.is_empty() { span.nil { "none" } }
            (rest(items.len()))
        },
        Value::Array(items) => folded(
            items.len(),
            depth,
            html! {
                ol { @for item in items.iter().take(MOST) { li { (node(item, depth + 1)) } } }
                (rest(items.len()))
            },
        ),
        Value::Object(fields) => folded(
            fields.len(),
            depth,
            html! {
                ul {
                    @for (name, value) in fields.iter().take(MOST) {
                        li { span.name { (text(name)) } ": " (node(value, depth + 1)) }
                    }
                }
                (rest(fields.len()))
            },
        ),
    }
}

fn rest(length: usize) -> Markup {
    html! { @if length > MOST { p.note { (length - MOST) " more are not shown" } } }
}

fn folded(length: usize, depth: usize, body: Markup) -> Markup {
    if depth > DEEP {
        return html! { span.nil { (length) " entries, nested too deep to show" } };
    }
    if length <= OPEN {
        return body;
    }
    html! { details { summary { (length) " entries" } (body) } }
}
