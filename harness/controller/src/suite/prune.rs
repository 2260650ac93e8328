//! Old runs of a suite make room for new ones.
//!
//! Of the newest runs everything is kept. Of older ones only what failed is, for four times as
//! long; then that goes, too. Only what the suite itself made is ever removed.

use super::ledger::{Ledger, runs};
use crate::Error;
use schism_reports::suite::CaseResult;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How many times longer what failed is kept.
const FAILING: usize = 4;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Directories of runs.
    pub runs: usize,
    /// Directories of the suite.
    pub suites: usize,
}

/// Removes what is older than the newest `keep` runs of the suite, each shard counted for itself.
pub fn prune(store: &Path, suite: &str, keep: usize) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    let mut seen: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut ranked: Vec<(PathBuf, Ledger, usize)> = Vec::new();
    for path in runs(store, suite) {
        // What cannot be read is not ours to remove.
        let Ok(ledger) = Ledger::open(&path) else { continue };
        let rank = seen.entry(ledger.shard().map(Into::into)).or_default();
        *rank += 1;
        ranked.push((path, ledger, *rank));
    }
    // A new run may have been given the name of an old one that has been removed.
    let new = ranked.iter().filter(|(.., rank)| *rank <= keep);
    let new = new.flat_map(|(_, ledger, _)| ledger.done.iter().filter_map(|case| case.run.clone()));
    let new: BTreeSet<String> = new.collect();
    for (path, ledger, rank) in ranked.iter().filter(|(.., rank)| *rank > keep) {
        // What is being run is not old.
        if ledger.lock().is_err() {
            continue;
        }
        let expired = *rank > keep * FAILING;
        let failing = |case: &&CaseResult| !case.passed();
        for case in ledger.done.iter().filter(|case| expired || !failing(case)) {
            let old = case.run.as_deref().filter(|run| !new.contains(*run));
            let directory = old.and_then(|run| run_directory(store, run));
            if let Some(directory) = directory {
                remove(&directory)?;
                pruned.runs += 1;
            }
        }
        if expired || !ledger.done.iter().any(|case| failing(&case)) {
            remove(path)?;
            pruned.suites += 1;
        }
    }
    Ok(pruned)
}

fn remove(directory: &Path) -> Result<(), Error> {
    fs::remove_dir_all(directory).map_err(|e| Error::writing(directory, e))
}

/// The directory of a run, if that is what the words of the ledger name: two names below the store,
/// no link among them, with the recipe of a run in it.
fn run_directory(store: &Path, run: &str) -> Option<PathBuf> {
    let path = Path::new(run);
    let names = path.components().map(|part| matches!(part, Component::Normal(_)));
    let names: Vec<bool> = names.collect();
    if names != [true, true] || path.starts_with("suites") {
        return None;
    }
    let directory = store.join(path);
    let linked = directory.is_symlink() || directory.parent().is_none_or(Path::is_symlink);
    (!linked && directory.join("run.toml").is_file()).then_some(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_runs_are_removed() {
        let store = tempfile::tempdir().expect("a directory");
        let store = store.path();
        for run in ["raft/1", "suites/smoke"] {
            fs::create_dir_all(store.join(run)).expect("a directory");
            fs::write(store.join(run).join("run.toml"), "").expect("a file");
        }
        fs::create_dir_all(store.join("raft/no-run")).expect("a directory");
        std::os::unix::fs::symlink(store.join("raft/1"), store.join("raft/link")).expect("a link");
        assert_eq!(run_directory(store, "raft/1"), Some(store.join("raft/1")));
        for bad in
            ["raft", "raft/no-run", "raft/link", "suites/smoke", "../x/y", "/etc", "", "a/../b"]
        {
            assert_eq!(run_directory(store, bad), None, "{bad}");
        }
    }
}
