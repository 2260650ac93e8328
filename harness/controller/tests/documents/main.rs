//! Keeps the documents true: every command in a `console` block of `docs/` is run as its reader
//! would run it, and must print what stands there.
//!
//! What differs from run to run (times, rates, sizes) is compared by its shape: any number stands
//! for any other, and space for any space. A line `…` in a document stands for any lines. With
//! `SCHISM_DOCS=write` the blocks are brought up to date instead.

mod block;
mod shape;

use block::{Block, Step};
use libtest_mimic::{Arguments, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    shape::examples();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("docs/ can be read")
        .map(|entry| entry.expect("an entry of docs/").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.sort();
    let trials = pages
        .into_iter()
        .map(|page| {
            let name = page.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let examples = folder.join("examples");
            Trial::test(name, move || check(&page, &examples))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs every command of a page, in order, in one new directory with the examples in it.
fn check(page: &Path, examples: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(page)?;
    let scratch = tempfile::tempdir()?;
    for entry in std::fs::read_dir(examples)? {
        let entry = entry?;
        std::fs::copy(entry.path(), scratch.path().join(entry.file_name()))?;
    }
    let write = std::env::var_os("SCHISM_DOCS").is_some_and(|value| value == "write");
    let (mut wrong, mut rest, mut updated) = (Vec::new(), text.as_str(), String::new());
    while let Some((before, block, after)) = Block::next(rest) {
        updated += before;
        for Step { line, command, expected } in block.steps {
            let printed = run(&command, scratch.path())?;
            let found = shape::compare(&expected, &printed);
            updated += line;
            updated += found.as_deref().unwrap_or(&printed);
            if found.is_none() {
                wrong.push(format!("$ {command}\n{printed}"));
            }
        }
        rest = after;
    }
    updated += rest;
    if write {
        std::fs::write(page, updated)?;
    } else if !wrong.is_empty() {
        let text = format!(
            "{} prints something else (SCHISM_DOCS=write brings the page up to date):\n{}",
            page.display(),
            wrong.join("\n")
        );
        return Err(text.into());
    }
    Ok(())
}

/// What a command prints, on both its outputs.
fn run(command: &str, folder: &Path) -> Result<String, Failed> {
    let binary = Path::new(env!("CARGO_BIN_EXE_schism"));
    let mut path = binary.parent().expect("the binary is in a folder").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .env("PATH", path)
        .env("COLUMNS", "100")
        .current_dir(folder)
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
