//! What can go wrong with a node's clock.
//!
//! A node has one clock: its timestamps and its timers go by it. A clock that jumps ahead sets
//! timers off early, one that jumps back sets them off late, and when a fault ends the clock is
//! right again, which is one more jump. What several faults do to one clock adds up.

use crate::time;
use schism_history::{Nanos, Skew};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What a clock does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Clock {
    /// It is ahead by so many nanoseconds, or behind: `{ jump = "-2s" }`.
    Jump(#[serde(with = "time::signed")] i64),
    /// It gains so many seconds a second, or loses them: `{ drift = 0.1 }` is 10 % too fast.
    Drift(f64),
    /// It jumps ahead and back again: `{ strobe = { by = "200ms", every = "50ms" } }`.
    Strobe {
        /// How far.
        #[serde(with = "time")]
        by: Duration,
        /// How often.
        #[serde(with = "time")]
        every: Duration,
    },
}

/// No clock is further off than this.
const FURTHEST: Duration = Duration::from_secs(24 * 3600);

impl Clock {
    /// Why it makes no sense, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        let far = |by: u64| {
            let far = Duration::from_nanos(by) > FURTHEST;
            far.then(|| "a clock is off by 24h at most".to_string())
        };
        match *self {
            Clock::Jump(0) => Some("a jump by 0s: it would change nothing".into()),
            Clock::Jump(by) => far(by.unsigned_abs()),
            Clock::Drift(rate) => {
                let possible = (-0.99..=10.0).contains(&rate) && ppm(rate) != 0;
                (!possible).then(|| {
                    format!(
                        "a drift of {rate}: write what it gains a second, from -0.99 to 10, as 0.1"
                    )
                })
            }
            Clock::Strobe { by, every } if by.is_zero() || every < Duration::from_millis(1) => {
                Some("a strobe goes by more than 0s, every 1ms or more".into())
            }
            Clock::Strobe { by, .. } => far(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)),
        }
    }

    /// When to look at the clock again, counted from the fault's beginning: to turn it back, or
    /// to see how far it has drifted by the middle of the fault.
    pub(crate) fn tick(&self, length: Duration) -> Option<Duration> {
        match *self {
            Clock::Jump(_) => None,
            Clock::Drift(_) => Some(length / 2),
            Clock::Strobe { every, .. } => Some(every),
        }
    }

    /// How far off the clock is, after so many ticks of a fault that began at that time.
    pub(crate) fn skew(&self, began: Nanos, now: Nanos, ticks: u64) -> Skew {
        match *self {
            Clock::Jump(offset) => Skew { since: now, offset, ppm: 0 },
            Clock::Drift(rate) => Skew { since: began, offset: 0, ppm: ppm(rate) },
            Clock::Strobe { by, .. } => {
                let offset = if ticks.is_multiple_of(2) { by.as_nanos() as i64 } else { 0 };
                Skew { since: now, offset, ppm: 0 }
            }
        }
    }
}

fn ppm(rate: f64) -> i64 {
    (rate * 1e6).round() as i64
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Clock::Jump(by) => write!(f, "{}", time::signed::words(by)),
            Clock::Drift(rate) => {
                let percent = (rate.abs() * 10_000.0).round() / 100.0;
                write!(f, "{percent} % {}", if rate > 0.0 { "fast" } else { "slow" })
            }
            Clock::Strobe { by, every } => {
                write!(f, "strobe {} every {}", time::words(by), time::words(every))
            }
        }
    }
}
