//! The plots, each twice: drawn for wide and for narrow pages.

use super::{Error, section};
use crate::plots::{Format, Plot, Series};
use maud::{Markup, PreEscaped, html};

/// All plots with their captions.
pub(super) fn figures(series: &Series) -> Result<Markup, Error> {
    let mut figures = Vec::new();
    for plot in Plot::of(series) {
        let (wide, narrow) = (plot.svg(series, Format::Wide)?, plot.svg(series, Format::Narrow)?);
        figures.push(html! {
            figure id=(plot.name()) {
                h3 { (plot.title()) }
                (PreEscaped(wide))
                (PreEscaped(narrow))
                figcaption {
                    (plot.caption(series))
                    @if plot != Plot::Percentiles && !series.wrongs.is_empty() {
                        " A vertical line marks when a promise was broken."
                    }
                    @if plot != Plot::Percentiles && !series.faults.is_empty() {
                        " Faults are shaded; their numbers are those of the "
                        a href="#faults" { "table of faults" } "."
                    }
                }
            }
        });
    }
    Ok(section("plots", "Plots", html! { @for figure in figures { (figure) } }))
}
