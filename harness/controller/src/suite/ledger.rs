//! A run of a suite on disk: `store/suites/<suite>/<UTC time>/`.
//!
//! The ledger, `cases.jsonl`, begins with what is to be done and gets a line for every case that
//! has ended, so that a crash loses nothing but the cases under way. Everything else in the
//! directory is made from it.

use super::definition::Suite;
use super::shard::Shard;
use crate::Error;
use schism_reports::suite::{CaseName, CaseResult, SuiteResult, Trends};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const LEDGER: &str = "cases.jsonl";
/// What a run came to.
pub const RESULT: &str = "suite.json";

/// The directory of a run of a suite, in use by this process alone.
pub struct Ledger {
    path: PathBuf,
    file: File,
    head: Head,
    /// The cases that have ended.
    pub done: Vec<CaseResult>,
    /// How long it was at work until the last of them ended.
    pub seconds: f64,
}

/// The first line.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    suite: String,
    version: String,
    started: String,
    shard: Option<String>,
    cases: Vec<CaseName>,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
struct Line {
    seconds: f64,
    case: CaseResult,
}

/// Where the runs of a suite are.
fn home(store: &Path, suite: &str) -> PathBuf {
    store.join("suites").join(crate::store::directory_name(suite))
}

/// The runs of a suite, the newest first.
pub fn runs(store: &Path, suite: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home(store, suite)) else { return Vec::new() };
    let is_run = |path: &PathBuf| !path.is_symlink() && path.join(LEDGER).is_file();
    let mut runs: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(is_run).collect();
    runs.sort();
    runs.reverse();
    runs
}

/// What a run of a suite came to; nothing if it broke off, or what is there cannot be read.
pub fn result(run: &Path) -> Option<SuiteResult> {
    serde_json::from_slice(&fs::read(run.join(RESULT)).ok()?).ok()
}

impl Ledger {
    /// Begins a run.
    pub fn create(store: &Path, suite: &Suite, shard: Shard) -> Result<Ledger, Error> {
        let home = home(store, &suite.name);
        fs::create_dir_all(&home).map_err(|e| Error::writing(&home, e))?;
        let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let path = crate::store::free_name(&home, &started.replace(':', "-"))?;
        let head = Head {
            suite: suite.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            started,
            shard: shard.name(),
            cases: shard.of(&suite.cases).map(|case| case.name.clone()).collect(),
        };
        let ledger = path.join(LEDGER);
        let options = OpenOptions::new().create_new(true).read(true).append(true).open(&ledger);
        let file = options.map_err(|e| Error::writing(&ledger, e))?;
        let mut ledger = Ledger { path, file, head, done: Vec::new(), seconds: 0.0 };
        ledger.lock()?;
        let line = serde_json::to_string(&ledger.head).map_err(Error::harness)?;
        ledger.append(line)?;
        if let Some(name) = ledger.path.file_name() {
            crate::store::point(&home.join("latest"), Path::new(name));
        }
        Ok(ledger)
    }

    /// Takes up the newest run of the suite that has not ended.
    pub fn resume(store: &Path, suite: &Suite, shard: Shard) -> Result<Ledger, Error> {
        let cases: Vec<CaseName> = shard.of(&suite.cases).map(|case| case.name.clone()).collect();
        for path in runs(store, &suite.name) {
            let ledger = Ledger::open(&path)?;
            if ledger.head.shard != shard.name() {
                continue;
            }
            if ledger.head.cases.iter().all(|name| ledger.ended(name)) {
                break;
            }
            if ledger.head.cases != cases {
                return Err(Error::usage(format!(
                    "{} cannot be resumed: the cases of {} have changed since; leave --resume out \
                     to begin anew",
                    path.display(),
                    suite.origin
                )));
            }
            // Now that nobody else writes to it, what it says stays true.
            ledger.lock()?;
            let mut ledger = ledger;
            let whole = ledger.read()?;
            ledger.file.set_len(whole).map_err(|e| Error::writing(&path.join(LEDGER), e))?;
            return Ok(ledger);
        }
        Err(Error::usage(format!(
            "nothing to resume: no run of {} in {} was left unfinished",
            suite.name,
            store.display()
        )))
    }

    /// Reads a run that may be in use by somebody else.
    pub fn open(path: &Path) -> Result<Ledger, Error> {
        let file = path.join(LEDGER);
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&file)
            .map_err(|e| Error::usage(format!("cannot open {}: {e}", file.display())))?;
        let (path, head) = (path.into(), Head::default());
        let mut ledger = Ledger { path, file, head, done: Vec::new(), seconds: 0.0 };
        ledger.read()?;
        Ok(ledger)
    }

    /// Reads what is there, and says how many bytes of it are whole lines.
    fn read(&mut self) -> Result<u64, Error> {
        let file = self.path.join(LEDGER);
        let wrong = |e: String| Error::usage(format!("{}: {e}", file.display()));
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| self.file.read_to_string(&mut text));
        read.map_err(|e| wrong(e.to_string()))?;
        // What follows the last newline was cut off while it was written.
        let whole = text.rfind('\n').map_or(0, |newline| newline + 1);
        let mut lines = text[..whole].lines();
        let head = lines.next().ok_or_else(|| wrong("it has no first line".into()))?;
        self.head = serde_json::from_str(head).map_err(|e| wrong(format!("line 1: {e}")))?;
        self.done.clear();
        for (line, number) in lines.zip(2..) {
            let Line { seconds, case } =
                serde_json::from_str(line).map_err(|e| wrong(format!("line {number}: {e}")))?;
            self.seconds = self.seconds.max(seconds);
            self.done.push(case);
        }
        Ok(whole as u64)
    }

    /// Keeps others from running it.
    pub fn lock(&self) -> Result<(), Error> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => Err(Error::usage(format!(
                "{} is being run by another process",
                self.path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Error::writing(&self.path.join(LEDGER), error)),
        }
    }

    fn append(&mut self, mut line: String) -> Result<(), Error> {
        line.push('\n');
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|e| Error::writing(&self.path.join(LEDGER), e))
    }

    /// Writes down that a case has ended.
    pub fn record(&mut self, case: CaseResult, seconds: f64) -> Result<(), Error> {
        let line = Line { seconds, case };
        let text = serde_json::to_string(&line).map_err(Error::harness)?;
        self.append(text)?;
        self.seconds = seconds;
        self.done.push(line.case);
        Ok(())
    }

    /// Whether this case has ended.
    pub fn ended(&self, name: &CaseName) -> bool {
        self.done.iter().any(|case| case.case == *name)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which part of the suite it is.
    pub fn shard(&self) -> Option<&str> {
        self.head.shard.as_deref()
    }

    /// When the run began, in UTC.
    pub fn started(&self) -> &str {
        &self.head.started
    }

    /// Writes a file of the run; it appears whole or not at all.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, Error> {
        let file = self.path.join(name);
        let partial = self.path.join(format!(".{name}.partial"));
        fs::write(&partial, content)
            .and_then(|()| fs::rename(&partial, &file))
            .map_err(|e| Error::writing(&file, e))?;
        Ok(file)
    }
}

/// What is known of a run of a suite, finished or not.
pub struct Tale {
    /// What it came to so far.
    pub result: SuiteResult,
    /// What has changed since earlier runs.
    pub trends: Trends,
    /// Whether it has ended.
    pub finished: bool,
}

/// Tells of a run of a suite from what its files say.
pub fn tale(result: Option<&str>, trends: Option<&str>, ledger: Option<&str>) -> Option<Tale> {
    if let Some(result) = result.and_then(|text| serde_json::from_str(text).ok()) {
        let trends = trends.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        return Some(Tale { result, trends, finished: true });
    }
    let mut lines = ledger?.lines();
    let head: Head = serde_json::from_str(lines.next()?).ok()?;
    let lines: Vec<Line> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    let seconds = lines.iter().map(|line| line.seconds).fold(0.0, f64::max);
    let case = |name: &CaseName| {
        let done = lines.iter().find(|line| line.case.case == *name);
        done.map_or_else(|| CaseResult::skipped_case(name), |line| line.case.clone())
    };
    let result = SuiteResult {
        name: head.suite,
        version: head.version,
        started: head.started,
        seconds,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        shard: head.shard,
        cut_short: Some("it is under way, or it broke off".into()),
        cases: head.cases.iter().map(case).collect(),
        ..SuiteResult::default()
    };
    Some(Tale { result, trends: Trends::default(), finished: false })
}
