//! A node's place in the run, which outlives its processes.

use super::log::NodeLog;
use super::process::{Life, Process};
use schism_history::{Nanos, Skew, Trouble};
use schism_run::{Disk, LastSends};
use std::path::PathBuf;

/// Everything about one node.
pub(super) struct Seat {
    pub name: String,
    pub log: NodeLog,
    /// The folder it may keep things in.
    pub disk: PathBuf,
    pub process: Option<Process>,
    /// How many processes it had: tells their events apart.
    pub generation: u32,
    /// It is to be started again, with this incarnation, once its old process is gone.
    pub restart: Option<(u32, Disk)>,
    /// What that one is to be told first, after `init`.
    pub untold: Vec<String>,
    pub paused: bool,
    /// Which life of the node its process is.
    pub incarnation: u32,
    /// Once it is killed: whether a message that is still on its way is lost.
    pub losing: Option<LastSends>,
    /// When the last of those of its messages was sent that have arrived.
    pub heard: Nanos,
    /// How far off its clock is.
    pub clock: Skew,
    /// What it has to cope with.
    pub trouble: Trouble,
    /// Which fault limited its process until when: it may end of that a little later.
    pub was_limited: Option<(u32, Nanos)>,
    /// Its process is about to end, as it could not make something durable.
    pub fallen: bool,
    /// Its output is not read before this other node has read some of its input.
    pub waits_for: Option<usize>,
    /// When it last read something, or began to have something to read.
    pub progress: Nanos,
    /// Whether it is on the list of those that have something to read.
    pub listed: bool,
    /// Its process has broken the protocol before; saying so once is enough.
    pub blamed: bool,
}

/// A node that has read nothing for this long is busy with something else, and nobody waits for
/// it: neither for one that was stopped, nor for one that is itself stuck in writing to us.
pub(super) const PATIENCE: Nanos = 5_000_000;

impl Seat {
    pub fn new(name: String, log: NodeLog, disk: PathBuf) -> Seat {
        Seat {
            name,
            log,
            disk,
            process: None,
            generation: 0,
            restart: None,
            untold: Vec::new(),
            paused: false,
            incarnation: 0,
            losing: None,
            heard: 0,
            clock: Skew::default(),
            trouble: Trouble::default(),
            was_limited: None,
            fallen: false,
            waits_for: None,
            progress: 0,
            listed: false,
            blamed: false,
        }
    }

    /// Whether it makes sense to wait until this node has read some of its input.
    pub fn is_attentive(&self, now: Nanos) -> bool {
        let up = self.process.as_ref().is_some_and(|process| process.life == Life::Up);
        up && !self.paused && now.saturating_sub(self.progress) < PATIENCE
    }

    /// How many bytes wait for it.
    pub fn backlog(&self) -> usize {
        self.process.as_ref().map_or(0, |process| process.outgoing.len())
    }
}
