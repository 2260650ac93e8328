//! Finds the situations that algorithms mark: `cx.mark("view change")` in a file of `src` becomes
//! an entry under the path of its module. So the list of what can be reached is the code itself.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src");
    let mut found = BTreeMap::new();
    visit(Path::new("src"), &mut Vec::new(), &mut found)?;
    let mut text = String::from("&[\n");
    for (module, marks) in &found {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    ({module:?}, &{marks:?}),");
    }
    text.push(']');
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("situations.rs"), text)
}

/// Looks through a folder; `path` is its module.
fn visit(
    folder: &Path,
    path: &mut Vec<String>,
    found: &mut BTreeMap<String, Vec<String>>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?.path();
        let name = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            path.push(name);
            visit(&entry, path, found)?;
            path.pop();
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let marks = marks(&fs::read_to_string(&entry)?);
            if marks.is_empty() {
                continue;
            }
            // A folder is an algorithm in several files: what one of them marks is the algorithm's.
            let module = match folder.join("mod.rs").is_file() && path.len() > 1 {
                true => path.join("::"),
                false => path.iter().cloned().chain([name]).collect::<Vec<_>>().join("::"),
            };
            let known = found.entry(module).or_default();
            known.extend(marks);
            known.sort();
            known.dedup();
        }
    }
    Ok(())
}

/// The literals that are marked in a text.
fn marks(text: &str) -> Vec<String> {
    let calls = text.split(".mark(").skip(1);
    let literal = |rest: &str| {
        let rest = rest.trim_start().strip_prefix('"')?;
        rest.split_once('"').map(|(mark, _)| mark.to_string())
    };
    calls.filter_map(literal).collect()
}
