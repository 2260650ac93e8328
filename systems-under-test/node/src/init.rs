//! How a node learns who it is.

use schism_history::{Skew, Trouble};
use schism_kernel::ProcessId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The body of `init`.
#[derive(Deserialize)]
pub(crate) struct Init {
    pub msg_id: u64,
    pub node_id: String,
    pub node_ids: Vec<String>,
    #[serde(default)]
    pub schism: Extension,
}

/// What `init` may carry beyond Maelstrom's fields, under the name `schism`. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extension {
    /// How often the node was restarted.
    pub incarnation: u32,
    /// The folder for what must survive a crash. Without one, nothing does.
    pub disk: Option<PathBuf>,
    /// Where the node's choices come from; from the operating system if there is none.
    pub seed: Option<u64>,
    /// Whether the harness wants to hear notes and marks.
    pub notes: bool,
    /// Whether stores are forced to the disk itself. A killed process does not need this: what it
    /// has written stays in the page cache of a system that keeps running.
    pub fsync: bool,
    /// What the machine's monotonic clock showed when the run began, in nanoseconds: the zero of
    /// the node's clock.
    pub origin: u64,
    /// How far off the node's clock is.
    pub clock: Skew,
    /// What is wrong with its disk.
    pub trouble: Trouble,
}

/// Who we are, and who the others are.
pub(crate) struct Identity {
    pub me: ProcessId,
    pub all: Vec<ProcessId>,
    pub names: Vec<String>,
}

impl Identity {
    /// Ranks are positions in the list of all.
    pub fn new(init: &mut Init) -> Result<Identity, String> {
        let names = std::mem::take(&mut init.node_ids);
        if names.len() > usize::from(u16::MAX) {
            return Err(format!("{} nodes are too many", names.len()));
        }
        let Some(me) = names.iter().position(|name| *name == init.node_id) else {
            return Err(format!("node_ids does not contain node_id {:?}", init.node_id));
        };
        let rank = |position: usize| ProcessId(position as u16);
        let all = (0..names.len()).map(rank).collect();
        Ok(Identity { me: rank(me), all, names })
    }

    pub fn name(&self) -> &str {
        &self.names[usize::from(self.me.0)]
    }

    /// The process of this name.
    pub fn process(&self, name: &[u8]) -> Option<ProcessId> {
        let digits = name.strip_prefix(b"n").and_then(|digits| std::str::from_utf8(digits).ok());
        let guess = digits.and_then(|digits| digits.parse::<u16>().ok());
        // Nearly always the name says its position.
        if let Some(guess) = guess
            && self.names.get(usize::from(guess)).is_some_and(|n| n.as_bytes() == name)
        {
            return Some(ProcessId(guess));
        }
        let position = self.names.iter().position(|n| n.as_bytes() == name)?;
        Some(ProcessId(position as u16))
    }
}
