//! One case under way: a `schism test` of its own, which can crash, hang or run out of memory
//! without taking the suite with it.

use super::definition::Case;
use crate::Error;
use crate::processes::tie_to_parent;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use schism_checkers::{Finding, Status};
use schism_reports::suite::{CaseOutcome, CaseResult, Found, Sweep};
use schism_reports::{Figures, RunFacts};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// What all cases have in common.
pub struct Surroundings<'a> {
    /// Where runs are kept.
    pub store: &'a Path,
    /// Where the output of cases goes, until it is read.
    pub scratch: &'a Path,
    /// Whether runs get pages and pictures.
    pub report: bool,
    /// When a case is killed.
    pub limit: Duration,
}

/// A case under way.
pub struct Running<'a> {
    pub case: &'a Case,
    /// The words after `schism`, of this try.
    args: Vec<String>,
    /// How many more seeds it has.
    tries: u64,
    child: Child,
    began: Instant,
    started: SystemTime,
    output: PathBuf,
    log: PathBuf,
    killed: Option<String>,
    /// What a sweep has found, while its failing seed runs again to be recorded.
    swept: Option<CaseResult>,
}

/// What `schism test --json` says of a run.
#[derive(Deserialize)]
struct Judged {
    overall: Status,
    findings: Vec<Finding>,
    run: PathBuf,
    figures: Option<Figures>,
    facts: RunFacts,
}

/// What `schism test --seeds --json` says of a protocol.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Swept {
    overall: Status,
    seeds: u64,
    counts: BTreeMap<String, u64>,
    first_bad_seed: Option<u64>,
    findings: Option<Vec<Finding>>,
    situations: BTreeMap<String, u64>,
}

impl<'a> Running<'a> {
    /// Starts a case; `number` tells its output from that of others.
    pub fn start(
        case: &'a Case,
        number: usize,
        around: &Surroundings<'_>,
    ) -> Result<Running<'a>, Error> {
        let output = around.scratch.join(format!("case-{number}.json"));
        let log = around.scratch.join(format!("case-{number}.log"));
        let child = spawn(&case.args, case.is_sweep(), around, &output, &log)?;
        Ok(Running {
            case,
            args: case.args.clone(),
            tries: case.tries - 1,
            child,
            began: Instant::now(),
            started: SystemTime::now(),
            output,
            log,
            killed: None,
            swept: None,
        })
    }

    /// How long it has been going on.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// What became of it, once it has ended. A sweep that fails unexpectedly goes on with its
    /// failing seed, so that there is a run to look at; what has further tries goes on with the next
    /// seed.
    pub fn poll(&mut self, around: &Surroundings<'_>) -> Result<Option<CaseResult>, Error> {
        if self.killed.is_none() && self.elapsed() > around.limit {
            let limit = schism_nemesis::time::words(around.limit);
            self.killed = Some(format!("killed after {limit}, the limit of a case"));
            self.signal(Signal::SIGKILL);
        }
        let Some(status) = self.child.try_wait().map_err(Error::harness)? else { return Ok(None) };
        let result = self.result(status, around);
        let bad_seed = result.sweep.as_ref().and_then(|sweep| sweep.first_bad_seed);
        match (self.swept.take(), bad_seed) {
            (Some(swept), _) => {
                let (run, figures, seconds) = (result.run, result.figures, result.seconds);
                Ok(Some(CaseResult { run, figures, seconds, ..swept }))
            }
            (None, Some(seed)) if !result.passed() && self.killed.is_none() => {
                let args = recorded(&self.case.args, seed);
                self.child = spawn(&args, false, around, &self.output, &self.log)?;
                self.swept = Some(result);
                Ok(None)
            }
            _ if !result.passed() && self.tries > 0 && self.killed.is_none() => {
                self.tries -= 1;
                next_seed(&mut self.args);
                self.child = spawn(&self.args, false, around, &self.output, &self.log)?;
                Ok(None)
            }
            _ => Ok(Some(result)),
        }
    }

    /// Signals the case and whatever it has started in its process group.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself in the meantime.
        let _ = killpg(Pid::from_raw(self.child.id() as i32), signal);
    }

    fn result(&self, status: ExitStatus, around: &Surroundings<'_>) -> CaseResult {
        let text = fs::read_to_string(&self.output).unwrap_or_default();
        let _ = fs::remove_file(&self.output);
        let mut result = CaseResult {
            command: command(&self.args),
            expect: self.case.expect.clone(),
            started: humantime::format_rfc3339_seconds(self.started).to_string(),
            seconds: self.elapsed().as_secs_f64(),
            ..CaseResult::skipped_case(&self.case.name)
        };
        let read = if self.case.is_sweep() && self.swept.is_none() {
            swept(&text, &mut result).inspect(|_| {
                let seed = result.sweep.as_ref().and_then(|sweep| sweep.first_bad_seed);
                if let Some(seed) = seed {
                    result.command = command(&recorded(&self.case.args, seed));
                }
            })
        } else {
            judged(&text, around.store, &mut result)
        };
        let agrees =
            |status: ExitStatus, verdict: Status| status.code() == Some(verdict.exit_code());
        result.outcome = match (read, &self.killed) {
            (Some(verdict), None) if agrees(status, verdict) => CaseOutcome::Judged(verdict),
            (_, killed) => {
                let code = status.code().filter(|_| killed.is_none());
                let said = killed.clone().unwrap_or_else(|| last_words(&self.log, status));
                CaseOutcome::Failed { code, said }
            }
        };
        if matches!(result.outcome, CaseOutcome::Judged(_)) {
            // What it said along the way stands in its run's directory, better.
            let _ = fs::remove_file(&self.log);
        }
        result
    }
}

impl Drop for Running<'_> {
    /// A case whose result nobody waits for any more is not left behind.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

fn spawn(
    args: &[String],
    sweep: bool,
    around: &Surroundings<'_>,
    output: &Path,
    log: &Path,
) -> Result<Child, Error> {
    let create = |path: &Path| File::create(path).map_err(|e| Error::writing(path, e));
    let program = std::env::current_exe().map_err(Error::harness)?;
    let mut command = Command::new(program);
    command.args(args).arg("--json").arg("--store").arg(around.store);
    if sweep {
        // The suite runs several at a time.
        command.args(["--jobs", "1"]);
    }
    if !around.report {
        command.arg("--no-report");
    }
    command.stdin(Stdio::null()).stdout(create(output)?).stderr(create(log)?);
    // Ctrl-C reaches the suite alone, which knows what to do with its cases.
    command.process_group(0);
    tie_to_parent(&mut command);
    command.spawn().map_err(|e| Error::harness(format!("cannot start {command:?}: {e}")))
}

fn judged(text: &str, store: &Path, result: &mut CaseResult) -> Option<Status> {
    let judged: Judged = serde_json::from_str(text).ok()?;
    result.findings = found(&judged.findings);
    let run = judged.run.strip_prefix(store).ok();
    result.run = run.map(|run| run.to_string_lossy().into_owned());
    result.figures = judged.figures;
    result.situations = judged.facts.marks;
    Some(judged.overall)
}

fn swept(text: &str, result: &mut CaseResult) -> Option<Status> {
    let [swept]: [Swept; 1] = serde_json::from_str(text).ok()?;
    result.findings = found(&swept.findings.unwrap_or_default());
    result.situations = swept.situations;
    let Swept { seeds, counts, first_bad_seed, .. } = swept;
    result.sweep = Some(Sweep { seeds, counts, first_bad_seed });
    Some(swept.overall)
}

fn found(findings: &[Finding]) -> Vec<Found> {
    let mut found: Vec<Found> = findings
        .iter()
        .map(|finding| Found {
            property: finding.property.clone(),
            status: finding.status,
            explanation: finding.explanation.clone(),
        })
        .collect();
    found.sort_by_key(|found| found.status);
    found
}

/// The same for one seed of a sweep.
fn recorded(args: &[String], seed: u64) -> Vec<String> {
    let mut args = args.to_vec();
    if let Some(at) = args.iter().position(|word| word == "--seeds") {
        args.splice(at..at + 2, ["--sim".into(), "--seed".into(), seed.to_string()]);
    }
    args
}

/// The same with the seed after this one.
fn next_seed(args: &mut [String]) {
    let at = args.iter().position(|word| word == "--seed");
    if let Some(seed) = at.and_then(|at| args.get_mut(at + 1)) {
        *seed = seed.parse::<u64>().map_or(1, |seed| seed + 1).to_string();
    }
}

/// The command line of a case, as a person would type it.
pub fn command(args: &[String]) -> String {
    let words = args.iter().map(|word| crate::cli::quoted(word));
    std::iter::once("schism".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// The last line a case has written to its log, and how it ended.
fn last_words(log: &Path, status: ExitStatus) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    match (last, status.signal()) {
        (Some(line), None) => line.trim_start_matches("schism: ").to_owned(),
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => format!("ended with {status} and said nothing"),
    }
}
