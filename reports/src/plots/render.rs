//! The two canvases: SVG for the page, PNG for slides.

use super::draw::{Spot, draw};
use super::frame::{Layout, Mark, mark};
use super::palette::{PAPER, VARIABLES, load_fonts, outcome};
use super::{Plot, Series};
use plotters::prelude::*;
use schism_history::Outcome;
use std::collections::HashSet;
use std::fmt::Write;

/// A plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("failed to draw the plot {plot}: {reason}")]
pub struct Error {
    plot: &'static str,
    reason: String,
}

/// What an SVG is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page on a desk.
    Wide,
    /// A page in a hand.
    Narrow,
}

const SLIDE: Layout = Layout { width: 1600, height: 900, font: 27.0, heading: true };
const WIDE: Layout = Layout { width: 1300, height: 600, font: 25.0, heading: false };
const NARROW: Layout = Layout { width: 640, height: 600, font: 26.0, heading: false };

/// The most points of operations in an SVG.
const SPOTS: usize = 20_000;

impl Plot {
    fn failed(self, reason: impl ToString) -> Error {
        Error { plot: self.name(), reason: reason.to_string() }
    }

    /// The plot as a PNG of 1600 by 900 pixels.
    pub fn png(self, series: &Series) -> Result<Vec<u8>, Error> {
        load_fonts();
        let Layout { width, height, .. } = SLIDE;
        let mut pixels = vec![0; (width * height * 3) as usize];
        {
            let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
            self.paint(series, &root).map_err(|e| self.failed(e))?;
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|e| self.failed(e))?;
        writer.write_image_data(&pixels).map_err(|e| self.failed(e))?;
        writer.finish().map_err(|e| self.failed(e))?;
        Ok(file)
    }

    fn paint<DB: DrawingBackend>(
        self,
        series: &Series,
        root: &DrawingArea<DB, plotters::coord::Shift>,
    ) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
        root.fill(&PAPER)?;
        let spots = draw(self, series, root, SLIDE)?;
        let (spots, _) = thinned(&spots, usize::MAX);
        for spot in spots {
            let (shape, opacity) = look(spot.outcome);
            mark(root, spot.at, shape, 3, outcome(spot.outcome).mix(opacity))?;
        }
        root.present()
    }

    /// The plot as an SVG element, in the colours of the page it stands in.
    pub fn svg(self, series: &Series, format: Format) -> Result<String, Error> {
        load_fonts();
        let (layout, class) = match format {
            Format::Wide => (WIDE, "plot wide"),
            Format::Narrow => (NARROW, "plot narrow"),
        };
        let mut drawing = String::new();
        let spots = {
            let size = (layout.width, layout.height);
            let root = SVGBackend::with_string(&mut drawing, size).into_drawing_area();
            let spots = draw(self, series, &root, layout).map_err(|e| self.failed(e))?;
            root.present().map_err(|e| self.failed(e))?;
            spots
        };
        let start = drawing.find("<svg").and_then(|at| Some(at + drawing[at..].find('>')? + 1));
        let end = drawing.rfind("</svg>");
        let Some((start, end)) = start.zip(end) else {
            return Err(self.failed("the drawing library wrote no SVG element"));
        };
        let mut body = drawing[start..end].to_owned();
        for (RGBColor(r, g, b), variable) in VARIABLES {
            body = body.replace(&format!("\"#{r:02X}{g:02X}{b:02X}\""), &format!("\"{variable}\""));
        }
        let (spots, cell) = thinned(&spots, SPOTS);
        let mut out = String::with_capacity(body.len() + spots.len() * 12 + 400);
        let alt = maud::html! { (self.alt(series)) }.into_string();
        let _ = write!(
            out,
            r#"<svg class="{class}" viewBox="0 0 {} {}" role="img" aria-label="{alt}">"#,
            layout.width, layout.height,
        );
        out += &body;
        paths(&mut out, &spots, f64::from(cell.max(2)) * 1.6 + 2.0);
        out += "</svg>";
        Ok(out)
    }
}

fn look(outcome: Outcome) -> (Mark, f64) {
    match outcome {
        Outcome::Ok => (Mark::Dot, 0.55),
        Outcome::Fail => (Mark::Triangle, 0.85),
        Outcome::Info => (Mark::Cross, 0.95),
    }
}

/// In the order in which they lie upon each other: what is rare lies above.
const LAYERS: [Outcome; 3] = [Outcome::Ok, Outcome::Fail, Outcome::Info];

/// Points that would cover each other, once; on a grid as coarse as it takes to get down to `most`
/// of them, and the width of its cells.
fn thinned(spots: &[Spot], most: usize) -> (Vec<Spot>, i32) {
    let mut cell = 1;
    loop {
        let mut seen = HashSet::new();
        let mut kept = Vec::new();
        for layer in LAYERS {
            for spot in spots.iter().filter(|s| s.outcome == layer) {
                let (x, y) = spot.at;
                let at = (x / cell * cell, y / cell * cell);
                if seen.insert((at, layer)) {
                    kept.push(Spot { at, ..*spot });
                }
            }
        }
        if kept.len() <= most {
            return (kept, cell);
        }
        cell += 1;
    }
}

/// One path for each outcome.
fn paths(out: &mut String, spots: &[Spot], size: f64) {
    for layer in LAYERS {
        let mut path = String::new();
        let of_layer = || spots.iter().filter(|s| s.outcome == layer);
        // Where there are many, none may hide what lies below it.
        let (half, high) = if of_layer().count() > 500 { (3, 5) } else { (5, 9) };
        for Spot { at: (x, y), .. } in of_layer() {
            let _ = match look(layer).0 {
                // A line of no length with round ends is a dot.
                Mark::Dot | Mark::Line => write!(path, "M{x} {y}h0"),
                Mark::Triangle => {
                    write!(path, "M{} {}l{half}-{high} {half} {high}z", x - half, y + high / 2)
                }
                Mark::Cross => {
                    let side = 2 * half;
                    write!(path, "M{} {}l{side} {side}m0-{side}l-{side} {side}", x - half, y - half)
                }
            };
        }
        if !path.is_empty() {
            let class = crate::words::outcome(layer);
            let _ =
                write!(out, r#"<path class="spots {class}" stroke-width="{size:.0}" d="{path}"/>"#);
        }
    }
}
