//! Whether two runs differ by more than their own noise.
//!
//! Operations of a run are not independent: one pause of a leader delays hundreds. So a run is cut
//! into stretches of time, and whole stretches are drawn again with replacement (a block
//! bootstrap). How far the ratio of a figure scatters over many such draws is what chance does.

use schism_history::Nanos;

/// How long a stretch is.
pub const WINDOW: Nanos = 500_000_000;
/// How often stretches are drawn.
pub const DRAWS: usize = 600;
/// Fewer stretches than this tell nothing.
pub const WINDOWS_MIN: usize = 8;

/// Buckets of a latency: each is 2 % longer than the one before, from a microsecond on.
const GROWTH: f64 = 1.02;
const BUCKETS: usize = 1100;

/// The acknowledged operations of a run, stretch by stretch, counted by latency.
pub struct Sample {
    windows: Vec<Vec<(u16, u32)>>,
    /// All latencies, in order.
    latencies: Vec<Nanos>,
    seconds: f64,
}

impl Sample {
    /// Those that were invoked between two moments, each as when it was and how long it took.
    pub fn of(
        acknowledged: impl Iterator<Item = (Nanos, Nanos)>,
        begin: Nanos,
        end: Nanos,
    ) -> Sample {
        let count = (end.saturating_sub(begin) / WINDOW).min(100_000) as usize;
        let mut windows: Vec<std::collections::BTreeMap<u16, u32>> =
            vec![Default::default(); count];
        let mut latencies = Vec::new();
        for (at, nanos) in acknowledged.filter(|(at, _)| (begin..=end).contains(at)) {
            latencies.push(nanos);
            if let Some(window) = windows.get_mut(((at - begin) / WINDOW) as usize) {
                *window.entry(bucket(nanos)).or_default() += 1;
            }
        }
        latencies.sort_unstable();
        Sample {
            windows: windows.into_iter().map(|window| window.into_iter().collect()).collect(),
            latencies,
            seconds: end.saturating_sub(begin) as f64 / 1e9,
        }
    }

    fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (self.latencies.len() as f64 * share) as usize;
        let at = rank.min(self.latencies.len().checked_sub(1)?);
        Some(self.latencies[at] as f64 / 1e9)
    }

    fn rate(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.latencies.len() as f64 / self.seconds)
    }

    /// The figures of stretches drawn at random, as many as there are.
    fn draw(&self, rng: &mut fastrand::Rng) -> [Option<f64>; 5] {
        let mut counts = [0u32; BUCKETS];
        let mut total = 0u32;
        for _ in 0..self.windows.len() {
            for &(bucket, count) in &self.windows[rng.usize(..self.windows.len())] {
                counts[usize::from(bucket)] += count;
                total += count;
            }
        }
        let quantile = |share: f64| {
            let rank = (f64::from(total) * share) as u32;
            let mut seen = 0;
            let at = counts.iter().position(|count| {
                seen += count;
                seen > rank.min(total.saturating_sub(1))
            });
            at.map(|bucket| GROWTH.powi(bucket as i32) * 1e-6)
        };
        let rate = Some(f64::from(total));
        [rate, quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999)]
    }
}

fn bucket(nanos: Nanos) -> u16 {
    let steps = (nanos as f64 / 1e3).max(1.0).ln() / GROWTH.ln();
    (steps as usize).min(BUCKETS - 1) as u16
}

/// A figure of both runs.
pub struct Quantity {
    pub name: &'static str,
    pub is_rate: bool,
    pub values: [Option<f64>; 2],
    /// Between what the ratio of the second to the first lies in 95 of 100 draws.
    pub interval: Option<(f64, f64)>,
    /// Whether there is enough to call anything significant.
    enough: bool,
}

impl Quantity {
    /// The second against the first.
    pub fn ratio(&self) -> Option<f64> {
        match self.values {
            [Some(a), Some(b)] if a > 0.0 => Some(b / a),
            _ => None,
        }
    }

    /// Whether the second is better, if the difference is more than chance.
    pub fn better(&self) -> Option<bool> {
        let (low, high) = self.interval.filter(|_| self.enough)?;
        let more = if low > 1.0 {
            true
        } else if high < 1.0 {
            false
        } else {
            return None;
        };
        Some(more == self.is_rate)
    }
}

/// Two runs against each other.
pub struct Versus {
    pub quantities: Vec<Quantity>,
    /// How many stretches each has.
    pub windows: [usize; 2],
}

impl Versus {
    pub fn of(a: &Sample, b: &Sample) -> Versus {
        let windows = [a.windows.len(), b.windows.len()];
        let mut ratios: [Vec<f64>; 5] = Default::default();
        // The same page for the same runs.
        let mut rng = fastrand::Rng::with_seed(1);
        let length = [a.windows.len(), b.windows.len()].map(|count| count.max(1) as f64);
        if windows.iter().all(|count| *count > 0) {
            for _ in 0..DRAWS {
                let drawn = [a.draw(&mut rng), b.draw(&mut rng)];
                for (of, list) in ratios.iter_mut().enumerate() {
                    if let [Some(x), Some(y)] = [drawn[0][of], drawn[1][of]] {
                        // Counts of stretches become rates.
                        let scale = if of == 0 { length[0] / length[1] } else { 1.0 };
                        if x > 0.0 {
                            list.push(y / x * scale);
                        }
                    }
                }
            }
        }
        let enough = windows.iter().all(|count| *count >= WINDOWS_MIN);
        let mut quantities = Vec::new();
        let shares = [("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
        let values = std::iter::once(("throughput", [a.rate(), b.rate()]))
            .chain(shares.map(|(name, share)| (name, [a.quantile(share), b.quantile(share)])));
        for ((name, values), list) in values.zip(&mut ratios) {
            list.sort_by(f64::total_cmp);
            let at = |share: f64| list[((list.len() - 1) as f64 * share).round() as usize];
            // A ratio that most draws could not give is none.
            let interval = (list.len() > DRAWS / 2).then(|| (at(0.025), at(0.975)));
            let is_rate = name == "throughput";
            quantities.push(Quantity { name, is_rate, values, interval, enough });
        }
        Versus { quantities, windows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds of operations that take about `micros`, some ten times as long.
    fn sample(micros: u64, seed: u64) -> Sample {
        let mut rng = fastrand::Rng::with_seed(seed);
        let acknowledged = (0..2000u64).map(|at| {
            let slow = if rng.u32(..50) == 0 { 10 } else { 1 };
            (at * 5_000_000, micros * slow * rng.u64(700..1300))
        });
        Sample::of(acknowledged, 0, 10_000_000_000)
    }

    #[test]
    fn what_differs_is_told_from_what_does_not() {
        let same = Versus::of(&sample(1000, 1), &sample(1000, 2));
        assert_eq!(same.windows, [20, 20]);
        for quantity in &same.quantities {
            assert_eq!(quantity.better(), None, "{}", quantity.name);
        }
        let slower = Versus::of(&sample(1000, 1), &sample(1500, 2));
        let verdicts: Vec<Option<bool>> = slower.quantities.iter().map(Quantity::better).collect();
        // As many operations were asked for in both, so throughput is the same.
        assert_eq!(verdicts[..3], [None, Some(false), Some(false)]);
        let faster = Versus::of(&sample(1500, 2), &sample(1000, 1));
        assert_eq!(faster.quantities[1].better(), Some(true));
    }

    #[test]
    fn little_is_never_significant() {
        let short = |micros| {
            let mut sample = sample(micros, 3);
            sample.windows.truncate(WINDOWS_MIN - 1);
            sample
        };
        let versus = Versus::of(&short(1000), &short(9000));
        assert!(versus.quantities.iter().all(|quantity| quantity.better().is_none()));
        let nothing = Sample::of(std::iter::empty(), 0, 0);
        let versus = Versus::of(&nothing, &nothing);
        assert!(versus.quantities.iter().all(|quantity| quantity.interval.is_none()));
    }
}
