//! The timers a node has set.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Timers by when they go off; those due at the same instant in the order they were set.
#[derive(Default)]
pub(crate) struct Timers {
    queue: BTreeSet<(Duration, u64)>,
    due: HashMap<u64, Duration>,
}

impl Timers {
    pub fn set(&mut self, number: u64, due: Duration) {
        self.queue.insert((due, number));
        self.due.insert(number, due);
    }

    pub fn cancel(&mut self, number: u64) {
        if let Some(due) = self.due.remove(&number) {
            self.queue.remove(&(due, number));
        }
    }

    /// When the first one goes off.
    pub fn next(&self) -> Option<Duration> {
        self.queue.first().map(|&(due, _)| due)
    }

    /// Takes out the first one if it is due.
    pub fn pop(&mut self, now: Duration) -> Option<u64> {
        let &(due, number) = self.queue.first().filter(|(due, _)| *due <= now)?;
        self.queue.remove(&(due, number));
        self.due.remove(&number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_go_off_in_order_and_cancelled_ones_never() {
        let at = Duration::from_millis;
        let mut timers = Timers::default();
        for (number, due) in [(0, 30), (1, 10), (2, 20), (3, 10)] {
            timers.set(number, at(due));
        }
        timers.cancel(2);
        timers.cancel(99);
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop(at(9)), None);
        let mut fired = Vec::new();
        while let Some(number) = timers.pop(at(30)) {
            fired.push(number);
        }
        assert_eq!(fired, [1, 3, 0]);
        assert_eq!(timers.next(), None);
    }
}
