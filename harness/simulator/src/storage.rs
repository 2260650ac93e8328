//! What a node has stored, and what waits for it to be durable.

use crate::agenda::Event;
use crate::disk::Disk;
use crate::outbox::Output;
use schism_history::{DiskError, Nanos, Trouble};
use std::collections::VecDeque;

/// A node's disk, what is wrong with it, and what waits for it.
#[derive(Default)]
pub(crate) struct Storage {
    pub disk: Disk,
    pub trouble: Trouble,
    /// Something is being made durable, and takes its time.
    syncing: Option<Syncing>,
    /// What happens to the node meanwhile.
    pub blocked: VecDeque<Event>,
    /// It could not be made durable.
    failed: Option<(u32, DiskError)>,
}

struct Syncing {
    /// How many writes.
    writes: usize,
    /// What leaves the node after that, in order.
    held: Vec<Output>,
    /// The fault that makes it slow, and by how much, until that was told.
    slow: Option<(u32, Nanos)>,
}

impl Storage {
    /// Something is to leave the node: what was stored so far has to be durable before. Gives it back
    /// if it can leave at once.
    pub fn pass(&mut self, output: Output) -> Option<Output> {
        let unsynced = self.disk.unsynced();
        if let Some((_, error)) = self.failed {
            return self.pass_failed(error, output);
        }
        if let Some(syncing) = &mut self.syncing {
            syncing.writes = unsynced;
            syncing.held.push(output);
            return None;
        }
        if unsynced == 0 {
            return Some(output);
        }
        if let Some((fault, error)) = self.trouble.fails {
            self.failed = Some((fault, error));
            return self.pass_failed(error, output);
        }
        if self.trouble.slow.is_some() {
            let slow = self.trouble.slow;
            self.syncing = Some(Syncing { writes: unsynced, held: vec![output], slow });
            return None;
        }
        self.disk.made_durable(unsynced);
        Some(output)
    }

    /// Nothing leaves a node whose disk has failed. But what a disk has kept although it says no, the
    /// record must know of.
    fn pass_failed(&mut self, error: DiskError, output: Output) -> Option<Output> {
        if error == DiskError::Enospc || !matches!(output, Output::Note(_)) {
            return None;
        }
        self.disk.made_durable(self.disk.unsynced());
        Some(output)
    }

    /// Whether the node waits for its disk.
    pub fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// How long what has just begun to be made durable takes, and for which fault.
    pub fn begun(&mut self) -> Option<(u32, Nanos)> {
        self.syncing.as_mut()?.slow.take()
    }

    /// How what should have been durable failed, and for which fault.
    pub fn failure(&mut self) -> Option<(u32, DiskError)> {
        self.failed.take()
    }

    /// It is durable: what waited for it leaves.
    pub fn synced(&mut self) -> Vec<Output> {
        let Some(syncing) = self.syncing.take() else { return Vec::new() };
        self.disk.made_durable(syncing.writes);
        syncing.held
    }

    /// The node is gone: what waited never leaves. Says how many writes are lost for certain, as the
    /// record does not know of what was told of them, and gives back what was to happen to the node.
    pub fn abandoned(&mut self, failed: Option<DiskError>) -> (usize, VecDeque<Event>) {
        let held = self.syncing.take().map(|syncing| syncing.held).unwrap_or_default();
        let untold = held.iter().any(|output| matches!(output, Output::Note(_)));
        let lost = match untold || failed == Some(DiskError::Enospc) {
            true => self.disk.lose_unsynced(),
            false => 0,
        };
        (lost, std::mem::take(&mut self.blocked))
    }
}
