//! Small dense numbers for payloads, and bit rows addressed by them.
//!
//! Checks speak of "the message m" millions of times. A payload is unique only within the channel
//! it was sent on, so its identity is the pair of both, and the first sight of a pair gives it the
//! next number. Whole numbers, which nearly all payloads are, have a table of their own whose keys
//! lie in the table itself: looking one up touches memory once.

use rustc_hash::FxHashMap;
use schism_history::Value;

/// Numbers payloads in the order of their first appearance.
#[derive(Default)]
pub struct Payloads<'h> {
    ints: FxHashMap<(i64, u64), u32>,
    others: FxHashMap<(&'h Value, u64), u32>,
    instances: FxHashMap<u64, u64>,
    next: u32,
}

impl<'h> Payloads<'h> {
    /// The number of a payload on a channel.
    #[inline]
    pub fn number(&mut self, channel: u64, value: &'h Value) -> usize {
        let next = self.next;
        let number = match value {
            Value::Int(i) => *self.ints.entry((*i, channel)).or_insert(next),
            _ => *self.others.entry((value, channel)).or_insert(next),
        };
        self.next += u32::from(number == next);
        number as usize
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.next as usize
    }

    /// A channel: what distinguishes equal payloads. `None` is instance 0, any other the next free
    /// number.
    #[inline]
    pub fn channel(&mut self, from: usize, to: usize, instance: Option<u64>) -> u64 {
        let instance = self.instance(instance);
        instance << 32 | (to as u64) << 16 | from as u64
    }

    /// The dense number of an instance, 0 for none.
    #[inline]
    pub fn instance(&mut self, instance: Option<u64>) -> u64 {
        let Some(instance) = instance else { return 0 };
        let next = self.instances.len() as u64 + 1;
        *self.instances.entry(instance).or_insert(next)
    }
}

/// A growing table of bits.
pub struct Bits {
    words: usize,
    bits: Vec<u64>,
}

impl Bits {
    /// A table with `columns` columns and no rows.
    pub fn new(columns: usize) -> Bits {
        Bits { words: columns.div_ceil(64).max(1), bits: Vec::new() }
    }

    /// Sets a bit; says whether it was set already.
    #[inline]
    pub fn set(&mut self, row: usize, column: usize) -> bool {
        let word = row * self.words + column / 64;
        if word >= self.bits.len() {
            self.bits.resize((row + 1) * self.words, 0);
        }
        let mask = 1 << (column % 64);
        let was = self.bits[word] & mask != 0;
        self.bits[word] |= mask;
        was
    }

    /// Whether a bit is set.
    pub fn get(&self, row: usize, column: usize) -> bool {
        let word = self.bits.get(row * self.words + column / 64);
        word.is_some_and(|w| w >> (column % 64) & 1 == 1)
    }

    /// The first of `columns` that is not set in a row.
    pub fn missing(&self, row: usize, columns: impl IntoIterator<Item = usize>) -> Option<usize> {
        columns.into_iter().find(|&c| !self.get(row, c))
    }

    /// Whether a row has all the bits of a mask made by [`Bits::mask`].
    #[inline]
    pub fn covers(&self, row: usize, mask: &[u64]) -> bool {
        let row = self.bits.get(row * self.words..(row + 1) * self.words);
        match row {
            Some(row) => row.iter().zip(mask).all(|(r, m)| r & m == *m),
            None => mask.iter().all(|m| *m == 0),
        }
    }

    /// The bits of `columns`, as one row.
    pub fn mask(&self, columns: impl IntoIterator<Item = usize>) -> Vec<u64> {
        let mut mask = vec![0; self.words];
        for c in columns {
            mask[c / 64] |= 1 << (c % 64);
        }
        mask
    }
}
