//! Small dense numbers for payloads, and bit rows addressed by them.
//!
//! Checks speak of "the message m" millions of times. A payload is unique only within the channel
//! it was sent on, so its identity is the pair of both, and the first sight of a pair gives it the
//! next number. Whole numbers, which nearly all payloads are and which mostly count up from 0, are
//! found by their value in a plain table; the hash tables are for the others, and for a number
//! that is used on several channels.

use rustc_hash::FxHashMap;
use schism_history::Value;

/// Numbers payloads in the order of their first appearance.
#[derive(Default)]
pub struct Payloads<'h> {
    direct: Vec<Slot>,
    ints: FxHashMap<(i64, u64), u32>,
    others: FxHashMap<(&'h Value, u64), u32>,
    instances: Dense,
    next: u32,
}

/// The payload that came first under a whole number, on whatever channel.
#[derive(Clone, Copy)]
struct Slot {
    channel: u64,
    number: u32,
}

const EMPTY: Slot = Slot { channel: u64::MAX, number: u32::MAX };

impl<'h> Payloads<'h> {
    /// The number of a payload on a channel.
    #[inline]
    pub fn number(&mut self, channel: u64, value: &'h Value) -> usize {
        let next = self.next;
        let number = match value {
            Value::Int(i) => self.int(*i, channel),
            _ => *self.others.entry((value, channel)).or_insert(next),
        };
        self.next += u32::from(number == next);
        number as usize
    }

    #[inline]
    fn int(&mut self, int: i64, channel: u64) -> u32 {
        let place = int as u64 as usize;
        if place >= self.direct.len() && place < 8 * (self.next as usize + 512) {
            self.direct.resize((place + 1).next_power_of_two(), EMPTY);
        }
        match self.direct.get_mut(place) {
            Some(slot) if slot.channel == channel => slot.number,
            // An int that was too large for its place when it was new stays in the hash table.
            Some(slot) if slot.number == u32::MAX && !self.ints.contains_key(&(int, channel)) => {
                *slot = Slot { channel, number: self.next };
                self.next
            }
            _ => *self.ints.entry((int, channel)).or_insert(self.next),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.next as usize
    }

    /// A channel: what distinguishes equal payloads. `None` is instance 0, any other the next free
    /// number.
    #[inline]
    pub fn channel(&mut self, from: usize, to: usize, instance: Option<u64>) -> u64 {
        let instance = self.instances.number(instance);
        instance << 32 | (to as u64) << 16 | from as u64
    }

    /// The dense number of an instance, 0 for none.
    #[inline]
    pub fn instance(&mut self, instance: Option<u64>) -> u64 {
        self.instances.number(instance)
    }
}

/// Dense numbers for instances: 0 for none, any other the next free number. Instances are mostly
/// counted from somewhere near 0, and then a plain table does.
#[derive(Default)]
pub struct Dense {
    direct: Vec<u32>,
    hashed: FxHashMap<u64, u32>,
    used: u32,
}

impl Dense {
    /// The number of an instance.
    #[inline]
    pub fn number(&mut self, instance: Option<u64>) -> u64 {
        let Some(instance) = instance else { return 0 };
        let fits = instance < 16 * (u64::from(self.used) + 256);
        if fits && instance >= self.direct.len() as u64 {
            self.direct.resize((instance as usize + 1).next_power_of_two(), 0);
        }
        let known = match self.direct.get_mut(instance as usize) {
            Some(known) if *known != 0 || !self.hashed.contains_key(&instance) => known,
            _ => self.hashed.entry(instance).or_insert(0),
        };
        if *known == 0 {
            self.used += 1;
            *known = self.used;
        }
        u64::from(*known)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn numbers_are_dense_stable_and_distinct() {
        let mut values: Vec<Value> = (0..300).map(Value::Int).collect();
        values.extend([-1, i64::MIN, i64::MAX, 1 << 20, 1 << 40].map(Value::Int));
        values.extend(["a", "b"].map(Value::from));
        values.push(Value::Nil);
        let mut payloads = Payloads::default();
        let mut known: HashMap<(u64, &Value), usize> = HashMap::new();
        let mut step = 1u64;
        for _ in 0..20_000 {
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = &values[(step >> 33) as usize % values.len()];
            let channel = payloads.channel((step >> 60) as usize, 0, Some(step >> 50 & 3));
            let next = known.len();
            let expected = *known.entry((channel, value)).or_insert(next);
            assert_eq!(payloads.number(channel, value), expected);
            assert_eq!(payloads.len(), known.len());
        }
    }

    #[test]
    fn instances_are_dense_stable_and_distinct() {
        let mut dense = Dense::default();
        let mut known: HashMap<u64, u64> = HashMap::new();
        assert_eq!(dense.number(None), 0);
        for i in 0..50_000u64 {
            let instance = if i % 3 == 0 { i * i * i } else { i * 7 % 20_000 };
            let next = known.len() as u64 + 1;
            let expected = *known.entry(instance).or_insert(next);
            assert_eq!(dense.number(Some(instance)), expected);
        }
    }

    #[test]
    fn bits() {
        let mut bits = Bits::new(70);
        assert!(!bits.set(3, 69));
        assert!(bits.set(3, 69));
        assert!(bits.get(3, 69) && !bits.get(3, 5) && !bits.get(9, 0));
        let mask = bits.mask([69]);
        assert!(bits.covers(3, &mask) && !bits.covers(2, &mask) && !bits.covers(9, &mask));
        assert_eq!(bits.missing(3, [69, 5, 6]), Some(5));
    }
}
