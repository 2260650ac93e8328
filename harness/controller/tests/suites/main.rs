//! `schism suite` as a user calls it: exit codes, resumption, shards, refusals.

mod exit_codes;
mod outputs;
mod prune;
mod refusals;
mod resume;

use schism_reports::suite::SuiteResult;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder with a suite and a store.
struct Place {
    folder: TempDir,
}

impl Place {
    fn with(suite: &str) -> Place {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("mine.toml"), suite).expect("a suite");
        Place { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `schism suite mine.toml …`, ready to be started.
    fn suite(&self, args: &[&str]) -> Command {
        let mut command = schism();
        command.args(["suite", "mine.toml"]).args(args).current_dir(self.path());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.suite(args).output().expect("schism starts")
    }

    /// The directories of the suite's runs, oldest first.
    fn runs(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path().join("store/suites/mine"));
        let entries = entries.expect("the suite has run").flatten().map(|entry| entry.path());
        let mut runs: Vec<PathBuf> = entries.filter(|path| !path.is_symlink()).collect();
        runs.sort();
        runs
    }

    /// What the newest run came to.
    fn result(&self) -> SuiteResult {
        let file = self.runs().pop().expect("a run").join("suite.json");
        let text = std::fs::read(file).expect("suite.json");
        serde_json::from_slice(&text).expect("suite.json is what it should be")
    }
}

fn schism() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schism"));
    command.env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
