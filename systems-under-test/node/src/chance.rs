//! A node's source of choices.

use schism_kernel::{Choices, ProcessId};
use std::hash::{BuildHasher, Hasher, RandomState};

/// Random numbers (SplitMix64) that depend on nothing but the run's seed, the node and how often
/// it was restarted, so that a node makes other choices than its peers and its former self.
pub(crate) struct Chance(u64);

impl Chance {
    pub fn new(seed: u64, me: ProcessId, incarnation: u32) -> Chance {
        let mut chance = Chance(seed);
        // One step per ingredient: neighbouring seeds and ranks must not give shifted streams.
        for ingredient in [u64::from(me.0), u64::from(incarnation)] {
            chance.0 = chance.bits() ^ ingredient;
        }
        chance
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Choices for Chance {
    fn choose(&mut self, bound: u32) -> u32 {
        // The high half of a product is below the bound and biased by less than 2⁻³².
        ((u64::from(bound) * (self.bits() >> 32)) >> 32) as u32
    }
}

/// A seed nobody chose, for harnesses that do not give one.
pub(crate) fn arbitrary_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, me: u16, incarnation: u32) -> Vec<u32> {
        let mut chance = Chance::new(seed, ProcessId(me), incarnation);
        (0..8).map(|_| chance.choose(1000)).collect()
    }

    #[test]
    fn choices_repeat_and_differ_by_every_ingredient() {
        assert_eq!(first(7, 1, 0), first(7, 1, 0));
        let all = [first(7, 1, 0), first(7, 0, 1), first(7, 2, 0), first(8, 1, 0), first(7, 1, 1)];
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one));
        }
    }

    #[test]
    fn every_choice_below_the_bound_comes_up() {
        let mut chance = Chance::new(1, ProcessId(0), 0);
        let mut seen = [0; 3];
        for _ in 0..3000 {
            seen[chance.choose(3) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 800), "{seen:?}");
        assert_eq!(chance.choose(1), 0);
    }
}
