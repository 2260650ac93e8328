//! The clock a node goes by: the machine's, counted from the beginning of the run, and as far off
//! as the harness has asked for. Timestamps and timers both go by it.

use schism_history::Skew;
use std::time::Duration;

/// A node's clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// What the machine's clock showed when this one would have shown zero.
    pub origin: u64,
    pub skew: Skew,
}

impl Clock {
    /// Time since the run began, given the machine's time.
    fn run_time(&self, machine: Duration) -> u64 {
        (machine.as_nanos() as u64).saturating_sub(self.origin)
    }

    /// What it shows.
    pub fn read(&self, machine: Duration) -> Duration {
        Duration::from_nanos(self.skew.read(self.run_time(machine)))
    }

    /// The machine's time at which it shows this.
    pub fn when(&self, reading: Duration) -> Duration {
        let at = self.skew.when(reading.as_nanos() as u64);
        Duration::from_nanos(self.origin.saturating_add(at))
    }

    /// By how many nanoseconds it is ahead.
    pub fn ahead(&self, machine: Duration) -> i64 {
        let now = self.run_time(machine);
        self.skew.read(now).wrapping_sub(now) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_the_beginning_of_the_run_and_is_off_as_asked() {
        let at = Duration::from_secs;
        let mut clock = Clock { origin: 100_000_000_000, skew: Skew::default() };
        assert_eq!(clock.read(at(107)), at(7));
        assert_eq!(clock.when(at(7)), at(107));
        clock.skew = Skew { since: 7_000_000_000, offset: -3_000_000_000, ppm: 1_000_000 };
        assert_eq!(clock.read(at(107)), at(4));
        assert_eq!(clock.read(at(109)), at(8));
        assert_eq!(clock.when(at(8)), at(109));
        assert_eq!(clock.ahead(at(108)), -2_000_000_000);
    }
}
