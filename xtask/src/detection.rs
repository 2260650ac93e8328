//! `cargo xtask detection`: hunts every twin of the catalogue and keeps the table of how many runs
//! each took to be caught.
//!
//! `--budget 60s` is how long each hunt may take, `--repeat 5` how many hunts with different seeds
//! the median is of, and names restrict it to some protocols. The table in `docs/detection.md` is
//! compared with what was measured, and written again.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A defect of the catalogue.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Twin {
    protocol: String,
    name: String,
}

/// What came of the hunts for a twin: the runs each took, `None` where it was not caught.
type Caught = Vec<Option<u64>>;

/// What the command line asks for.
struct Asked {
    budget: String,
    repeat: u64,
    protocols: Vec<String>,
}

const TABLE: &str = "docs/detection.md";

pub fn detection(root: &Path, arguments: &[String]) -> ExitCode {
    let result = parse(arguments).and_then(|asked| measure(root, &asked));
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("{missed} twins were not caught by every hunt");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("detection: {error}");
            ExitCode::from(64)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { budget: "60s".into(), repeat: 3, protocols: Vec::new() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--budget" => asked.budget.clone_from(value()?),
            "--repeat" => {
                let text = value()?;
                let wrong = |_| format!("--repeat `{text}`: write a number of hunts from 1");
                asked.repeat = text.parse().map_err(wrong)?;
                asked.repeat = asked.repeat.max(1);
            }
            flag if flag.starts_with("--") => {
                return Err(format!("there is no `{flag}`; there are --budget and --repeat"));
            }
            protocol => asked.protocols.push(protocol.into()),
        }
    }
    Ok(asked)
}

/// Hunts, prints, compares, writes; returns how many twins some hunt did not catch.
fn measure(root: &Path, asked: &Asked) -> Result<usize, String> {
    let schism = std::env::var_os("SCHISM").map_or(root.join("target/release/schism"), Into::into);
    let catalogue = twins(&schism)?;
    let known = |name: &String| catalogue.iter().any(|twin| twin.protocol == *name);
    if let Some(unknown) = asked.protocols.iter().find(|name| !known(name)) {
        return Err(format!("no protocol `{unknown}` with a twin is in the catalogue"));
    }
    let file = root.join(TABLE);
    let before = fs::read_to_string(&file).map(|text| read(&text)).unwrap_or_default();
    let store = std::env::temp_dir().join(format!("schism-detection-{}", std::process::id()));
    let mut table = before.clone();
    // Who left the catalogue leaves the table.
    table.retain(|twin, _| catalogue.contains(twin));
    let mut missed = 0;
    for twin in &catalogue {
        if !asked.protocols.is_empty() && !asked.protocols.contains(&twin.protocol) {
            continue;
        }
        let hunts = (1..=asked.repeat).map(|seed| hunt(&schism, twin, seed, asked, &store));
        let caught: Caught = hunts.collect::<Result<_, _>>()?;
        missed += usize::from(caught.iter().any(Option::is_none));
        let now = words(&caught);
        let was = before.get(twin).map(|row| row[0].as_str());
        let change = match was {
            None => "new".into(),
            Some(was) if was == now => "as before".into(),
            Some(was) => format!("was {was}"),
        };
        println!("{} {}: {now} ({change})", twin.protocol, twin.name);
        table.insert(twin.clone(), [now, asked.repeat.to_string(), asked.budget.clone()]);
    }
    let _ = fs::remove_dir_all(&store);
    fs::write(&file, write(&table)).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    Ok(missed)
}

/// All twins, in the order of the catalogue.
fn twins(schism: &Path) -> Result<Vec<Twin>, String> {
    let listed = Command::new(schism).args(["list", "--json"]).output();
    let listed = listed.map_err(|e| format!("cannot run {}: {e}", schism.display()))?;
    let cards: serde_json::Value = serde_json::from_slice(&listed.stdout)
        .map_err(|e| format!("`schism list --json` is not JSON: {e}"))?;
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_string();
    let mut twins = Vec::new();
    for card in cards.as_array().into_iter().flatten() {
        for twin in card["twins"].as_array().into_iter().flatten() {
            twins.push(Twin { protocol: name(card), name: name(twin) });
        }
    }
    Ok(twins)
}

/// One hunt: how many runs it took, if it caught the twin.
fn hunt(
    schism: &Path,
    twin: &Twin,
    seed: u64,
    asked: &Asked,
    store: &Path,
) -> Result<Option<u64>, String> {
    let seed = seed.to_string();
    let output = Command::new(schism)
        .args(["hunt", &twin.protocol, "--twin", &twin.name, "--seed", &seed])
        .args(["--budget", &asked.budget, "--no-shrink", "--no-report", "--store"])
        .arg(store)
        .output()
        .map_err(|e| format!("cannot run {}: {e}", schism.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() != Some(1) {
        return match output.status.code() {
            Some(0 | 2) => Ok(None),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        };
    }
    let line = text.lines().find(|line| line.contains(" seeds in "));
    let runs = line.and_then(|line| line.split(' ').next()).and_then(|n| n.parse().ok());
    runs.map(Some).ok_or_else(|| format!("the hunt does not say how many seeds it took: {text}"))
}

/// The median of the hunts, and how many of them failed.
fn words(caught: &Caught) -> String {
    let mut runs: Vec<u64> = caught.iter().map(|runs| runs.unwrap_or(u64::MAX)).collect();
    runs.sort_unstable();
    let failed = runs.iter().filter(|runs| **runs == u64::MAX).count();
    let median = runs[(runs.len() - 1) / 2];
    let median = if median == u64::MAX { "not caught".into() } else { median.to_string() };
    match failed {
        0 => median,
        _ if median == "not caught" => median,
        failed => format!("{median}, missed {failed} times"),
    }
}

/// The rows of the table: the median, the number of hunts, the budget.
fn read(text: &str) -> BTreeMap<Twin, [String; 3]> {
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_string());
        let mut cell = || cells.next();
        let twin = Twin { protocol: cell()?, name: cell()? };
        Some((twin, [cell()?, cell()?, cell()?]))
    };
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("protocol"));
    rows.filter_map(row).collect()
}

fn write(table: &BTreeMap<Twin, [String; 3]>) -> String {
    let mut text = String::from(
        "# How fast twins are caught\n\n\
         A twin is a protocol of the catalogue with one defect. For each, `schism hunt` looks for a\n\
         run that breaks a promise; the table says how many simulated runs that took (the median\n\
         of so many hunts with different seeds, each with so much time). `cargo xtask detection`\n\
         measures it again, says what changed and writes this file.\n\n\
         | protocol | twin | runs until caught | hunts | budget |\n|---|---|---|---|---|\n",
    );
    for (twin, [runs, hunts, budget]) in table {
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "| {} | {} | {runs} | {hunts} | {budget} |", twin.protocol, twin.name);
    }
    text
}
