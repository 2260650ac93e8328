//! How far a node's clock is off.

use crate::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was done to a node's clock. A node has one clock, which its timestamps and its timers both
/// go by; without faults it reads the time since the run began. Nobody else's clock changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skew {
    /// From when on it holds.
    pub since: Nanos,
    /// How many nanoseconds the clock is ahead at that time.
    pub offset: i64,
    /// How many parts in a million it gains from then on. Above −1 000 000: it never stands still.
    pub ppm: i64,
}

const MILLION: i128 = 1_000_000;

impl Skew {
    /// How many nanoseconds the clock is ahead at a time that is not before [`Skew::since`].
    pub fn ahead(&self, now: Nanos) -> i64 {
        let gained = i128::from(now.saturating_sub(self.since)) * i128::from(self.ppm);
        let gained = gained.div_euclid(MILLION);
        i64::try_from(i128::from(self.offset) + gained).unwrap_or(i64::MAX)
    }

    /// What the clock reads at a time. No clock reads less than zero.
    pub fn read(&self, now: Nanos) -> Nanos {
        now.saturating_add_signed(self.ahead(now))
    }

    /// The first time from [`Skew::since`] on at which the clock reads this, or more.
    pub fn when(&self, reading: Nanos) -> Nanos {
        let missing = i128::from(reading) - i128::from(self.since) - i128::from(self.offset);
        if missing <= 0 {
            return self.since;
        }
        let pace = (MILLION + i128::from(self.ppm)).max(1);
        // Rounded up, as what is gained is rounded down.
        let wait = (missing * MILLION + pace - 1) / pace;
        Nanos::try_from(i128::from(self.since) + wait).unwrap_or(Nanos::MAX)
    }
}

impl fmt::Display for Skew {
    /// `2 s ahead`, `0.25 s behind, gaining 10 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Microseconds will do for people.
        let seconds = (self.offset.unsigned_abs() / 1000) as f64 / 1e6;
        match self.offset {
            0 => f.write_str("right")?,
            1.. => write!(f, "{seconds} s ahead")?,
            _ => write!(f, "{seconds} s behind")?,
        }
        let percent = self.ppm.unsigned_abs() as f64 / 1e4;
        match self.ppm {
            0 => Ok(()),
            1.. => write!(f, ", gaining {percent} %"),
            _ => write!(f, ", losing {percent} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_untouched_clock_reads_the_time() {
        let clock = Skew::default();
        assert_eq!((clock.read(7), clock.when(7), clock.ahead(7)), (7, 7, 0));
    }

    #[test]
    fn a_clock_jumps_and_drifts() {
        let fast = Skew { since: 100, offset: 50, ppm: 500_000 };
        assert_eq!(fast.read(100), 150);
        assert_eq!(fast.read(300), 450);
        assert_eq!(fast.when(450), 300);
        assert_eq!(fast.when(10), 100, "what is past is due at once");
        let behind = Skew { since: 100, offset: -1000, ppm: -500_000 };
        assert_eq!(behind.read(100), 0, "no clock reads less than zero");
        assert_eq!(behind.when(50), 2000);
        assert_eq!(fast.to_string(), "0 s ahead, gaining 50 %");
        let late = Skew { since: 0, offset: -250_000_000, ppm: 0 };
        assert_eq!(late.to_string(), "0.25 s behind");
    }

    proptest! {
        #[test]
        fn a_timer_goes_off_when_the_clock_says_so_and_no_sooner(
            since in 0u64..1 << 40, offset in -(1i64 << 40)..1 << 40,
            ppm in -990_000i64..10_000_000, reading in 0u64..1 << 41,
        ) {
            let skew = Skew { since, offset, ppm };
            let when = skew.when(reading);
            prop_assert!(when >= since && skew.read(when) >= reading);
            prop_assert!(when == since || skew.read(when - 1) < reading);
        }
    }
}
