//! What plots have around them: heading, legend, the strip that names the faults, and axes.

use super::palette::{BAD, FONT, GRID, INK, MUTED, SHADE};
use super::series::Series;
use crate::summary::FaultSpan;
use crate::words;
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use schism_history::Nanos;
use std::ops::Range;

/// The canvas of a plot.
pub(super) type Canvas<DB> = DrawingArea<DB, Shift>;
/// The outcome of drawing on it.
pub(super) type Drawn<T, DB> = Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
/// The part of the canvas between the axes.
pub(super) type Plane<DB> = DrawingArea<DB, Cartesian2d<Scale, Scale>>;

/// How large a plot and its letters are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub width: u32,
    pub height: u32,
    /// Size of the letters, in pixels.
    pub font: f64,
    /// Whether it carries its own heading.
    pub heading: bool,
}

/// An axis: what it counts, and how its ticks are written.
pub(super) struct Axis {
    pub name: &'static str,
    pub scale: Scale,
    pub label: fn(f64) -> String,
}

/// From where to where an axis reaches, and where its ticks and faint lines stand.
#[derive(Clone)]
pub(super) struct Scale {
    pub range: Range<f64>,
    pub ticks: Vec<f64>,
    pub between: Vec<f64>,
}

impl Ranged for Scale {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { self.between.clone() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// An entry of the legend: the mark and what it stands for.
pub(super) struct Key {
    pub colour: RGBColor,
    pub mark: Mark,
    pub text: String,
}

/// What data looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Dot,
    Triangle,
    Cross,
    Line,
}

/// Draws a mark.
pub(super) fn mark<DB: DrawingBackend>(
    root: &Canvas<DB>,
    at: (i32, i32),
    mark: Mark,
    size: i32,
    colour: RGBAColor,
) -> Drawn<(), DB> {
    match mark {
        Mark::Dot => root.draw(&Circle::new(at, size, colour.filled())),
        Mark::Triangle => root.draw(&TriangleMarker::new(at, size + 2, colour.filled())),
        Mark::Cross => root.draw(&Cross::new(at, size, colour.stroke_width(2))),
        Mark::Line => {
            let ends = vec![(at.0 - 3 * size, at.1), (at.0 + 3 * size, at.1)];
            root.draw(&PathElement::new(ends, colour.stroke_width(size.max(2) as u32)))
        }
    }
}

/// The frame of a plot on its canvas.
pub(super) struct Frame<'a, DB: DrawingBackend> {
    pub root: &'a Canvas<DB>,
    pub layout: Layout,
}

impl<DB: DrawingBackend> Frame<'_, DB> {
    fn px(&self, ems: f64) -> i32 {
        (self.layout.font * ems).round() as i32
    }

    fn style(&self, ems: f64, colour: RGBColor) -> TextStyle<'static> {
        (FONT, self.layout.font * ems).into_font().color(&colour)
    }

    fn text_width(&self, text: &str, style: &TextStyle<'_>) -> i32 {
        let width = self.root.estimate_text_size(text, style).map_or(0, |(width, _)| width as i32);
        // A page sets text in a font of its own, which may be wider than ours.
        if self.layout.heading { width } else { width * 9 / 8 }
    }

    /// Draws everything around the data and gives the plane to draw the data in. Where `x` counts
    /// seconds, what went wrong when is that of the series.
    pub fn plane(
        &self,
        heading: &str,
        keys: &[Key],
        series: Option<&Series>,
        x: Axis,
        y: Axis,
    ) -> Drawn<Plane<DB>, DB> {
        let faults = series.map_or(&[][..], |s| &s.faults);
        let mut top = self.px(0.5);
        if self.layout.heading {
            let size = self.layout.font * 1.35;
            let style = (FONT, size, FontStyle::Bold).into_font().color(&INK);
            self.root.draw(&Text::new(heading.to_owned(), (self.px(0.8), top), style))?;
            top += self.px(2.2);
        }
        top = self.legend(y.name, keys, top)?;
        let lanes = lanes(faults, x.scale.range.end);
        let lane = self.px(1.5);
        let strip = top;
        top += lane * lanes.iter().map(|&l| l + 1).max().unwrap_or(0) + self.px(0.4);

        let (_, below) = self.root.split_vertically(top);
        let mut chart = ChartBuilder::on(&below)
            .margin_right(self.px(1.4))
            .margin_left(self.px(0.3))
            .x_label_area_size(self.px(3.2))
            .y_label_area_size(self.px(4.4))
            .build_cartesian_2d(x.scale, y.scale)?;
        chart
            .configure_mesh()
            .x_desc(x.name)
            .x_label_formatter(&|value| (x.label)(*value))
            .y_label_formatter(&|value| (y.label)(*value))
            .label_style(self.style(0.95, MUTED))
            .axis_desc_style(self.style(0.95, MUTED))
            .axis_style(MUTED)
            .bold_line_style(GRID)
            .light_line_style(GRID.mix(0.5))
            .draw()?;
        let (columns, rows) = chart.plotting_area().get_pixel_range();
        let plane = chart.plotting_area().clone();
        let at = |nanos: Nanos| {
            let (x, _) = plane.map_coordinate(&(nanos as f64 / 1e9, 0.0));
            x.clamp(columns.start, columns.end)
        };
        let span = |fault: &FaultSpan| {
            let from = at(fault.begin);
            // A moment is too short to be seen as it is.
            (from, fault.end.map_or(columns.end, at).max(from + self.px(0.15).max(2)))
        };
        for (from, until, depth) in depths(&faults.iter().map(span).collect::<Vec<_>>()) {
            // Deeper where there are several, but never so deep that nothing can be read on it.
            let shade = SHADE.mix(0.26 * (1.0 - 0.5f64.powi(depth))).filled();
            self.root.draw(&Rectangle::new([(from, rows.start), (until, rows.end)], shade))?;
        }
        for (i, (fault, &number)) in faults.iter().zip(&lanes).enumerate() {
            let (from, until) = span(fault);
            // A name may go on beyond its bar, up to the next bar of the row.
            let next = (i + 1..faults.len()).find(|&j| lanes[j] == number);
            let room = next.map_or(columns.end, |j| at(faults[j].begin));
            let top = strip + number * lane;
            let bar = [(from, top), (until, top + lane - self.px(0.2).max(2))];
            self.flag(fault, bar, room - from)?;
        }
        let mut labels: Vec<(i32, i32, i32)> = Vec::new();
        for (wrong, time) in series.map_or(&[][..], |s| &s.wrongs) {
            let x = at(*time);
            let ends = vec![(x, rows.start), (x, rows.end)];
            self.root.draw(&PathElement::new(ends, BAD.stroke_width(2)))?;
            // To the side of the line where there is more room.
            let style = self.style(0.85, BAD).pos(Pos::new(HPos::Left, VPos::Center));
            let wide = self.text_width(wrong, &style);
            let before = x - columns.start > columns.end - x;
            let left = x + if before { -self.px(0.3) - wide } else { self.px(0.3) };
            // Below those that stand in its way.
            let met = |row: i32| {
                labels.iter().any(|l| l.2 == row && left < l.1 + self.px(0.5) && l.0 < left + wide)
            };
            let row = (0..).find(|&row| !met(row)).unwrap_or(0);
            labels.push((left, left + wide, row));
            let y = rows.start + self.px(0.7) + row * self.px(1.1);
            self.root.draw(&Text::new(wrong.clone(), (left, y), style))?;
        }
        Ok(plane)
    }

    /// The bar that names a fault; its name has this much room.
    fn flag(&self, fault: &FaultSpan, bar: [(i32, i32); 2], room: i32) -> Drawn<(), DB> {
        self.root.draw(&Rectangle::new(bar, SHADE.mix(0.45).filled()))?;
        let style = self.style(0.8, INK);
        let room = room - self.px(0.5);
        let what = words::plain(&fault.what);
        let letters: Vec<char> = what.chars().collect();
        let whole = (letters.len(), String::new());
        let cuts = (3..letters.len()).rev().step_by(2).map(|n| (n, "…".to_owned()));
        let texts = std::iter::once(whole).chain(cuts).map(|(n, rest)| {
            let kept: String = letters[..n.min(letters.len())].iter().collect();
            kept.trim_end().to_owned() + &rest
        });
        // Numbers are those of the table of faults; a bar too short for its name has at least it.
        let number = std::iter::once(fault.id.to_string());
        let text = texts.chain(number).find(|text| self.text_width(text, &style) <= room);
        let Some(text) = text else { return Ok(()) };
        let style = style.pos(Pos::new(HPos::Left, VPos::Center));
        let at = (bar[0].0 + self.px(0.25), (bar[0].1 + bar[1].1) / 2);
        self.root.draw(&Text::new(text, at, style))
    }

    /// The name of the vertical axis and what the marks mean, in as many rows as that takes.
    fn legend(&self, axis: &str, keys: &[Key], top: i32) -> Drawn<i32, DB> {
        let left = self.px(0.8);
        let row = self.px(1.55);
        let (mut x, mut y) = (left, top);
        let centre = Pos::new(HPos::Left, VPos::Center);
        let name = self.style(0.95, MUTED).pos(centre);
        self.root.draw(&Text::new(axis.to_owned(), (x, y + row / 2), name.clone()))?;
        x += self.text_width(axis, &name) + self.px(1.4);
        let style = self.style(0.95, INK).pos(centre);
        for key in keys {
            let size = self.px(0.28);
            let wide = if key.mark == Mark::Line { 3 * size } else { size };
            let width = self.text_width(&key.text, &style) + 2 * wide + self.px(0.5);
            if x > left && x + width > self.layout.width as i32 {
                (x, y) = (left, y + row);
            }
            mark(self.root, (x + wide, y + row / 2), key.mark, size, key.colour.to_rgba())?;
            let at = (x + 2 * wide + self.px(0.5), y + row / 2);
            self.root.draw(&Text::new(key.text.clone(), at, style.clone()))?;
            x += width + self.px(1.4);
        }
        Ok(y + row + self.px(0.2))
    }
}

/// Where how many of these spans overlap: from, until, how many.
fn depths(spans: &[(i32, i32)]) -> Vec<(i32, i32, i32)> {
    let mut edges: Vec<i32> = spans.iter().flat_map(|&(from, until)| [from, until]).collect();
    edges.sort_unstable();
    edges.dedup();
    let between = edges.windows(2).map(|ends| {
        let over = spans.iter().filter(|span| span.0 <= ends[0] && ends[1] <= span.1);
        (ends[0], ends[1], over.count() as i32)
    });
    between.filter(|&(.., depth)| depth > 0).collect()
}

/// The most rows of named faults.
const LANES: usize = 5;

/// A row for each fault, so that faults in one row do not overlap as long as rows suffice.
fn lanes(faults: &[FaultSpan], end: f64) -> Vec<i32> {
    let end = (end * 1e9) as Nanos;
    let mut free: Vec<Nanos> = Vec::new();
    let place = |fault: &FaultSpan| {
        let until = fault.end.unwrap_or(end).max(fault.begin) + 1;
        let lane = free.iter().position(|&at| at <= fault.begin).unwrap_or_else(|| {
            if free.len() < LANES {
                free.push(0);
            }
            free.len() - 1
        });
        free[lane] = free[lane].max(until);
        lane as i32
    };
    faults.iter().map(place).collect()
}
