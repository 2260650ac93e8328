//! Rules of style that a machine can check.
//!
//! * A file is read in one sitting: at most 500 lines of Rust or JavaScript.
//! * Kernel and protocols see no clock, socket, thread or randomness of the operating system: a
//!   run that is replayed from its seed must do the same again.
//! * Nothing unfinished, no lint switched off without a reason.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const LINES_MAX: usize = 500;
/// What sans-IO code must not name.
const WORLD: [&str; 8] = [
    "std::time::Instant",
    "SystemTime",
    "std::thread",
    "std::net",
    "std::fs",
    "std::io",
    "std::process",
    "RandomState",
];

/// Checks every file; names each breach.
pub fn tidy(root: &Path) -> ExitCode {
    // Put together, so that this file does not find itself.
    let unfinished = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["todo", "!("],
        ["unimpl", "emented!("],
        ["#[ign", "ore"],
        ["#[al", "low("],
    ]
    .map(|parts| parts.concat());
    let mut breaches = Vec::new();
    let mut files = Vec::new();
    collect(root, &mut files);
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let lines = text.lines().count();
        if lines > LINES_MAX {
            breaches.push(format!("{name}: {lines} lines are more than {LINES_MAX}"));
        }
        let pure = ["systems-under-test/kernel/src", "systems-under-test/protocols/src"];
        let pure = pure.iter().any(|folder| name.starts_with(folder));
        for (line, number) in text.lines().zip(1..) {
            if let Some(word) = unfinished.iter().find(|word| line.contains(word.as_str())) {
                breaches.push(format!("{name}:{number}: {word}"));
            }
            if pure && let Some(word) = WORLD.iter().find(|word| line.contains(**word)) {
                breaches.push(format!("{name}:{number}: sans-IO code names {word}"));
            }
        }
    }
    for breach in &breaches {
        println!("{breach}");
    }
    println!("{} files looked at, {} breaches", files.len(), breaches.len());
    ExitCode::from(u8::from(!breaches.is_empty()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "store" {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if name.ends_with(".rs") || name.ends_with(".js") {
            files.push(path);
        }
    }
}
