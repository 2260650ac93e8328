//! `schism serve`, over HTTP and, where Chromium is installed, in a browser.

mod browser;
mod browsing;
mod driver;
mod hostile;
mod http;
mod live;
mod report;

use http::{Answer, get};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A store, and a server that shows it.
struct Served {
    folder: TempDir,
    server: Child,
    address: SocketAddr,
}

fn schism() -> Command {
    Command::new(env!("CARGO_BIN_EXE_schism"))
}

impl Served {
    /// A store with what these calls of `schism test` leave in it.
    fn with(runs: &[&[&str]]) -> Served {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(folder.path().join("store")).expect("a store");
        for args in runs {
            let code = test(folder.path(), args);
            assert!(matches!(code, Some(0..=2)), "{args:?}: {code:?}");
        }
        Served::show(folder)
    }

    /// The same with a run of `majority-register` that breaks a promise besides.
    fn with_failure(runs: &[&[&str]]) -> Served {
        let served = Served::with(runs);
        let fails = (1..100).any(|seed: u32| {
            // A run that holds is not what is wanted here.
            let _ = std::fs::remove_dir_all(served.store().join("majority-register"));
            let seed = seed.to_string();
            let args = [&["majority-register", "--seed", &seed], FAILS].concat();
            test(served.folder.path(), &args) == Some(1)
        });
        assert!(fails, "none of a hundred seeds breaks a promise that was not made");
        served
    }

    /// Starts a server.
    fn show(folder: TempDir) -> Served {
        let mut server = schism()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("schism starts");
        let mut line = String::new();
        let output = server.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("where it listens");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.and_then(|text| text.parse().ok()).expect("an address");
        Served { folder, server, address }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// What a browser is to open.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> Answer {
        get(self.address, path, "localhost")
    }

    /// A page that is there.
    fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// The paths of a test's runs below the store, in order.
    fn runs(&self, test: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.store().join(test)).expect("runs");
        let paths = entries.flatten().map(|entry| entry.path()).filter(|path| !path.is_symlink());
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut runs: Vec<String> = paths.map(|path| format!("{test}/{}", name(&path))).collect();
        runs.sort();
        runs
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `schism test` in a folder, and its exit code.
fn test(folder: &Path, args: &[&str]) -> Option<i32> {
    let output = schism().arg("test").args(args).current_dir(folder).output();
    output.expect("schism starts").status.code()
}

/// A run that holds.
const HOLDS: &[&str] = &["echo", "--sim", "--seed", "131", "-t", "2s", "--no-report"];
/// Another.
const HOLDS_TOO: &[&str] = &["echo", "--sim", "--seed", "132", "-t", "2s", "--no-report"];
/// How a register that is not linearizable is asked to be.
const FAILS: &[&str] = &["--sim", "-t", "5s", "--no-report", "--property", "linearizable"];
