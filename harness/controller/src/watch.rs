//! Ending a run as soon as it cannot be linearizable any more (`--fail-fast`).

use crate::{Error, Recipe};
use schism_checkers::linearizability::{Monitor, Options};
use schism_history::{Entry, Nanos, Record};
use schism_run::Sink;

/// How much one return may cost the run that waits for it, in configurations.
const PATIENCE: u64 = 10_000;
/// How often operations that stay open for long are looked at.
const POLL: Nanos = 200_000_000;

/// Hands records on, and looks at them on the way.
pub struct Watched<S> {
    sink: S,
    /// Nobody, unless it was asked for, or once it has seen enough.
    monitor: Option<Monitor>,
    index: u64,
    polled: Nanos,
    alarmed: bool,
}

impl<S> Watched<S> {
    /// Watches as far as the recipe asks for it.
    pub fn new(recipe: &Recipe, sink: S) -> Result<Self, Error> {
        let options = Options { configurations: PATIENCE, ..Options::default() };
        let model = recipe.fail_fast.then(|| schism_workloads::model_of(&recipe.workload));
        let monitor = model.flatten().map(|model| Monitor::new(&model.into(), &options));
        let monitor = monitor.transpose().map_err(Error::harness)?;
        Ok(Watched { sink, monitor, index: 0, polled: 0, alarmed: false })
    }

    fn watch(&mut self, time: Nanos, entry: &Entry) {
        let index = self.index;
        self.index += 1;
        let Some(monitor) = &mut self.monitor else { return };
        let alarm = match entry {
            Entry::Op(_) => monitor.push(&Record { index, time, entry: entry.clone() }),
            _ => Ok(None),
        };
        let alarm = alarm.map(|alarm| match alarm {
            None if time >= self.polled + POLL => {
                self.polled = time;
                monitor.poll()
            }
            alarm => alarm,
        });
        match alarm {
            Ok(None) => {}
            Ok(Some(_)) => {
                self.alarmed = true;
                self.monitor = None;
            }
            // What it cannot read, the checkers will complain about.
            Err(_) => self.monitor = None,
        }
    }
}

impl<S: Sink> Sink for Watched<S> {
    fn append(&mut self, time: Nanos, entry: Entry) {
        self.watch(time, &entry);
        self.sink.append(time, entry);
    }

    fn seen_enough(&self) -> bool {
        self.alarmed
    }
}
