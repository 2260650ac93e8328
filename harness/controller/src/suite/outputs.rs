//! What is written when a run of a suite has ended.

use super::ledger::{Ledger, RESULT, result, runs};
use crate::Error;
use schism_reports::suite::{SuiteResult, Trends, junit, markdown, page};
use schism_reports::web::url;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Where GitHub takes the summary of a step from.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Compares with earlier runs of the suite in the store, and writes every file there is of it.
pub fn write_outputs(ledger: &Ledger, store: &Path, suite: &SuiteResult) -> Result<Trends, Error> {
    let mut earlier: Vec<SuiteResult> = runs(store, &suite.name)
        .iter()
        .filter(|run| run.as_path() < ledger.path())
        .filter_map(|run| result(run))
        .collect();
    earlier.sort_by(|a, b| a.started.cmp(&b.started));
    let trends = Trends::of(suite, &earlier);
    let json = serde_json::to_vec_pretty(suite).map_err(Error::harness)?;
    ledger.write(RESULT, &json)?;
    let json = serde_json::to_vec_pretty(&trends).map_err(Error::harness)?;
    ledger.write("trends.json", &json)?;
    ledger.write("junit.xml", junit(suite).map_err(Error::harness)?.as_bytes())?;
    let summary = markdown(suite, &trends);
    ledger.write("summary.md", summary.as_bytes())?;
    // From `store/suites/<suite>/<time>/` to `store/<run>/`.
    let link = |run: &str| format!("../../../{}/report/index.html", url(run));
    ledger.write("index.html", page(suite, &trends, &link).as_bytes())?;
    if let Some(file) = std::env::var_os(STEP_SUMMARY).filter(|file| !file.is_empty()) {
        let file = Path::new(&file);
        let written = OpenOptions::new().create(true).append(true).open(file);
        written
            .and_then(|mut file| file.write_all(summary.as_bytes()))
            .map_err(|e| Error::writing(file, e))?;
    }
    Ok(trends)
}
