//! What a node can be made to cope with.

use crate::time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What goes wrong with a disk while its node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// It fails whenever something is to be made durable: `{ disk = "eio" }`. The node stops then, and
    /// is started again when the fault ends.
    Eio,
    /// It is full: `{ disk = "enospc" }`. The node stops as if it failed.
    Enospc,
    /// It takes so much longer to make something durable: `{ disk = { slow = "20ms" } }`.
    Slow(#[serde(with = "time")] Duration),
}

/// What a process may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// So many bytes of memory: `{ limit = { memory = 67108864 } }`.
    Memory(u64),
    /// So many descriptors: `{ limit = { descriptors = 16 } }`.
    Descriptors(u64),
}

/// How a node lies to others: whatever it sends passes through the hands of an adversary, who can do
/// to it what the node itself could, and nothing that takes the keys of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// It says nothing any more: `{ turn = "mute" }`.
    Mute,
    /// It says one thing to some and another to the rest: `{ turn = "equivocate" }`.
    Equivocate,
    /// It says again what it said before: `{ turn = "replay" }`.
    Replay,
}

impl DiskFault {
    /// Whether the node does not survive it.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, DiskFault::Slow(_))
    }

    /// Why it makes no sense, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            DiskFault::Slow(by) if by.is_zero() => {
                Some("slower by 0s: it would change nothing".into())
            }
            _ => None,
        }
    }
}

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskFault::Eio => f.write_str("fails (EIO)"),
            DiskFault::Enospc => f.write_str("is full (ENOSPC)"),
            DiskFault::Slow(by) => write!(f, "slower by {}", time::words(*by)),
        }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Turn::Mute => "mute",
            Turn::Equivocate => "equivocate",
            Turn::Replay => "replay",
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Memory(bytes) => write!(f, "memory to {bytes} bytes"),
            Limit::Descriptors(count) => write!(f, "descriptors to {count}"),
        }
    }
}
