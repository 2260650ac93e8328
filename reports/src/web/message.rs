//! A page that says one thing: that something is not there, or cannot be shown.

use super::{Part, served, text};
use maud::html;

/// The page.
pub fn message(title: &str, explanation: &str) -> String {
    let body = html! {
        main {
            h1 { (text(title)) }
            p { (text(explanation)) }
            p { a href="/runs" { "All runs" } }
        }
    };
    served(title, Part::Runs, &body)
}
