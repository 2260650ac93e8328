//! Pages that are not about one run: lists, comparisons, suites, a run under way.
//!
//! They are pure functions of what they show, like everything in this crate; `schism serve` hands
//! them out. Everything from outside is escaped where it is written (the template does it), and
//! what would hide or reorder text is made visible before.

mod chart;
mod compare;
mod live;
mod message;
mod run;
mod runs;
mod suites;

pub use compare::{Compared, compare};
pub use live::{LivePoint, LiveRun, live};
pub use message::message;
pub use run::{RunPage, run};
pub use runs::{Query, RunRow, Sort, State, runs};
pub use suites::{SuiteRow, suite, suites};

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style of all pages.
pub const STYLE: &str = concat!(
    include_str!("../../assets/palette.css"),
    include_str!("../../assets/report.css"),
    include_str!("../../assets/web.css")
);
/// What pages that are served do by themselves: follow a run under way.
pub const SCRIPT: &str = include_str!("../../assets/web.js");

/// The colour of a verdict; a word and a sign always stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// As it should be.
    Good,
    /// Nobody can tell.
    Doubt,
    /// Not as it should be.
    Bad,
}

impl Light {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Light::Good => "good",
            Light::Doubt => "doubt",
            Light::Bad => "bad",
        }
    }

    /// That of a verdict.
    pub fn of(status: schism_checkers::Status) -> Light {
        match status.exit_code() {
            0 => Light::Good,
            1 => Light::Bad,
            _ => Light::Doubt,
        }
    }
}

/// A page as one file, which may load nothing.
pub(crate) fn standalone(title: &str, body: &Markup) -> String {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let head = html! {
        meta http-equiv="Content-Security-Policy" content=(policy);
        style { (PreEscaped(STYLE)) }
    };
    document(title, &head, body)
}

/// The part of the server a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Runs,
    Suites,
}

/// A page of the server.
fn served(title: &str, part: Part, body: &Markup) -> String {
    let head = html! {
        link rel="stylesheet" href="/assets/style.css";
        link rel="icon" href="data:,";
        script src="/assets/web.js" defer {}
    };
    let current = |this: Part| (this == part).then_some("page");
    let body = html! {
        a.skip href="#content" { "To the content" }
        div.bar {
            nav aria-label="Schism" {
                strong { "Schism" }
                a href="/runs" aria-current=[current(Part::Runs)] { "Runs" }
                a href="/suites" aria-current=[current(Part::Suites)] { "Suites" }
            }
        }
        div id="content" { (body) }
    };
    document(&format!("{title} · Schism"), &head, &body)
}

fn document(title: &str, head: &Markup, body: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (text(title)) }
                (head)
            }
            body { (body) }
        }
    };
    markup.into_string()
}

/// Text from outside, with what would hide or reorder it made visible.
fn text(text: &str) -> Markup {
    html! { (crate::words::plain(text)) }
}

/// A relative path, or a value of a query, as part of an address.
pub fn url(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
