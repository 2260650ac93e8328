//! What developers of Schism run: `cargo xtask tidy`, `cargo xtask detection`.

mod detection;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = root();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("tidy", _)) => tidy::tidy(&root),
        Some(("detection", rest)) => detection::detection(&root, rest),
        _ => {
            eprintln!("usage: cargo xtask tidy | detection");
            ExitCode::from(64)
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}
