//! Whether two runs differ by more than their own noise.
//!
//! Operations of a run are not independent: one pause of a leader delays hundreds. So a run is cut
//! into stretches of time, and whole stretches are drawn again with replacement, a few neighbours at
//! a time, since a fault lasts longer than one (a circular block bootstrap). How far the ratio of a
//! figure scatters over many such draws is what chance does.

use schism_history::Nanos;

/// How long a stretch is.
pub const WINDOW: Nanos = 500_000_000;
/// How often stretches are drawn.
pub const DRAWS: usize = 1000;
/// Fewer stretches than this tell nothing.
pub const WINDOWS_MIN: usize = 8;
/// A percentile beyond which there are fewer operations than this tells nothing.
pub const BEYOND_MIN: f64 = 10.0;
/// How many of a hundred draws the interval holds. Five figures are compared at once, so that one
/// of them being called significant by chance is about as likely as with one figure and 95.
pub const HELD: u32 = 99;

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
        let windows = self.windows.len();
        let block = (windows as f64).cbrt().round() as usize;
        let mut start = 0;
        for drawn in 0..windows {
            if drawn % block == 0 {
                start = rng.usize(..windows);
            }
            for &(bucket, count) in &self.windows[(start + drawn % block) % windows] {
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
    /// Between what the ratio of the second to the first lies in [`HELD`] of 100 draws.
    pub interval: Option<(f64, f64)>,
    /// Whether there is enough to call anything significant.
    pub enough: bool,
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
        let fewest = a.latencies.len().min(b.latencies.len()) as f64;
        let values = std::iter::once(("throughput", [a.rate(), b.rate()], true)).chain(shares.map(
            |(name, share)| {
                let values = [a.quantile(share), b.quantile(share)];
                (name, values, fewest * (1.0 - share) >= BEYOND_MIN)
            },
        ));
        for ((name, values, many), list) in values.zip(&mut ratios) {
            list.sort_by(f64::total_cmp);
            let at = |share: f64| list[((list.len() - 1) as f64 * share).round() as usize];
            let tail = f64::from(100 - HELD) / 200.0;
            // A ratio that most draws could not give is none.
            let interval = (list.len() > DRAWS / 2).then(|| (at(tail), at(1.0 - tail)));
            let is_rate = name == "throughput";
            let enough = enough && many;
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

    /// A minute of operations that a slow phase of some seconds delays now and then.
    fn phases(seed: u64) -> Sample {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (mut slow, mut until) = (1, 0);
        let acknowledged: Vec<(Nanos, Nanos)> = (0..12_000u64)
            .map(|at| {
                let now = at * 5_000_000;
                if now >= until {
                    (slow, until) = (rng.u64(1..6), now + rng.u64(1_000_000_000..4_000_000_000));
                }
                (now, slow * rng.u64(700_000..1_300_000))
            })
            .collect();
        Sample::of(acknowledged.into_iter(), 0, 60_000_000_000)
    }

    #[test]
    fn runs_of_the_same_kind_are_hardly_ever_called_different() {
        let pairs = (0..30).map(|pair| Versus::of(&phases(2 * pair), &phases(2 * pair + 1)));
        let different = pairs.filter(|v| v.quantities.iter().any(|q| q.better().is_some())).count();
        assert!(different <= 4, "{different} of 30");
    }

    #[test]
    fn percentiles_of_few_operations_are_not_called_anything() {
        let versus = Versus::of(&sample(1000, 1), &sample(9000, 2));
        let of =
            |name: &str| versus.quantities.iter().find(|q| q.name == name).expect("it is there");
        assert_eq!(of("p99").better(), Some(false));
        assert_eq!(of("p99.9").better(), None, "two operations are beyond it");
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
