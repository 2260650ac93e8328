//! Sets of pending operations, by slot.

use smallvec::{SmallVec, smallvec};
use std::fmt::Debug;

/// A set of slots. Narrow ones are a machine word, wide ones as long as they must be.
pub(crate) trait Mask: Clone + PartialEq + Eq + Debug + Send {
    /// Slots it can hold, if there is an end to them.
    const WIDTH: usize;
    /// No slot.
    fn none() -> Self;
    fn has(&self, slot: u16) -> bool;
    fn set(&mut self, slot: u16);
    fn unset(&mut self, slot: u16);
    fn clear(&mut self);
    /// Every slot of this one is in the other.
    fn within(&self, other: &Self) -> bool;
    /// Those that are in both.
    fn both(&self, other: &Self) -> Self;
    /// Those that are in this one only.
    fn except(&self, other: &Self) -> Self;
    fn hash(&self) -> u64;
    /// Bytes it holds outside itself.
    fn heap(&self) -> usize {
        0
    }
}

macro_rules! word {
    ($word:ty, $width:expr, $hash:expr) => {
        impl Mask for $word {
            const WIDTH: usize = $width;
            #[inline(always)]
            fn none() -> Self {
                0
            }
            #[inline(always)]
            fn has(&self, slot: u16) -> bool {
                self >> slot & 1 != 0
            }
            #[inline(always)]
            fn set(&mut self, slot: u16) {
                *self |= 1 << slot;
            }
            #[inline(always)]
            fn unset(&mut self, slot: u16) {
                *self &= !(1 << slot);
            }
            #[inline(always)]
            fn clear(&mut self) {
                *self = 0;
            }
            #[inline(always)]
            fn within(&self, other: &Self) -> bool {
                self & !other == 0
            }
            #[inline(always)]
            fn both(&self, other: &Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn except(&self, other: &Self) -> Self {
                self & !other
            }
            #[inline(always)]
            fn hash(&self) -> u64 {
                $hash(*self)
            }
        }
    };
}

word!(u64, 64, |mask| mask);
word!(u128, 128, |mask: u128| mask as u64 ^ ((mask >> 64) as u64).rotate_left(29));

/// A mask of any width. Words at the end that are zero may be missing.
#[derive(Clone, Debug)]
pub(crate) struct Wide(SmallVec<[u64; 4]>);

impl Wide {
    fn word(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or(0)
    }

    fn combine(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        Wide(self.0.iter().enumerate().map(|(i, word)| f(*word, other.word(i))).collect())
    }
}

impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        self.within(other) && other.within(self)
    }
}
impl Eq for Wide {}

impl Mask for Wide {
    const WIDTH: usize = u16::MAX as usize;

    fn none() -> Self {
        Wide(smallvec![])
    }
    fn has(&self, slot: u16) -> bool {
        self.word(slot as usize / 64) >> (slot % 64) & 1 != 0
    }
    fn set(&mut self, slot: u16) {
        let at = slot as usize / 64;
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (slot % 64);
    }
    fn unset(&mut self, slot: u16) {
        if let Some(word) = self.0.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
    }
    fn clear(&mut self) {
        self.0.clear();
    }
    fn within(&self, other: &Self) -> bool {
        self.0.iter().enumerate().all(|(i, word)| word & !other.word(i) == 0)
    }
    fn both(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b)
    }
    fn except(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & !b)
    }
    fn hash(&self) -> u64 {
        // Missing words are zero, so zero words must not count.
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).fold(0, |hash: u64, (i, word)| {
            (hash.rotate_left(5) ^ word ^ (i as u64) << 48).wrapping_mul(0x517c_c1b7_2722_0a95)
        })
    }
    fn heap(&self) -> usize {
        if self.0.spilled() { self.0.capacity() * 8 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaves_like_a_set<M: Mask>(slots: &[u16]) {
        let mut mask = M::none();
        for slot in slots {
            assert!(!mask.has(*slot));
            mask.set(*slot);
            assert!(mask.has(*slot));
        }
        let mut fewer = mask.clone();
        fewer.unset(slots[0]);
        assert!(fewer.within(&mask) && !mask.within(&fewer) && fewer != mask);
        assert!(mask.except(&fewer).has(slots[0]) && mask.both(&fewer) == fewer);
        for slot in &slots[1..] {
            fewer.unset(*slot);
        }
        assert!(fewer == M::none() && fewer.hash() == M::none().hash());
        mask.clear();
        assert!(mask == fewer);
    }

    #[test]
    fn masks_of_every_width_are_sets() {
        behaves_like_a_set::<u64>(&[0, 5, 63]);
        behaves_like_a_set::<u128>(&[0, 63, 64, 127]);
        behaves_like_a_set::<Wide>(&[0, 64, 300, 4_000]);
    }
}
