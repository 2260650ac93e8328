//! The log of a Raft server: entries numbered from 1.

use serde::{Deserialize, Serialize};

/// An entry of the log: a command, or nothing but the mark of a new term.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry<C> {
    /// The term in which a leader took it.
    pub term: u64,
    /// The command; `None` at the start of a term.
    pub command: Option<C>,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Log<C>(Vec<Entry<C>>);

impl<C> Default for Log<C> {
    fn default() -> Self {
        Log(Vec::new())
    }
}

impl<C> Log<C> {
    /// The index of the last entry, 0 if there is none.
    pub fn last(&self) -> u64 {
        self.0.len() as u64
    }

    /// The term of the entry at this index: 0 before the first, nothing after the last.
    pub fn term(&self, index: u64) -> Option<u64> {
        match index {
            0 => Some(0),
            _ => self.0.get(index as usize - 1).map(|entry| entry.term),
        }
    }

    /// The term of the last entry.
    pub fn last_term(&self) -> u64 {
        self.0.last().map_or(0, |entry| entry.term)
    }

    /// The entry at this index, which must exist.
    pub fn entry(&self, index: u64) -> &Entry<C> {
        &self.0[index as usize - 1]
    }

    /// Appends an entry.
    pub fn push(&mut self, entry: Entry<C>) {
        self.0.push(entry);
    }

    /// Removes the entry at this index and everything after it.
    pub fn truncate_from(&mut self, index: u64) {
        self.0.truncate(index as usize - 1);
    }

    /// The index of the first entry of the term that this index is in.
    pub fn first_of_same_term(&self, index: u64) -> u64 {
        let term = self.entry(index).term;
        self.0.partition_point(|entry| entry.term < term) as u64 + 1
    }
}

impl<C: Clone> Log<C> {
    /// At most so many entries from this index on.
    pub fn from(&self, index: u64, most: usize) -> Vec<Entry<C>> {
        self.0.iter().skip(index as usize - 1).take(most).cloned().collect()
    }
}
