//! What the model of a protocol permits.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which faults a protocol claims to survive. Plans drawn under it stay within it at every instant.
/// The default permits nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allowance {
    /// How many nodes may be out at once: dead, stopped, or cut off from the largest group of nodes
    /// that still reach one another. Without `restart`, who died counts for ever.
    pub crash_max: u16,
    /// Whether nobody is killed: `crash_max` then only bounds who is stopped or cut off.
    pub spared: bool,
    /// Whether killed nodes are started again.
    pub restart: bool,
    /// Whether they then find their stable storage; it matters only with `restart`.
    pub keep_disk: bool,
    /// Whether that may be damaged meanwhile: a bit flipped, the last writes undone, all of it gone.
    pub damage: bool,
    /// Whether links may be cut for a while.
    pub partition: bool,
    /// The highest probability of loss on a link. 0: no message may get lost. Links that carry
    /// little lose what does not fit their queue, so they need some of it, too.
    pub loss_max: f64,
    /// Whether messages may arrive twice.
    pub duplicate: bool,
    /// Whether messages may overtake one another. Delays that vary reorder too, so where this is
    /// false the fabric's base rule has to be `fifo`.
    pub reorder: bool,
    /// Whether messages may arrive altered.
    pub corrupt: bool,
    /// Messages arrive strictly earlier than this (on top of what links take anyway); `None` where
    /// there is no bound.
    pub delay_max: Option<Duration>,
    /// Whether processes may be stopped for a while.
    pub pause: bool,
    /// Whether clocks may go wrong.
    pub clock: bool,
    /// Whether processes may be given little memory or few descriptors; simulated nodes have neither.
    pub limits: bool,
    /// How many nodes may be made to lie in all.
    pub liars_max: u16,
    /// Whether the protocol tells who leads, so that faults can look for the leader.
    pub leader: bool,
    /// Whether nodes never speak to one another, so that nothing can be aimed at what they say.
    pub silent: bool,
}

impl Allowance {
    /// Nothing at all may go wrong.
    pub fn none() -> Allowance {
        Allowance {
            crash_max: 0,
            spared: false,
            restart: false,
            keep_disk: false,
            damage: false,
            partition: false,
            loss_max: 0.0,
            duplicate: false,
            reorder: false,
            corrupt: false,
            delay_max: Some(Duration::ZERO),
            pause: false,
            clock: false,
            limits: false,
            liars_max: 0,
            leader: false,
            silent: false,
        }
    }
}

impl Allowance {
    /// Beyond any model: as many nodes as there are may be out, and everything may happen that a
    /// host can do, whatever the protocol claims to survive.
    pub fn beyond(self) -> Allowance {
        Allowance {
            crash_max: u16::MAX,
            spared: false,
            restart: true,
            damage: true,
            partition: true,
            loss_max: 0.6,
            duplicate: true,
            reorder: true,
            delay_max: None,
            pause: true,
            clock: true,
            liars_max: self.crash_max.max(1),
            ..self
        }
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::none()
    }
}
