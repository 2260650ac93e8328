//! Where the ticks of an axis stand and what they say.

use crate::words;
use schism_history::Nanos;
use std::ops::Range;

/// A logarithmic axis of latencies: positions are powers of ten of nanoseconds.
pub(super) struct Latencies {
    /// From where to where.
    pub range: Range<f64>,
    /// Where a tick stands.
    pub ticks: Vec<f64>,
    /// Where a faint line stands.
    pub between: Vec<f64>,
}

impl Latencies {
    /// An axis for latencies between two: at least one decade.
    pub fn between(least: Nanos, most: Nanos) -> Latencies {
        let low = position(least.max(1));
        let high = position(most.max(1));
        let (low, high) = (low - 0.08, high + 0.08);
        let short = (1.0 - (high - low)).max(0.0) / 2.0;
        let range = low - short..high + short;
        let decades = range.start.floor() as i32..=range.end.ceil() as i32;
        let at = |factors: &'static [f64]| {
            let range = range.clone();
            decades
                .clone()
                .flat_map(move |d| factors.iter().map(move |f| f64::from(d) + f.log10()))
                .filter(move |x| range.contains(x))
                .collect::<Vec<_>>()
        };
        // Few decades leave room for ticks between them, and need them.
        let ticks = if high - low < 2.5 { at(&[1.0, 2.0, 5.0]) } else { at(&[1.0]) };
        Latencies { ticks, between: at(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), range }
    }
}

/// A power of ten of nanoseconds in words: `10 ms`.
pub(crate) fn latency_label(position: f64) -> String {
    let nanos = 10f64.powf(position);
    let (scaled, unit) = match nanos {
        n if n < 999.5 => (n, "ns"),
        n if n < 999_500.0 => (n / 1e3, "µs"),
        n if n < 999_500_000.0 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", words::count(scaled.round() as u64))
}

/// Where a latency stands on such an axis.
pub(super) fn position(nanos: Nanos) -> f64 {
    (nanos.max(1) as f64).log10()
}

/// Where a share stands on the axis of percentiles: 0.9 at 1, 0.99 at 2, and so on.
pub(super) fn share(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-12).log10()
}

/// The ticks of that axis, up to a position, where there is room for so many letters from one nine to
/// the next.
pub(super) fn shares(end: f64, room: f64) -> Vec<f64> {
    let half = [0.5].map(share).into_iter().filter(|half| half * room > 3.5);
    let nines = (1..).map(f64::from).take_while(|&x| x <= end + 1e-9);
    std::iter::once(0.0).chain(half).chain(nines).collect()
}

/// What such a tick says: `99.9 %`.
pub(crate) fn share_label(position: f64) -> String {
    let percent = 100.0 - 100.0 * 10f64.powf(-position);
    let decimals = (position.round() as usize).saturating_sub(2);
    format!("{percent:.decimals$} %")
}

/// A round step that divides a length into at most `most` parts: 1, 2 or 5 times a power of ten.
pub(super) fn round_step(length: f64, most: usize) -> f64 {
    let exact = (length / most.max(1) as f64).max(1e-9);
    let power = 10f64.powf(exact.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= exact * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// Multiples of a round step from 0 up to an end.
pub(super) fn round_ticks(end: f64, most: usize) -> Vec<f64> {
    let step = round_step(end, most);
    (0..=(end / step + 1e-9) as usize).map(|i| i as f64 * step).collect()
}

/// A number without the zeros it does not need.
pub(super) fn plain_label(x: f64) -> String {
    if x >= 1000.0 {
        return words::count(x.round() as u64);
    }
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_few() {
        assert_eq!(round_step(60.0, 10), 10.0);
        assert_eq!(round_step(60.0, 12), 5.0);
        assert!((round_step(0.35, 10) - 0.05).abs() < 1e-12);
        assert_eq!(round_ticks(60.0, 6), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert_eq!(round_ticks(0.0, 6), [0.0]);
    }

    #[test]
    fn latency_axes_hold_their_data_and_at_least_a_decade() {
        for (least, most) in [(0, 0), (1, 1), (90_000, 110_000), (100, 90_000_000_000)] {
            let axis = Latencies::between(least, most);
            assert!(axis.range.contains(&position(least)) && axis.range.contains(&position(most)));
            assert!(axis.range.end - axis.range.start >= 0.999);
            assert!(!axis.ticks.is_empty());
        }
        assert_eq!(latency_label(6.0), "1 ms");
        assert_eq!(latency_label(position(500_000)), "500 µs");
        assert_eq!(latency_label(9.0), "1 s");
    }

    #[test]
    fn shares_are_written_as_percentages() {
        let labels = |room| shares(4.2, room).into_iter().map(share_label).collect::<Vec<_>>();
        assert_eq!(labels(15.0), ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert_eq!(labels(5.0), ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }
}
