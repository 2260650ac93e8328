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
