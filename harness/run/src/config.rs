//! What a run is asked to do.

use crate::Scripted;
use schism_history::Nanos;
use schism_nemesis::Pinned;

/// When the chaos phase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// After this long.
    pub time: Nanos,
    /// Or after so many operations were invoked, if that is sooner.
    pub operations: Option<u64>,
}

/// Which messages between nodes go into the history. All are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Messages {
    /// Every one up to this many, then one in sixteen.
    First(u64),
    /// One in so many.
    OneIn(u64),
    /// None.
    Off,
}

impl Messages {
    /// Whether the message with this number is recorded.
    pub fn records(self, id: u64) -> bool {
        self.sampling().is_some_and(|(first, k)| id < first || id.is_multiple_of(k))
    }

    /// How many are recorded one and all, and that from then on one in so many is; nothing if
    /// none are.
    pub fn sampling(self) -> Option<(u64, u64)> {
        match self {
            Messages::First(count) => Some((count, 16)),
            Messages::OneIn(k) => Some((0, k.max(1))),
            Messages::Off => None,
        }
    }
}

/// What a run is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// How many nodes.
    pub nodes: u16,
    /// How many clients. With a rate: how many to begin with.
    pub concurrency: u32,
    /// Operations per second, whether or not earlier ones have ended; `None`: each client sends
    /// the next operation when the last has ended.
    pub rate: Option<f64>,
    /// Without a rate: how long a client waits at least from one operation to the next.
    pub pace: Nanos,
    /// When the chaos ends.
    pub limit: Limit,
    /// How long a client waits for a reply.
    pub timeout: Nanos,
    /// How long the network may take to calm down in the end.
    pub settle: Nanos,
    /// How long the network must be silent to be called calm.
    pub silence: Nanos,
    /// The seed of everything the script chooses.
    pub seed: u64,
    /// Whether a killed node loses only the last of what it has sent ([`LastSends`]).
    ///
    /// [`LastSends`]: crate::LastSends
    pub loses_the_last: bool,
    /// Which messages are recorded.
    pub messages: Messages,
    /// The operations, if they are written down one by one instead of drawn. The number of clients,
    /// their pace and a limit of operations then mean nothing.
    pub script: Option<Vec<Scripted>>,
    /// What becomes of single messages between nodes.
    pub pinned: Vec<Pinned>,
}

const SECOND: Nanos = 1_000_000_000;

impl Default for Config {
    fn default() -> Self {
        Config {
            nodes: 5,
            concurrency: 10,
            rate: None,
            pace: SECOND / 100,
            limit: Limit { time: 20 * SECOND, operations: None },
            timeout: 2 * SECOND,
            settle: 3 * SECOND,
            silence: SECOND / 2,
            seed: 0,
            loses_the_last: false,
            messages: Messages::First(200_000),
            script: None,
            pinned: Vec::new(),
        }
    }
}
