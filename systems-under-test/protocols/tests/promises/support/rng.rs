//! Random numbers from a seed (SplitMix64).

use schism_kernel::Choices;

pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// So many of the numbers below a bound, each once.
    pub fn some_of(&mut self, many: usize, bound: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..bound).collect();
        for i in 0..many {
            let j = i + self.below((bound - i) as u64) as usize;
            all.swap(i, j);
        }
        all.truncate(many);
        all
    }
}

impl Choices for Rng {
    fn choose(&mut self, bound: u32) -> u32 {
        self.below(bound.into()) as u32
    }
}
