//! The randomness of the nemesis.
//!
//! SplitMix64 (Steele, Lea and Flood, 2014), written out because a recorded seed must give the same
//! faults with every later version: no dependency may ever change the numbers. It is seeded from a
//! list of keys, so that independent decisions ("packet 7 of the link from n0 to n1, for fault 3")
//! have independent streams and do not shift one another. Not for cryptography.

use std::time::Duration;

/// A stream of random numbers. A plain number inside: cheap to make, cheap to copy.
#[derive(Clone, Debug)]
pub struct Rng(u64);

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64: a bijection that spreads every input bit over the output.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream for this seed and these keys.
    pub fn new(seed: u64, keys: &[u64]) -> Rng {
        let mut state = mix(seed.wrapping_add(STEP));
        for key in keys {
            state = mix(state.wrapping_add(STEP) ^ key.wrapping_mul(0xd6e8_feb8_6659_fd93));
        }
        Rng(state)
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something of this probability happens. Never for 0, always for 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number below `bound`; 0 if `bound` is 0. The bias is below 2⁻⁶⁴ × `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A duration of whole nanoseconds between the two, both included.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let least = nanos(least);
        let spread = nanos(most).saturating_sub(least).saturating_add(1);
        Duration::from_nanos(least.saturating_add(self.below(spread)))
    }

    /// One of the items; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts the items in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// A duration in nanoseconds; the longest number stands for durations beyond 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_never_change() {
        // Recorded seeds depend on these: a change here breaks every stored replay.
        let mut rng = Rng::new(42, &[1, 2]);
        let seen: Vec<u64> = (0..3).map(|_| rng.bits()).collect();
        assert_eq!(
            seen,
            [13_645_380_976_245_783_807, 17_453_040_543_997_066_860, 125_767_451_344_728_819]
        );
    }

    #[test]
    fn is_the_published_generator() {
        // The first number of SplitMix64 from state 0.
        assert_eq!(Rng(0).bits(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn chance_is_exact_at_both_ends_and_fair_between() {
        let mut rng = Rng::new(1, &[]);
        assert!((0..1000).all(|_| !rng.chance(0.0) && rng.chance(1.0)));
        let hits = (0..100_000).filter(|_| rng.chance(0.3)).count();
        assert!((29_000..31_000).contains(&hits), "{hits} of 100 000");
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut rng = Rng::new(7, &[]);
        let mut seen = [0u32; 5];
        for _ in 0..50_000 {
            seen[rng.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (9_500..10_500).contains(&n)), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn shuffle_reaches_every_order() {
        let mut orders = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut items = [0, 1, 2, 3];
            Rng::new(seed, &[]).shuffle(&mut items);
            orders.insert(items);
        }
        assert_eq!(orders.len(), 24);
    }
}
