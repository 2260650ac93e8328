//! `cargo xtask detection`: hunts every twin of the catalogue, and keeps the table of how many runs
//! each took to be caught and how small what was found could be made.
//!
//! `--budget 60s` is how long each hunt may take, `--repeat 5` how many hunts with different seeds
//! the median is of, and names restrict it to some protocols. What the first of them finds is shrunk.
//! The table in `docs/detection.md` is compared with what was measured, and written again.

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

/// How small a run became, as the table has it: nodes, operations, faults, messages that are lost or
/// late, and how many seconds that took.
#[derive(Clone, Debug, PartialEq)]
struct Shrunk {
    numbers: [u64; 4],
    seconds: f64,
}

/// A row of the table, as text.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    runs: String,
    hunts: String,
    budget: String,
    shrunk: Option<Shrunk>,
}

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
    let mut asked = Asked { budget: "60s".into(), repeat: 5, protocols: Vec::new() };
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
        let mut shrunk = None;
        let mut caught = Caught::new();
        for seed in 1..=asked.repeat {
            let (runs, small) = hunt(&schism, twin, seed, asked, &store)?;
            caught.push(runs);
            shrunk = shrunk.or(small);
        }
        missed += usize::from(caught.iter().any(Option::is_none));
        let (hunts, budget) = (asked.repeat.to_string(), asked.budget.clone());
        let row = Row { runs: words(&caught), hunts, budget, shrunk };
        let size = |row: &Row| row.shrunk.as_ref().map(|it| it.numbers);
        let change = match before.get(twin) {
            None => "new".into(),
            Some(was) if (&was.runs, size(was)) == (&row.runs, size(&row)) => "as before".into(),
            Some(was) => format!("was {}", told(was)),
        };
        println!("{} {}: {} ({change})", twin.protocol, twin.name, told(&row));
        table.insert(twin.clone(), row);
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

/// One hunt: how many runs it took, if it caught the twin, and, of the first, how small that became.
fn hunt(
    schism: &Path,
    twin: &Twin,
    seed: u64,
    asked: &Asked,
    store: &Path,
) -> Result<(Option<u64>, Option<Shrunk>), String> {
    let mut command = Command::new(schism);
    command
        .args(["hunt", &twin.protocol, "--twin", &twin.name, "--seed", &seed.to_string()])
        .args(["--budget", &asked.budget, "--no-report", "--store"])
        .arg(store);
    if seed != 1 {
        command.arg("--no-shrink");
    }
    let output = command.output().map_err(|e| format!("cannot run {}: {e}", schism.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.code() != Some(1) {
        return match output.status.code() {
            Some(0 | 2) => Ok((None, None)),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        };
    }
    let line = text.lines().find(|line| line.contains(" seeds in "));
    let runs = line.and_then(|line| line.split(' ').next()).and_then(|n| n.parse().ok());
    let runs =
        runs.ok_or_else(|| format!("the hunt does not say how many seeds it took: {text}"))?;
    let shrunk = text.lines().find_map(|line| line.strip_prefix("shrunk to ")).and_then(size);
    Ok((Some(runs), shrunk))
}

/// Reads `3 nodes, 2 operations, 1 fault, 4 messages lost or late, 200ms, in 3977 runs and 2.1 s`.
fn size(line: &str) -> Option<Shrunk> {
    let number = |what: &str| {
        let part = line.split(", ").find(|part| part.contains(what))?;
        part.split(' ').next()?.parse().ok()
    };
    let (_, seconds) = line.split_once(" runs and ")?;
    Some(Shrunk {
        numbers: [
            number(" node")?,
            number(" operation")?,
            number(" fault")?,
            number(" message").unwrap_or(0),
        ],
        seconds: seconds.split(' ').next()?.parse().ok()?,
    })
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

/// What came of a twin, in words.
fn told(row: &Row) -> String {
    match &row.shrunk {
        None => row.runs.clone(),
        Some(Shrunk { numbers: [nodes, operations, faults, messages], .. }) => format!(
            "{}, shrinks to {nodes} nodes, {operations} operations, {faults} faults, {messages} \
             messages",
            row.runs
        ),
    }
}

/// The rows of the table.
fn read(text: &str) -> BTreeMap<Twin, Row> {
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_string());
        let mut cell = || cells.next();
        let twin = Twin { protocol: cell()?, name: cell()? };
        let (runs, hunts, budget) = (cell()?, cell()?, cell()?);
        let mut number = || -> Option<u64> { cell()?.parse().ok() };
        let numbers = [number(), number(), number(), number()];
        let seconds = cell().and_then(|seconds| seconds.parse().ok());
        let shrunk = match (numbers, seconds) {
            ([Some(nodes), Some(operations), Some(faults), Some(messages)], Some(seconds)) => {
                Some(Shrunk { numbers: [nodes, operations, faults, messages], seconds })
            }
            _ => None,
        };
        Some((twin, Row { runs, hunts, budget, shrunk }))
    };
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("protocol"));
    rows.filter_map(row).collect()
}

fn write(table: &BTreeMap<Twin, Row>) -> String {
    let mut text = String::from(
        "# How fast twins are caught, and how small they become\n\n\
         A twin is a protocol of the catalogue with one defect. For each, `schism hunt` looks for a\n\
         run that breaks a promise; the table says how many simulated runs that took (the median\n\
         of so many hunts with different seeds, each with so much time), and to how many nodes,\n\
         operations, faults and lost or late messages the first of these shrinks, in how many\n\
         seconds. `cargo xtask detection` measures it again, says what changed and writes this\n\
         file.\n\n",
    );
    text += &summary(table);
    text += "\n| protocol | twin | runs until caught | hunts | budget | nodes | operations | faults \
             | messages | seconds |\n|---|---|---|---|---|---|---|---|---|---|\n";
    for (twin, Row { runs, hunts, budget, shrunk }) in table {
        // Writing to a string cannot fail.
        let _ = write!(text, "| {} | {} | {runs} | {hunts} | {budget} ", twin.protocol, twin.name);
        let _ = match shrunk {
            None => writeln!(text, "| | | | | |"),
            Some(Shrunk { numbers: [nodes, operations, faults, messages], seconds }) => {
                writeln!(text, "| {nodes} | {operations} | {faults} | {messages} | {seconds:.1} |")
            }
        };
    }
    text
}

/// The medians, and who is larger than a run should be.
fn summary(table: &BTreeMap<Twin, Row>) -> String {
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default()
    };
    let runs = table.values().filter_map(|row| row.runs.split(',').next()?.parse().ok()).collect();
    let shrunk: Vec<&Shrunk> = table.values().filter_map(|row| row.shrunk.as_ref()).collect();
    let number = |i: usize| median(shrunk.iter().map(|it| it.numbers[i] as f64).collect());
    let seconds = median(shrunk.iter().map(|it| it.seconds).collect());
    let small = |it: &&&Shrunk| it.numbers.iter().zip([3, 6, 3]).all(|(is, most)| *is <= most);
    format!(
        "The median twin of {} is caught in {} runs, and shrinks to {} nodes, {} operations and {} \
         faults\nin {seconds:.1} s; {} of {} shrink to at most 3 nodes, 6 operations and 3 faults.\n",
        table.len(),
        median(runs),
        number(0),
        number(1),
        number(2),
        shrunk.iter().filter(small).count(),
        shrunk.len(),
    )
}
