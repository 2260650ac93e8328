//! The report as one HTML page that needs nothing else: no network, no other file, no server.
//!
//! It is read from top to bottom: the verdict and its witness in words, how to repeat the run,
//! the key figures, the plots, and then everything else. All text is escaped where it is written
//! into the page (the template does it) or set as text by the scripts; a content policy forbids
//! the page to load anything.

mod data;
mod diagrams;
mod json;
mod linearizability;
mod logs;
mod operations;
mod plots;
mod tables;
mod verdict;
mod witness;

use crate::NodeLog;
use crate::plots::{self as drawings, Series};
use crate::summary::Summary;
use crate::words;
use data::Data;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use schism_history::{History, Operation};

const STYLE: &str =
    concat!(include_str!("../../assets/palette.css"), include_str!("../../assets/report.css"));

/// A page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A plot could not be drawn.
    #[error(transparent)]
    Plot(#[from] drawings::Error),
    /// The data of a diagram could not be put into words.
    #[error("failed to write the data of the diagrams: {0}")]
    Data(#[from] serde_json::Error),
}

/// The page on a run.
pub fn report(history: &History, summary: &Summary, logs: &[NodeLog]) -> Result<String, Error> {
    let operations = history.operations();
    let series = Series::of(history, &operations, summary);
    page(history, &operations, summary, &series, logs)
}

/// The page on a run whose operations are paired and whose plots are prepared already.
pub(crate) fn page(
    history: &History,
    operations: &[Operation],
    summary: &Summary,
    series: &Series,
    logs: &[NodeLog],
) -> Result<String, Error> {
    let data = Data::of(history, operations, summary);
    let plots = plots::figures(series)?;
    let broken = !data.witnesses.is_empty();
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
                title { (text(&title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (verdict::header(summary, &data, !logs.is_empty()))
                main {
                    (verdict::findings(summary, &data))
                    (verdict::replay(summary))
                    (tables::key_figures(summary))
                    // What went wrong is seen in the diagrams; how a run went that was fine, in the plots.
                    @if !broken { (plots) }
                    (diagrams::timeline(&data, summary))
                    (diagrams::spacetime(&data, summary))
                    @if broken { (plots) }
                    (tables::faults(summary))
                    (tables::operations(summary))
                    (tables::messages(summary))
                    (tables::nodes(summary))
                    (tables::phases(summary))
                    (logs::section(logs))
                    (tables::facts(summary))
                }
                (diagrams::scripts(&data.json()?))
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
