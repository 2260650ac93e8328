//! The rules every history keeps, and checkers build on.
//!
//! Soundness depends on them: a process that goes on after `info` would hide that its unfinished
//! operation may still take effect, and a completion paired with the wrong invocation would give
//! the operation a wrong interval.

use crate::{Broken, Entry, Error, History, Nanos, OpEvent, OpKind, Place, Record, Worker};
use compact_str::CompactString;
use std::collections::HashMap;

/// Checks that records, one after the other, may follow each other.
#[derive(Default)]
pub(crate) struct Rules {
    last: Option<(u64, Nanos)>,
    processes: HashMap<Worker, State>,
}

/// What a process that is not free is up to.
enum State {
    /// The operation invoked at this index is open.
    Open(u64, CompactString),
    /// Its last operation ended `info` at this index.
    Gone(u64),
}

impl Rules {
    /// Takes the next record.
    pub(crate) fn follow(&mut self, record: &Record) -> Result<(), Broken> {
        if let Some((index, time)) = self.last {
            if record.index <= index {
                return Err(Broken::IndexOrder { index: record.index, previous: index });
            }
            if record.time < time {
                return Err(Broken::TimeOrder { time: record.time, previous: time });
            }
        }
        self.last = Some((record.index, record.time));
        match &record.entry {
            Entry::Op(op) if op.kind == OpKind::Invoke => self.invoke(record.index, op),
            Entry::Op(op) => self.complete(record.index, op),
            _ => Ok(()),
        }
    }

    fn invoke(&mut self, index: u64, op: &OpEvent) -> Result<(), Broken> {
        let (process, f) = (op.process, || op.f.to_string());
        match self.processes.insert(process, State::Open(index, op.f.clone())) {
            None => Ok(()),
            Some(State::Open(open, _)) => Err(Broken::StillOpen { process, f: f(), open }),
            Some(State::Gone(ended)) => Err(Broken::Reused { process, f: f(), ended }),
        }
    }

    fn complete(&mut self, index: u64, op: &OpEvent) -> Result<(), Broken> {
        let process = op.process;
        match self.processes.remove(&process) {
            Some(State::Open(open, invoked)) if invoked != op.f => {
                let (f, invoked) = (op.f.to_string(), invoked.into_string());
                return Err(Broken::Mismatch { process, f, open, invoked });
            }
            Some(State::Open(..)) => {}
            Some(State::Gone(_)) | None => {
                return Err(Broken::NotInvoked { process, f: op.f.to_string() });
            }
        }
        if op.kind == OpKind::Info {
            self.processes.insert(process, State::Gone(index));
        }
        Ok(())
    }
}

/// Whether a history keeps the rules; `name` is what the error calls it.
pub fn validate(name: &str, history: &History) -> Result<(), Error> {
    let mut rules = Rules::default();
    history.records.iter().try_for_each(|record| {
        rules.follow(record).map_err(|broken| {
            let place = Place::Record { file: name.to_owned(), index: record.index };
            Error::Rule { place, broken }
        })
    })
}
