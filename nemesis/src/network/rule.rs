//! How one directed link behaves.

use crate::rng::{Rng, nanos};
use crate::time;
use schism_history::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How a directed link misbehaves. The default is a perfect link: every message arrives at once,
/// once, unaltered and in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkRule {
    /// Nothing passes.
    pub cut: bool,
    /// Nothing passes until the rule ends; then everything that waited passes at once.
    pub freeze: bool,
    /// The probability that a message is lost.
    pub loss: f64,
    /// The probability that a message arrives altered.
    pub corrupt: f64,
    /// The probability that a message arrives twice.
    pub duplicate: f64,
    /// The second copy arrives up to this much later than it would have as the only one.
    #[serde(with = "time")]
    pub duplicate_within: Duration,
    /// How long messages take.
    pub delay: Option<Delay>,
    /// Some messages are kept back so that later ones overtake them.
    pub reorder: Option<Reorder>,
    /// How much the link carries.
    pub rate: Option<Rate>,
    /// Messages arrive in the order they were sent: one that would overtake waits for the one
    /// before it. Without it, delays that vary reorder.
    pub fifo: bool,
}

impl LinkRule {
    /// Whether the rule changes nothing.
    pub fn is_perfect(&self) -> bool {
        // On a perfect link order is kept anyway, so `fifo` alone changes nothing by itself.
        LinkRule { fifo: false, ..*self } == LinkRule::default()
    }
}

/// How long a message takes: a distribution with a longest value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Delay {
    /// Always the same: order is kept.
    Constant(#[serde(with = "time")] Duration),
    /// Anything between the two, all equally likely.
    Uniform(#[serde(with = "time")] Duration, #[serde(with = "time")] Duration),
    /// A bell around the mean, never below zero.
    Normal {
        /// The middle.
        #[serde(with = "time")]
        mean: Duration,
        /// The standard deviation.
        #[serde(with = "time")]
        deviation: Duration,
        /// The longest.
        #[serde(with = "time")]
        cap: Duration,
    },
    /// Mostly short, sometimes several times the mean.
    Exponential {
        /// The mean, before the cap.
        #[serde(with = "time")]
        mean: Duration,
        /// The longest.
        #[serde(with = "time")]
        cap: Duration,
    },
    /// The heavy tail: a few messages take very long.
    Pareto {
        /// The shortest.
        #[serde(with = "time")]
        least: Duration,
        /// The exponent: the smaller, the heavier the tail. 1 to 3 is usual.
        shape: f64,
        /// The longest.
        #[serde(with = "time")]
        cap: Duration,
    },
}

impl Delay {
    /// The longest that can come out.
    pub fn longest(&self) -> Duration {
        match *self {
            Delay::Constant(always) => always,
            Delay::Uniform(_, most) => most,
            Delay::Normal { cap, .. }
            | Delay::Exponential { cap, .. }
            | Delay::Pareto { cap, .. } => cap,
        }
    }

    /// Why no value could be drawn from it, if so.
    pub fn refusal(&self) -> Option<String> {
        match *self {
            Delay::Uniform(least, most) if least > most => Some(format!(
                "a uniform delay from {} to {} is upside down: the shorter comes first",
                time::words(least),
                time::words(most)
            )),
            Delay::Normal { mean: low, cap, .. }
            | Delay::Exponential { mean: low, cap }
            | Delay::Pareto { least: low, cap, .. }
                if cap < low =>
            {
                Some(format!(
                    "the cap {} is below {}: it is the longest delay of all",
                    time::words(cap),
                    time::words(low)
                ))
            }
            Delay::Pareto { shape, .. } if !(shape > 0.0 && shape.is_finite()) => {
                Some(format!("shape {shape} is not above 0: 1 to 3 is usual"))
            }
            _ => None,
        }
    }

    /// Draws one. `libm` rather than the platform's functions: the same bits everywhere.
    pub fn draw(&self, rng: &mut Rng) -> Nanos {
        let float = |duration: Duration| nanos(duration) as f64;
        let drawn = match *self {
            Delay::Constant(always) => return nanos(always),
            Delay::Uniform(least, most) => return nanos(rng.between(least, most)),
            Delay::Normal { mean, deviation, .. } => {
                let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.unit()));
                let angle = std::f64::consts::TAU * rng.unit();
                float(mean) + float(deviation) * radius * libm::cos(angle)
            }
            Delay::Exponential { mean, .. } => -float(mean) * libm::log(1.0 - rng.unit()),
            Delay::Pareto { least, shape, .. } => {
                float(least) * libm::pow(1.0 - rng.unit(), -1.0 / shape)
            }
        };
        // The cast takes negative values to zero and infinite ones to the cap.
        (drawn as u64).min(nanos(self.longest()))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use time::words;
        match *self {
            Delay::Constant(always) => write!(f, "{}", words(always)),
            Delay::Uniform(least, most) => write!(f, "{} to {}", words(least), words(most)),
            Delay::Normal { mean, deviation, .. } => {
                write!(f, "normal {} ± {}", words(mean), words(deviation))
            }
            Delay::Exponential { mean, .. } => write!(f, "exponential {}", words(mean)),
            Delay::Pareto { least, .. } => write!(f, "heavy tail from {}", words(least)),
        }?;
        match *self {
            Delay::Constant(_) | Delay::Uniform(..) => Ok(()),
            _ => write!(f, ", at most {}", words(self.longest())),
        }
    }
}

/// Some messages are kept back so that later ones overtake them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// How likely a message is kept back.
    pub probability: f64,
    /// For how long at most; the actual time is uniform.
    #[serde(with = "time")]
    pub by: Duration,
}

/// How much a link carries: messages queue, and one that would wait too long is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Bytes a second.
    pub bytes_per_second: u64,
    /// How long a message may wait for its turn; the queue is full beyond that.
    #[serde(with = "time")]
    pub queue: Duration,
}
