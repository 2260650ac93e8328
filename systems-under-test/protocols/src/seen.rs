//! Which numbers of a sequence have been seen, in little space.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The numbers seen so far: everything below a mark, and some beyond it.
///
/// Numbers come almost in order, so that the set beyond the mark stays small.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seen {
    below: u64,
    beyond: BTreeSet<u64>,
}

impl Seen {
    /// Everything below this number was seen.
    pub fn below(&self) -> u64 {
        self.below
    }

    /// Whether the number was seen.
    pub fn contains(&self, number: u64) -> bool {
        number < self.below || self.beyond.contains(&number)
    }

    /// Adds a number; false if it was seen before.
    pub fn insert(&mut self, number: u64) -> bool {
        if number < self.below || !self.beyond.insert(number) {
            return false;
        }
        self.advance();
        true
    }

    /// Counts everything below the number as seen.
    pub fn forget_below(&mut self, number: u64) {
        if number > self.below {
            self.below = number;
            self.beyond = self.beyond.split_off(&number);
            self.advance();
        }
    }

    fn advance(&mut self) {
        while self.beyond.first() == Some(&self.below) {
            self.beyond.pop_first();
            self.below += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_set(steps in prop::collection::vec((any::<bool>(), 0u64..40), 0..80)) {
            let mut seen = Seen::default();
            let mut plain = BTreeSet::new();
            for (forget, number) in steps {
                if forget {
                    seen.forget_below(number / 2);
                    plain.extend(0..number / 2);
                } else {
                    prop_assert_eq!(seen.insert(number), plain.insert(number));
                }
                prop_assert!((0..45).all(|n| seen.contains(n) == plain.contains(&n)));
                prop_assert!((0..seen.below()).all(|n| plain.contains(&n)));
                prop_assert!(!plain.contains(&seen.below()));
            }
        }
    }
}
