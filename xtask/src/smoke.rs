//! The smoke suite: the release binary, as a user would call it, against the exit codes it should
//! give.

use serde::Deserialize;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

#[derive(Deserialize)]
struct Suite {
    run: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    /// The words of the command line after `schism`.
    args: Vec<String>,
    /// The exit codes that pass.
    expect: Vec<i32>,
}

/// Runs the suite; needs `target/release/schism`.
pub fn smoke(root: &Path) -> ExitCode {
    let file = root.join("suites/smoke.toml");
    let suite = std::fs::read_to_string(&file).map_err(|e| e.to_string());
    let suite = suite.and_then(|text| toml::from_str::<Suite>(&text).map_err(|e| e.to_string()));
    let suite = match suite {
        Ok(suite) => suite,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return ExitCode::from(64);
        }
    };
    let target = std::env::var_os("CARGO_TARGET_DIR").map(Into::into);
    let binary = target.unwrap_or_else(|| root.join("target")).join("release/schism");
    let store = std::env::temp_dir().join(format!("schism-smoke-{}", std::process::id()));
    let mut failed = 0;
    for run in &suite.run {
        let began = Instant::now();
        let mut command = Command::new(&binary);
        command.args(&run.args);
        if run.args.first().is_some_and(|first| first == "test") {
            command.arg("--store").arg(&store);
        }
        let line = run.args.join(" ");
        match command.output() {
            Ok(output) if output.status.code().is_some_and(|code| run.expect.contains(&code)) => {
                println!("ok    {:5.1} s  {line}", began.elapsed().as_secs_f64());
            }
            Ok(output) => {
                failed += 1;
                println!("FAIL  {line}: expected {:?}, got {}", run.expect, output.status);
                print!("{}", String::from_utf8_lossy(&output.stdout));
                print!("{}", String::from_utf8_lossy(&output.stderr));
            }
            Err(error) => {
                failed += 1;
                println!("FAIL  {}: {error}", binary.display());
            }
        }
    }
    if failed == 0 {
        // What failed is left for a look.
        let _ = std::fs::remove_dir_all(&store);
    }
    println!("{} passed, {failed} failed", suite.run.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}
