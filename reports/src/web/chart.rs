//! Line charts of several curves over one another, told apart by dashes as well as by colours.

use crate::plots::{latency_label, share_label};
use crate::words;
use maud::{Markup, html};

/// A chart.
pub(super) struct Chart<'a> {
    pub title: &'a str,
    pub x: &'a str,
    /// Whether the horizontal axis counts nines: 1 is 90 %, 2 is 99 %.
    pub nines: bool,
    pub y: &'a str,
    /// Whether the heights are seconds on a logarithmic scale.
    pub logarithmic: bool,
    /// Where the horizontal axis ends, if the data does not say.
    pub right: Option<f64>,
    /// Stretches of the horizontal axis to shade.
    pub shaded: Vec<(f64, f64)>,
    pub curves: Vec<Curve<'a>>,
}

/// A curve.
pub(super) struct Curve<'a> {
    pub name: &'a str,
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 540.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 56.0;

struct Scale {
    range: (f64, f64),
    ticks: Vec<f64>,
}

/// About so many round numbers from zero to beyond `end`.
fn round(end: f64, most: f64) -> Scale {
    let end = if end.is_finite() && end > 0.0 { end } else { 1.0 };
    let raw = end / most;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|k| k * power).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(10.0 * power);
    let ticks = (0..).map(|k| f64::from(k) * step).take_while(|tick| *tick <= end * 1.0001);
    Scale { range: (0.0, end), ticks: ticks.collect() }
}

/// Powers of ten around what is there.
fn powers(values: impl Iterator<Item = f64>) -> Scale {
    let logs = values.filter(|value| *value > 0.0).map(f64::log10);
    let (least, most) = logs
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
    let (low, high) = if least <= most { (least.floor(), most.ceil()) } else { (-3.0, 0.0) };
    let high = if high > low { high } else { low + 1.0 };
    let ticks = (0..).map(|k| low + f64::from(k)).take_while(|tick| *tick <= high).collect();
    Scale { range: (low, high), ticks }
}

impl Chart<'_> {
    /// The chart with its legend.
    pub fn draw(&self) -> Markup {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let right = all().map(|(x, _)| *x).fold(self.right.unwrap_or(0.0), f64::max);
        let x = round(right, 6.0);
        let y = if self.logarithmic {
            powers(all().map(|(_, y)| *y))
        } else {
            round(all().map(|(_, y)| *y).fold(0.0, f64::max) * 1.05, 5.0)
        };
        let across = |value: f64| LEFT + share(value, x.range) * (WIDTH - LEFT - RIGHT);
        let up = |value: f64| HEIGHT - BOTTOM - share(value, y.range) * (HEIGHT - TOP - BOTTOM);
        let height =
            |value: f64| up(if self.logarithmic { value.max(1e-12).log10() } else { value });
        let n = |value: f64| format!("{value:.1}");
        html! {
            figure.chart {
                figcaption { strong { (self.title) } ", " (self.y) ": " (self.legend()) }
                svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(self.alt()) {
                    @for (from, to) in &self.shaded {
                        rect.shade x=(n(across(*from))) y=(n(TOP))
                            width=(n((across(*to) - across(*from)).max(0.5)))
                            height=(n(HEIGHT - TOP - BOTTOM)) {}
                    }
                    @for tick in &y.ticks {
                        line.line x1=(n(LEFT)) x2=(n(WIDTH - RIGHT)) y1=(n(up(*tick))) y2=(n(up(*tick))) {}
                        text x=(n(LEFT - 6.0)) y=(n(up(*tick) + 4.0)) text-anchor="end" { (self.label(*tick)) }
                    }
                    @for tick in &x.ticks {
                        line.line x1=(n(across(*tick))) x2=(n(across(*tick))) y1=(n(TOP)) y2=(n(HEIGHT - BOTTOM)) {}
                        text x=(n(across(*tick))) y=(n(HEIGHT - BOTTOM + 20.0)) text-anchor="middle" {
                            @if self.nines { (share_label(*tick)) } @else { (plain(*tick)) }
                        }
                    }
                    text x=(n((LEFT + WIDTH - RIGHT) / 2.0)) y=(n(HEIGHT - 8.0)) text-anchor="middle" { (self.x) }
                    @for (number, curve) in self.curves.iter().enumerate() {
                        polyline class={ "curve curve-" (number) } points=(
                            curve.points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), height(*y)))
                                .collect::<Vec<_>>().join(" ")
                        ) {}
                    }
                }
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            @for (number, curve) in self.curves.iter().enumerate() {
                span.key {
                    svg viewBox="0 0 30 10" width="30" height="10" aria-hidden="true" {
                        polyline class={ "curve curve-" (number) } points="0,5 30,5" {}
                    }
                    " " (words::plain(curve.name))
                }
            }
        }
    }

    fn label(&self, tick: f64) -> String {
        if self.logarithmic { latency_label(tick + 9.0) } else { plain(tick) }
    }

    fn alt(&self) -> String {
        let curves = self.curves.iter().map(|curve| {
            let most = curve.points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
            let most = if self.logarithmic {
                words::duration((most * 1e9) as u64)
            } else {
                words::number(most)
            };
            format!("{} at most {most}", words::plain(curve.name))
        });
        format!("{}: {}", self.title, curves.collect::<Vec<_>>().join(", "))
    }
}

fn share(value: f64, (from, to): (f64, f64)) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

fn plain(value: f64) -> String {
    if value.abs() >= 1000.0 {
        words::count(value.round() as u64)
    } else {
        format!("{}", (value * 1e6).round() / 1e6)
    }
}
