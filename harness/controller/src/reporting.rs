//! A run with its verdict, as it is kept and as it is shown.

use crate::judge::Verdict;
use crate::store::RunDirectory;
use crate::{Error, Recipe, loading};
use schism_history::{History, LoadOptions};
use schism_reports::{Figures, NodeLog, RunFacts, Summary};
use serde::{Deserialize, Serialize};
use std::fs;

/// Everything that is kept of a run.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it was to do.
    pub recipe: Recipe,
    /// What happened.
    pub history: History,
    /// What was found.
    pub verdict: Verdict,
    /// What else is known of it.
    pub facts: RunFacts,
}

/// The content of `verdict.json`.
#[derive(Serialize, Deserialize)]
struct VerdictFile {
    #[serde(flatten)]
    verdict: Verdict,
    facts: RunFacts,
    /// For lists of runs. Missing in runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    figures: Option<Figures>,
}

impl Kept {
    /// Reads an old run.
    pub fn read(directory: &RunDirectory) -> Result<Kept, Error> {
        let recipe = directory.read_recipe()?;
        let history = loading::load(&directory.history(), &LoadOptions::default())?.history;
        let file = directory.verdict();
        let text = fs::read_to_string(&file)
            .map_err(|e| Error::usage(format!("cannot read {}: {e}", file.display())))?;
        let VerdictFile { verdict, facts, .. } = serde_json::from_str(&text)
            .map_err(|e| Error::usage(format!("{}: {e}", file.display())))?;
        Ok(Kept { recipe, history, verdict, facts })
    }

    /// Writes the verdict beside the history.
    pub fn write_verdict(&self, directory: &RunDirectory, summary: &Summary) -> Result<(), Error> {
        let file = directory.verdict();
        let (verdict, facts) = (self.verdict.clone(), self.facts.clone());
        let verdict = VerdictFile { verdict, facts, figures: Some(Figures::of(summary)) };
        let text = serde_json::to_vec_pretty(&verdict).map_err(Error::harness)?;
        let temporary = file.with_extension("partial");
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &file))
            .map_err(|e| Error::writing(&file, e))
    }

    /// The verdict with its facts, as JSON.
    pub fn json(&self, directory: &RunDirectory, summary: &Summary) -> serde_json::Value {
        serde_json::json!({
            "test": self.recipe.test,
            "seed": self.recipe.seed,
            "overall": self.verdict.overall,
            "findings": self.verdict.findings,
            "facts": self.facts,
            "figures": Figures::of(summary),
            "run": directory.path(),
        })
    }

    /// The figures.
    pub fn summary(&self, directory: &RunDirectory) -> Summary {
        let mut facts = self.facts.clone();
        let page = directory.report().join("index.html");
        facts.report = if page.is_file() { page.display().to_string() } else { String::new() };
        Summary::of(&self.history, &self.verdict.findings, &facts)
    }
}

/// What the run ran on, in a line.
pub fn machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{system} {} on {architecture}, {cores} cores", kernel.trim())
}

/// Writes the pages and pictures of a run.
pub fn write_report(
    directory: &RunDirectory,
    history: &History,
    summary: &Summary,
) -> Result<(), Error> {
    schism_reports::write(&directory.report(), history, summary, &logs(directory))
        .map(drop)
        .map_err(|e| Error::writing(&directory.report(), e))
}

/// What the nodes wrote. A log that cannot be read is left out: the run was judged without it.
fn logs(directory: &RunDirectory) -> Vec<NodeLog> {
    let files = fs::read_dir(directory.nodes()).into_iter().flatten().flatten();
    let mut logs: Vec<(String, Vec<u8>)> = files
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_suffix(".log")?.to_owned(), fs::read(entry.path()).ok()?))
        })
        .collect();
    // In the order of their numbers: n2 before n10.
    logs.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    logs.iter().map(|(node, bytes)| NodeLog::parse(node, bytes)).collect()
}
