//! Stable storage: a set of variables that survive a crash.

use crate::{Never, Wire};

/// The variables of an algorithm on stable storage.
///
/// Storing a variable replaces the one with the same key. Usually an enum with one variant per
/// variable of the book's `store(…)`, whose key is the variant, with an index for arrays.
pub trait Stable: Wire {
    /// What tells two variables apart.
    type Key: Wire;
    /// This one's.
    fn key(&self) -> Self::Key;
}

impl Stable for Never {
    type Key = Never;
    fn key(&self) -> Never {
        match *self {}
    }
}

/// The variables of one of several instances.
impl<K: Wire, S: Stable> Stable for (K, S) {
    type Key = (K, S::Key);
    fn key(&self) -> Self::Key {
        (self.0.clone(), self.1.key())
    }
}
