//! Named mixes of faults.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A named mix of faults.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Nothing.
    None,
    /// A little loss, delay, duplication and reordering.
    Gentle,
    /// Partitions of all shapes.
    Partition,
    /// Kills.
    Crash,
    /// Pauses.
    Pause,
    /// Clocks that go wrong.
    Clock,
    /// Kills, of nodes that find their disks again, and what may happen to these.
    Disk,
    /// Processes that get little: of the time, of memory, of descriptors.
    Limits,
    /// Nodes that lie. No model permits it.
    Byzantine,
    /// Everything that happens to links.
    Network,
    /// Everything.
    #[default]
    Everything,
    /// Some of everything, at a pace of its own: the seed says which, and how much.
    Swarm,
}

impl Mix {
    /// All of them.
    pub const ALL: [Mix; 12] = [
        Mix::None,
        Mix::Gentle,
        Mix::Partition,
        Mix::Crash,
        Mix::Pause,
        Mix::Clock,
        Mix::Disk,
        Mix::Limits,
        Mix::Byzantine,
        Mix::Network,
        Mix::Everything,
        Mix::Swarm,
    ];

    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mix::None => "none",
            Mix::Gentle => "gentle",
            Mix::Partition => "partition",
            Mix::Crash => "crash",
            Mix::Pause => "pause",
            Mix::Clock => "clock",
            Mix::Disk => "disk",
            Mix::Limits => "limits",
            Mix::Byzantine => "byzantine",
            Mix::Network => "network",
            Mix::Everything => "everything",
            Mix::Swarm => "swarm",
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Nobody knows a mix of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a mix of faults: choose none, gentle, partition, crash, pause, clock, disk, limits, byzantine, network, everything or swarm"
)]
pub struct UnknownMix(String);

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(name: &str) -> Result<Mix, UnknownMix> {
        Mix::ALL.into_iter().find(|mix| mix.name() == name).ok_or_else(|| UnknownMix(name.into()))
    }
}
