//! Runs of real processes.

use crate::broadcast::Broadcast;
use crate::cli::LiveLine;
use crate::processes::{self, Host, HostError, Program};
use crate::store::RunDirectory;
use crate::watch::Watched;
use crate::{Error, Recipe, loading};
use schism_history::{Entry, History, LoadOptions, Meta, Nanos, Writer};
use schism_kernel::Node;
use schism_protocols::Setup;
use schism_reports::Counts;
use schism_reports::terminal::{self, Progress as Line};
use schism_run::{Progress, Run, Sink};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

/// What came of a run of processes.
pub struct Real {
    /// What was recorded, read back from the file.
    pub history: History,
    /// The counters.
    pub progress: Progress,
    /// What kept its processes from outliving it.
    pub containment: String,
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Error {
        match error.exit_code() {
            64 => Error::usage(error),
            130 => Error::Aborted,
            _ => Error::harness(error),
        }
    }
}

/// Refuses a program that cannot be run.
pub fn check_program(program: &Path) -> Result<(), Error> {
    Program::foreign(program, Vec::new()).map(drop).map_err(|e| Error::usage(format!("--bin: {e}")))
}

/// Serves one node on standard input and output.
pub fn serve(build: fn(Setup) -> Box<dyn Node>) -> Result<u8, Error> {
    schism_node::serve(move |nodes| build(Setup::new(nodes))).map_err(Error::harness)?;
    Ok(0)
}

/// Writes records to a file as they come. The first failure is kept: a run is not stopped in the
/// middle because a disk is full, but it does not count either.
#[derive(Clone)]
struct ToFile(Rc<RefCell<Recording>>);

struct Recording {
    writer: Option<Writer<File>>,
    failed: Option<io::Error>,
}

impl Sink for ToFile {
    fn append(&mut self, time: Nanos, entry: Entry) {
        let recording = &mut *self.0.borrow_mut();
        if let Some(writer) = &mut recording.writer
            && let Err(error) = writer.append(time, &entry)
        {
            recording.failed = Some(error);
            recording.writer = None;
        }
    }
}

/// Carries out a recipe with one process per node.
pub fn run(
    recipe: &Recipe,
    directory: &RunDirectory,
    meta: Meta,
    live: &mut LiveLine,
) -> Result<Real, Error> {
    let program = match recipe.program() {
        Some((program, arguments)) => {
            let arguments = arguments.iter().map(OsString::from).collect();
            Program::foreign(&program, arguments).map_err(Error::usage)?
        }
        None => {
            let mut arguments: Vec<OsString> = vec!["node".into(), recipe.test.clone().into()];
            if let Some(twin) = &recipe.twin {
                arguments.extend(["--twin".into(), twin.into()]);
            }
            Program::Ours { arguments }
        }
    };
    let workload = schism_workloads::workload(&recipe.workload, recipe.shape())
        .ok_or_else(|| Error::usage(format!("there is no workload `{}`", recipe.workload)))?;
    let config = processes::Config {
        seed: recipe.seed,
        catch_interrupts: true,
        ..processes::Config::new(recipe.nodes, program, directory.path())
    };
    let host = Host::new(config)?;
    let containment = host.containment().to_string();
    let file = directory.history();
    let writer = Writer::create(&file, &meta).map_err(Error::usage)?;
    let recording = Recording { writer: Some(writer), failed: None };
    let sink = ToFile(Rc::new(RefCell::new(recording)));
    let watched = Watched::new(recipe, sink.clone())?;
    let plan = recipe.plan.clone();
    let mut run = Run::new(recipe.config(), workload, plan, recipe.base(), Box::new(watched));
    let mut meter = Meter::default();
    let mut broadcast = Broadcast::to(directory.progress(), recipe);
    host.play(&mut run, |run, now| {
        broadcast.glance(run, now);
        if live.shown() {
            live.draw(&meter.line(run, recipe, now));
        }
    })?;
    let progress = run.progress().clone();
    drop(run);
    let mut recording = sink.0.borrow_mut();
    let finished = recording.writer.take().map_or(Ok(()), Writer::finish);
    if let Some(error) = recording.failed.take().or(finished.err()) {
        return Err(Error::harness(format!("cannot write {}: {error}", file.display())));
    }
    let history = loading::load(&file, &LoadOptions::default())?.history;
    Ok(Real { history, progress, containment })
}

/// Turns counters into rates.
#[derive(Default)]
struct Meter {
    /// Acknowledged operations at earlier glances, back to a second ago.
    earlier: std::collections::VecDeque<(Nanos, u64)>,
}

impl Meter {
    fn line(&mut self, run: &Run, recipe: &Recipe, now: Nanos) -> String {
        let progress = run.progress();
        while self.earlier.front().is_some_and(|&(then, _)| then + 1_000_000_000 < now) {
            self.earlier.pop_front();
        }
        let per_second = match self.earlier.front() {
            Some(&(then, ok)) if then < now => {
                (progress.ok - ok) as f64 * 1e9 / (now - then) as f64
            }
            _ => 0.0,
        };
        self.earlier.push_back((now, progress.ok));
        let faults: Vec<String> = progress.faults.values().cloned().collect();
        let line = Line {
            phase: run.phase(),
            elapsed: now,
            limit: u64::try_from(recipe.time_limit.as_nanos()).ok(),
            per_second,
            counts: Counts { ok: progress.ok, fail: progress.fail, info: progress.info },
            faults: &faults,
        };
        terminal::progress(&line, true, crate::cli::width())
    }
}
