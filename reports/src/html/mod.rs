//! The report as one HTML page that needs nothing else: no network, no other file, no server.
//!
//! It is read from top to bottom: the verdict and its witness in words, how to repeat the run,
//! the key figures, the plots, and then everything else. All text is escaped where it is written
//! into the page (the template does it) or set as text by the scripts; a content policy forbids
//! the page to load anything.

mod json;
mod plots;
mod tables;
mod verdict;

use crate::plots::{Error, Series};
use crate::summary::Summary;
use crate::words;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schism_history::{History, Operation};

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPTS: [&str; 1] = [include_str!("../../assets/report.js")];

/// The page on a run.
pub fn report(history: &History, summary: &Summary) -> Result<String, Error> {
    let operations = history.operations();
    let series = Series::of(&operations, summary);
    page(history, &operations, summary, &series)
}

/// The page on a run whose operations are paired and whose plots are prepared already.
pub(crate) fn page(
    _history: &History,
    _operations: &[Operation],
    summary: &Summary,
    series: &Series,
) -> Result<String, Error> {
    let meta = &summary.meta;
    let title = format!("{}: {} (seed {})", meta.test, summary.verdict, meta.seed);
    // Nothing is loaded from anywhere, whatever a value in the history says.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                  img-src data:";
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (verdict::header(summary))
                main {
                    (verdict::findings(summary))
                    (verdict::replay(summary))
                    (tables::key_figures(summary))
                    (plots::figures(series)?)
                    (tables::faults(summary))
                    (tables::operations(summary))
                    (tables::messages(summary))
                    (tables::nodes(summary))
                    (tables::phases(summary))
                    (tables::facts(summary))
                }
                @for script in SCRIPTS { script { (PreEscaped(script)) } }
            }
        }
    };
    Ok(markup.into_string())
}

/// A section with a heading that can be linked to.
fn section(id: &str, heading: &str, body: Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-heading" } {
            h2 id={ (id) "-heading" } { (heading) }
            (body)
        }
    }
}

/// Text from outside, with what would hide or reorder it made visible.
fn text(text: &str) -> Markup {
    html! { (words::plain(text)) }
}
