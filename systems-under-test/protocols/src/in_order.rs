//! Putting numbered messages back in order.

use std::collections::BTreeMap;

/// Messages that are numbered from 0, handed out in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InOrder<M> {
    next: u64,
    pending: BTreeMap<u64, M>,
}

impl<M> Default for InOrder<M> {
    fn default() -> Self {
        InOrder { next: 0, pending: BTreeMap::new() }
    }
}

impl<M> InOrder<M> {
    /// Takes a message in.
    pub fn insert(&mut self, number: u64, m: M) {
        if number >= self.next {
            self.pending.insert(number, m);
        }
    }

    /// The numbers below this one whose messages are not there.
    pub fn missing_below(&self, number: u64) -> impl Iterator<Item = u64> + '_ {
        (self.next..number).filter(|missing| !self.pending.contains_key(missing))
    }

    /// Waits no longer for anything below this number: what is there of it, in order.
    pub fn skip_to(&mut self, number: u64) -> Vec<M> {
        let rest = self.pending.split_off(&number.max(self.next));
        self.next = self.next.max(number);
        std::mem::replace(&mut self.pending, rest).into_values().collect()
    }

    /// The number that is handed out next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The next message, if it is there.
    pub fn pop(&mut self) -> Option<M> {
        let m = self.pending.remove(&self.next)?;
        self.next += 1;
        Some(m)
    }
}

#[test]
fn numbers_come_out_in_order_and_once() {
    let mut in_order = InOrder::default();
    let mut out = Vec::new();
    for number in [2, 0, 0, 4, 1, 2, 3, 3] {
        in_order.insert(number, number);
        out.extend(std::iter::from_fn(|| in_order.pop()));
    }
    assert_eq!(out, [0, 1, 2, 3, 4]);
}

#[test]
fn gaps_are_known_and_can_be_skipped() {
    let mut in_order = InOrder::default();
    for number in [0, 2, 5, 7] {
        in_order.insert(number, number);
    }
    assert_eq!(in_order.pop(), Some(0));
    assert_eq!(in_order.missing_below(7).collect::<Vec<_>>(), [1, 3, 4, 6]);
    assert_eq!(in_order.skip_to(5), [2]);
    assert_eq!((in_order.pop(), in_order.pop()), (Some(5), None));
    assert!(in_order.skip_to(3).is_empty());
    in_order.insert(4, 4);
    assert_eq!(in_order.missing_below(8).collect::<Vec<_>>(), [6]);
}
