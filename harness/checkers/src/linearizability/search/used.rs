//! Which operations that may not have happened a configuration made happen.
//!
//! Those alike cannot be told apart, so it is enough to count them by class. Few are ever used at
//! once: a multiset is a sorted list of classes, and each list is kept once under a number.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A sorted list of classes, one entry for each operation used.
type List = SmallVec<[u32; 6]>;

/// No operation.
pub(crate) const NOTHING: u32 = 0;

/// All multisets seen, by number.
pub(crate) struct Used {
    lists: Vec<List>,
    numbers: FxHashMap<List, u32>,
    with: FxHashMap<(u32, u32), u32>,
    heap: usize,
}

impl Used {
    pub(crate) fn new() -> Used {
        Used {
            lists: vec![List::new()],
            numbers: std::iter::once((List::new(), NOTHING)).collect(),
            with: FxHashMap::default(),
            heap: 0,
        }
    }

    /// How many operations of a class are in there.
    pub(crate) fn count(&self, used: u32, class: u32) -> usize {
        if used == NOTHING {
            return 0;
        }
        self.lists[used as usize].iter().filter(|c| **c == class).count()
    }

    /// The same with one more.
    pub(crate) fn with(&mut self, used: u32, class: u32) -> u32 {
        if let Some(number) = self.with.get(&(used, class)) {
            return *number;
        }
        let mut list = self.lists[used as usize].clone();
        let at = list.partition_point(|c| *c <= class);
        list.insert(at, class);
        let number = match self.numbers.get(&list) {
            Some(number) => *number,
            None => {
                let number = self.lists.len() as u32;
                if list.spilled() {
                    self.heap += 2 * list.capacity() * size_of::<u32>();
                }
                self.numbers.insert(list.clone(), number);
                self.lists.push(list);
                number
            }
        };
        self.with.insert((used, class), number);
        number
    }

    /// Whether everything in `less` is in `more` as often.
    pub(crate) fn within(&self, less: u32, more: u32) -> bool {
        if less == more || less == NOTHING {
            return true;
        }
        let (less, more) = (&self.lists[less as usize], &self.lists[more as usize]);
        if less.len() > more.len() {
            return false;
        }
        let mut rest = more.iter();
        less.iter().all(|class| rest.any(|other| other == class))
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.lists.capacity() * size_of::<List>()
            + self.numbers.capacity() * (size_of::<(List, u32)>() + 1)
            + self.with.capacity() * (size_of::<((u32, u32), u32)>() + 1)
            + self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multisets_are_numbered_counted_and_compared() {
        let mut used = Used::new();
        let a = used.with(NOTHING, 7);
        let ab = used.with(a, 3);
        let ba = {
            let b = used.with(NOTHING, 3);
            used.with(b, 7)
        };
        assert_eq!(ab, ba);
        let aab = used.with(ab, 7);
        assert_eq!((used.count(aab, 7), used.count(aab, 3), used.count(aab, 1)), (2, 1, 0));
        assert!(used.within(ab, aab) && !used.within(aab, ab) && used.within(NOTHING, a));
        let aa = used.with(a, 7);
        assert!(!used.within(aa, ab) && used.within(aa, aab));
    }
}
