//! What makes life hard for a node without taking it away: its disk, and what it may use.

use crate::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a disk refuses to make something durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskError {
    /// The device fails (EIO): it has kept what was to be made durable, and says that it has not.
    Eio,
    /// No space is left (ENOSPC): nothing of it is kept.
    Enospc,
}

/// What a node has to cope with at a moment. Each entry names the fault it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trouble {
    /// Its disk makes nothing durable.
    pub fails: Option<(u32, DiskError)>,
    /// Its disk takes so much longer to make something durable.
    pub slow: Option<(u32, Nanos)>,
    /// It may use so many bytes of memory.
    pub memory: Option<(u32, u64)>,
    /// It may have so many descriptors.
    pub descriptors: Option<(u32, u64)>,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            DiskError::Eio => "EIO",
            DiskError::Enospc => "ENOSPC",
        })
    }
}
