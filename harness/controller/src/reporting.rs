//! A run with its verdict, as it is kept and as it is shown.

use crate::judge::Verdict;
use crate::store::RunDirectory;
use crate::{Error, Recipe, loading};
use schism_history::{History, LoadOptions};
use schism_reports::{RunFacts, Summary};
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
}

impl Kept {
    /// Reads an old run.
    pub fn read(directory: &RunDirectory) -> Result<Kept, Error> {
        let recipe = directory.read_recipe()?;
        let history = loading::load(&directory.history(), &LoadOptions::default())?.history;
        let file = directory.verdict();
        let text = fs::read_to_string(&file)
            .map_err(|e| Error::usage(format!("cannot read {}: {e}", file.display())))?;
        let VerdictFile { verdict, facts } = serde_json::from_str(&text)
            .map_err(|e| Error::usage(format!("{}: {e}", file.display())))?;
        Ok(Kept { recipe, history, verdict, facts })
    }

    /// Writes the verdict beside the history.
    pub fn write_verdict(&self, directory: &RunDirectory) -> Result<(), Error> {
        let file = directory.verdict();
        let verdict = VerdictFile { verdict: self.verdict.clone(), facts: self.facts.clone() };
        let text = serde_json::to_vec_pretty(&verdict).map_err(Error::harness)?;
        let temporary = file.with_extension("partial");
        fs::write(&temporary, text)
            .and_then(|()| fs::rename(&temporary, &file))
            .map_err(|e| Error::writing(&file, e))
    }

    /// The verdict with its facts, as JSON.
    pub fn json(&self, directory: &RunDirectory) -> serde_json::Value {
        serde_json::json!({
            "test": self.recipe.test,
            "seed": self.recipe.seed,
            "overall": self.verdict.overall,
            "findings": self.verdict.findings,
            "facts": self.facts,
            "run": directory.path(),
        })
    }

    /// The figures.
    pub fn summary(&self, directory: &RunDirectory) -> Summary {
        let mut facts = self.facts.clone();
        facts.report = directory.report().join("index.html").display().to_string();
        Summary::of(&self.history, &self.verdict.findings, &facts)
    }
}

/// Writes the pages and pictures of a run.
pub fn write_report(directory: &RunDirectory, kept: &Kept) -> Result<(), Error> {
    let summary = kept.summary(directory);
    schism_reports::write(&directory.report(), &kept.history, &summary)
        .map(drop)
        .map_err(|e| Error::writing(&directory.report(), e))
}
