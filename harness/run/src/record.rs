//! Where the records of a run go.

use schism_history::{Entry, History, Meta, Nanos, Record};

/// Takes the records of a run, in order.
pub trait Sink {
    /// Appends one.
    fn append(&mut self, time: Nanos, entry: Entry);

    /// Whether what was recorded is enough, so that the chaos can end.
    fn seen_enough(&self) -> bool {
        false
    }
}

/// Keeps the history in memory.
#[derive(Debug, Default)]
pub struct InMemory {
    /// What was recorded so far.
    pub history: History,
}

impl InMemory {
    /// Nothing recorded yet.
    pub fn new(meta: Meta) -> InMemory {
        InMemory { history: History { meta, records: Vec::new() } }
    }
}

impl Sink for InMemory {
    fn append(&mut self, time: Nanos, entry: Entry) {
        let index = self.history.records.len() as u64;
        self.history.records.push(Record { index, time, entry });
    }
}
