//! What is known of the runs and suites of the store.

use super::shelf::{Shelf, names, text};
use crate::suite::{Tale, tale};
use cap_std::fs::Dir;
use schism_checkers::Status;
use schism_reports::suite::Found;
use schism_reports::web::{LiveRun, RunRow, State, SuiteRow};
use schism_reports::{Figures, RunFacts};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// A run that has not said how it is getting on for this long is over.
const SILENT: Duration = Duration::from_secs(5);
/// Where the runs of suites are.
const SUITES: &str = "suites";

/// What a list shows of runs that have ended, so that it is read only once.
#[derive(Default)]
pub struct Index {
    known: Mutex<HashMap<String, (SystemTime, RunRow)>>,
}

/// What is read of `run.toml`. Runs of other versions may have other things in it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Recipe {
    test: String,
    twin: Option<String>,
    workload: String,
    nodes: u64,
    seed: u64,
    simulated: bool,
}

/// What is read of `verdict.json`.
#[derive(Deserialize)]
pub struct Verdict {
    /// The worst of all.
    overall: Status,
    /// About each promise.
    pub findings: Vec<Found>,
    /// What else is known.
    #[serde(default)]
    pub facts: RunFacts,
    #[serde(default)]
    figures: Option<Figures>,
}

/// Reads the verdict of a run; its findings come worst first.
pub fn verdict(run: &Dir) -> Result<Verdict, String> {
    let text = text(run, "verdict.json").map_err(|e| format!("verdict.json: {e}"))?;
    let mut verdict: Verdict =
        serde_json::from_str(&text).map_err(|e| format!("verdict.json: {e}"))?;
    verdict.findings.sort_by_key(|found| found.status);
    Ok(verdict)
}

/// How a run is getting on, if it is.
pub fn progress(run: &Dir) -> Option<LiveRun> {
    let changed = run.symlink_metadata("progress.json").ok()?.modified().ok()?.into_std();
    let age = SystemTime::now().duration_since(changed).unwrap_or_default();
    if age > SILENT {
        return None;
    }
    serde_json::from_str(&text(run, "progress.json").ok()?).ok()
}

impl Index {
    /// All runs of the store.
    pub fn runs(&self, shelf: &Shelf) -> Vec<RunRow> {
        let mut rows = Vec::new();
        let Ok(store) = shelf.directory(&[]) else { return rows };
        for (test, _) in names(&store).iter().filter(|(name, dir)| *dir && name != SUITES) {
            let Ok(runs) = shelf.directory(&[test]) else { continue };
            for (run, _) in names(&runs).iter().filter(|(_, is_directory)| *is_directory) {
                let Ok(directory) = runs.open_dir(run) else { continue };
                if directory.symlink_metadata("run.toml").is_ok() {
                    rows.push(self.row(&directory, test, run));
                }
            }
        }
        rows
    }

    /// What a list shows of a run.
    pub fn row(&self, directory: &Dir, test: &str, run: &str) -> RunRow {
        let path = format!("{test}/{run}");
        let judged = directory.symlink_metadata("verdict.json").and_then(|of| of.modified());
        let judged = judged.ok().map(|time| time.into_std());
        if let (Some(time), Ok(known)) = (judged, self.known.lock())
            && let Some((then, row)) = known.get(&path)
            && *then == time
        {
            return row.clone();
        }
        let row = read(directory, test, run, path.clone());
        if let (Some(time), Ok(mut known)) = (judged, self.known.lock()) {
            known.insert(path, (time, row.clone()));
        }
        row
    }
}

fn read(directory: &Dir, test: &str, run: &str, path: String) -> RunRow {
    let recipe = text(directory, "run.toml").map_err(|e| format!("run.toml: {e}"));
    let recipe = recipe.and_then(|text| {
        toml::from_str::<Recipe>(&text).map_err(|e| format!("run.toml: {}", e.message()))
    });
    let unreadable = recipe.as_ref().err().cloned();
    let recipe = recipe.unwrap_or_default();
    let mut row = RunRow {
        path,
        test: if recipe.test.is_empty() { test.into() } else { recipe.test },
        twin: recipe.twin,
        workload: recipe.workload,
        nodes: recipe.nodes,
        seed: recipe.seed,
        simulated: recipe.simulated,
        started: started(run),
        state: State::BrokeOff,
        why: String::new(),
        figures: None,
    };
    if let Some(why) = unreadable {
        row.state = State::Unreadable(why);
    } else if directory.symlink_metadata("verdict.json").is_ok() {
        match verdict(directory) {
            Ok(verdict) => {
                if !verdict.facts.started.is_empty() {
                    row.started = verdict.facts.started;
                }
                row.state = State::Judged(verdict.overall);
                let worst = verdict.findings.first();
                let worst = worst.filter(|found| found.status != Status::Holds);
                row.why = worst.map_or(String::new(), |found| {
                    format!("{}: {}", found.property, short(&found.explanation))
                });
                row.figures = verdict.figures;
            }
            Err(why) => row.state = State::Unreadable(why),
        }
    } else if progress(directory).is_some() {
        row.state = State::Running;
    }
    row
}

/// When a run began, by the name of its directory: `2026-11-26T06-22-27Z-7`.
fn started(run: &str) -> String {
    match run.split_once('T') {
        Some((day, rest)) if rest.len() >= 9 && rest.is_ascii() => {
            format!("{day}T{}", rest[..9].replace('-', ":"))
        }
        _ => run.into(),
    }
}

/// The beginning of a long explanation: a list is no place for all of it.
fn short(text: &str) -> String {
    const MOST: usize = 220;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

/// All runs of suites, the newest first.
pub fn suites(shelf: &Shelf) -> Vec<SuiteRow> {
    let mut rows = Vec::new();
    let Ok(suites) = shelf.directory(&[SUITES]) else { return rows };
    for (suite, _) in names(&suites).iter().filter(|(_, is_directory)| *is_directory) {
        let Ok(runs) = suites.open_dir(suite) else { continue };
        for (time, _) in names(&runs).iter().filter(|(_, is_directory)| *is_directory) {
            let Some(Tale { result, finished, .. }) = told(shelf, suite, time) else { continue };
            rows.push(SuiteRow {
                name: result.name.clone(),
                path: format!("{suite}/{time}"),
                started: result.started.clone(),
                shard: result.shard.clone(),
                tally: result.tally(),
                code: result.exit_code(),
                seconds: result.seconds,
                unfinished: !finished,
            });
        }
    }
    rows.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| a.path.cmp(&b.path)));
    rows
}

/// A run of a suite.
pub fn told(shelf: &Shelf, suite: &str, time: &str) -> Option<Tale> {
    let directory = shelf.directory(&[SUITES, suite, time]).ok()?;
    let read = |name: &str| text(&directory, name).ok();
    tale(
        read("suite.json").as_deref(),
        read("trends.json").as_deref(),
        read("cases.jsonl").as_deref(),
    )
}
