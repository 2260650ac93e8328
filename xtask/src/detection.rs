//! `cargo xtask detection`: hunts every twin of the catalogue, and keeps the table of how many runs
//! each took to be caught and how small what was found could be made.
//!
//! `--budget 60s` is how long each hunt may take, `--repeat 5` how many hunts with different seeds
//! the median is of, and names restrict it to some protocols. What the first of them finds is shrunk.
//! With `--processes 5` it runs the twins as real processes instead, with the seeds from 1 to 5, until
//! one is caught: that needs a machine with nothing else to do.
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
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    runs: String,
    hunts: String,
    budget: String,
    shrunk: Option<Shrunk>,
    /// How many runs of processes it took.
    processes: String,
}

/// What the command line asks for.
struct Asked {
    budget: String,
    repeat: u64,
    /// With how many seeds to run them as processes, instead of hunting.
    processes: Option<u64>,
    protocols: Vec<String>,
}

const TABLE: &str = "docs/detection.md";
/// How long a run of processes takes.
const AS_PROCESSES: &str = "20s";

pub fn detection(root: &Path, arguments: &[String]) -> ExitCode {
    let result = parse(arguments).and_then(|asked| measure(root, &asked));
    match result {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("{missed} twins were not always caught");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("detection: {error}");
            ExitCode::from(64)
        }
    }
}

fn parse(arguments: &[String]) -> Result<Asked, String> {
    let mut asked =
        Asked { budget: "60s".into(), repeat: 5, processes: None, protocols: Vec::new() };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--budget" => asked.budget.clone_from(value()?),
            "--repeat" => {
                asked.repeat = number(word, value()?)?;
            }
            "--processes" => asked.processes = Some(number(word, value()?)?),
            flag if flag.starts_with("--") => {
                return Err(format!(
                    "there is no `{flag}`; there are --budget, --repeat and --processes"
                ));
            }
            protocol => asked.protocols.push(protocol.into()),
        }
    }
    Ok(asked)
}

fn number(flag: &str, text: &str) -> Result<u64, String> {
    let wrong = || format!("{flag} `{text}`: write a number from 1");
    text.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)
}

/// Hunts or runs, prints, compares, writes; returns how many twins were not always caught.
fn measure(root: &Path, asked: &Asked) -> Result<usize, String> {
    let schism = std::env::var_os("SCHISM").map_or(root.join("target/release/schism"), Into::into);
    let catalogue = twins(&schism)?;
    let known = |name: &String| catalogue.keys().any(|twin| twin.protocol == *name);
    if let Some(unknown) = asked.protocols.iter().find(|name| !known(name)) {
        return Err(format!("no protocol `{unknown}` with a twin is in the catalogue"));
    }
    let file = root.join(TABLE);
    let before = fs::read_to_string(&file).map(|text| read(&text)).unwrap_or_default();
    let store = std::env::temp_dir().join(format!("schism-detection-{}", std::process::id()));
    let mut table = before.clone();
    // Who left the catalogue leaves the table.
    table.retain(|twin, _| catalogue.contains_key(twin));
    let mut missed = 0;
    for twin in catalogue.keys() {
        if !asked.protocols.is_empty() && !asked.protocols.contains(&twin.protocol) {
            continue;
        }
        let known = before.get(twin).cloned().unwrap_or_default();
        let row = match asked.processes {
            None => hunted(&schism, twin, asked, &store, known)?,
            Some(seeds) => {
                let caught = as_processes(&schism, twin, seeds, &store)?;
                let processes = caught.map_or(format!("not in {seeds}"), |runs| runs.to_string());
                Row { processes, ..known }
            }
        };
        let found = if asked.processes.is_some() { &row.processes } else { &row.runs };
        missed += usize::from(found.parse::<u64>().is_err());
        let size = |row: &Row| row.shrunk.as_ref().map(|it| it.numbers);
        let alike = |was: &Row| {
            (&was.runs, size(was), &was.processes) == (&row.runs, size(&row), &row.processes)
        };
        let change = match before.get(twin) {
            None => "new".into(),
            Some(was) if alike(was) => "as before".into(),
            Some(was) => format!("was {}", told(was)),
        };
        println!("{} {}: {} ({change})", twin.protocol, twin.name, told(&row));
        table.insert(twin.clone(), row);
        // What takes an hour is not lost when it is broken off.
        fs::write(&file, write(&table, &catalogue))
            .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    }
    let _ = fs::remove_dir_all(&store);
    Ok(missed)
}

/// What hunts for a twin find.
fn hunted(
    schism: &Path,
    twin: &Twin,
    asked: &Asked,
    store: &Path,
    known: Row,
) -> Result<Row, String> {
    let mut shrunk = None;
    let mut caught = Caught::new();
    for seed in 1..=asked.repeat {
        let (runs, small) = hunt(schism, twin, seed, asked, store)?;
        caught.push(runs);
        shrunk = shrunk.or(small);
    }
    let (hunts, budget) = (asked.repeat.to_string(), asked.budget.clone());
    Ok(Row { runs: words(&caught), hunts, budget, shrunk, ..known })
}

/// One run of processes with each seed until one is caught: how many it took.
fn as_processes(
    schism: &Path,
    twin: &Twin,
    seeds: u64,
    store: &Path,
) -> Result<Option<u64>, String> {
    for seed in 1..=seeds {
        let output = Command::new(schism)
            .args(["test", &twin.protocol, "--twin", &twin.name, "--seed", &seed.to_string()])
            .args(["--time-limit", AS_PROCESSES, "--no-report", "--store"])
            .arg(store)
            .output()
            .map_err(|e| format!("cannot run {}: {e}", schism.display()))?;
        match output.status.code() {
            Some(1) => return Ok(Some(seed)),
            Some(0 | 2) => {}
            _ => return Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
    Ok(None)
}

/// All twins, each with its schedule, if it has one.
fn twins(schism: &Path) -> Result<BTreeMap<Twin, Option<String>>, String> {
    let listed = Command::new(schism).args(["list", "--json"]).output();
    let listed = listed.map_err(|e| format!("cannot run {}: {e}", schism.display()))?;
    let cards: serde_json::Value = serde_json::from_slice(&listed.stdout)
        .map_err(|e| format!("`schism list --json` is not JSON: {e}"))?;
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap_or_default().to_string();
    let mut twins = BTreeMap::new();
    for card in cards.as_array().into_iter().flatten() {
        for twin in card["twins"].as_array().into_iter().flatten() {
            let schedule = twin["schedule"].as_str().map(String::from);
            twins.insert(Twin { protocol: name(card), name: name(twin) }, schedule);
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
    let processes = match row.processes.as_str() {
        "" => String::new(),
        runs => format!("; as processes {runs}"),
    };
    let hunts = match &row.shrunk {
        None => row.runs.clone(),
        Some(Shrunk { numbers: [nodes, operations, faults, messages], .. }) => format!(
            "{}, shrinks to {nodes} nodes, {operations} operations, {faults} faults, {messages} \
             messages",
            row.runs
        ),
    };
    hunts + &processes
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
        // What it is run under follows a comma.
        let processes = cell().unwrap_or_default();
        let processes = processes.split(", ").next().unwrap_or_default().into();
        Some((twin, Row { runs, hunts, budget, shrunk, processes }))
    };
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("protocol"));
    rows.filter_map(row).collect()
}

fn write(table: &BTreeMap<Twin, Row>, catalogue: &BTreeMap<Twin, Option<String>>) -> String {
    let mut text = String::from(
        "# How fast twins are caught, and how small they become\n\n\
         A twin is a protocol of the catalogue with one defect. For each, `schism hunt` looks for a\n\
         run that breaks a promise; the table says how many simulated runs that took (the median\n\
         of so many hunts with different seeds, each with so much time), and to how many nodes,\n\
         operations, faults and lost or late messages the first of these shrinks, in how many\n\
         seconds. The last column says how many runs of five real processes it takes, of 20 s each,\n\
         with the seeds 1, 2, 3, …: `schism test NAME --twin TWIN --seed 1`; under the twin's schedule,\n\
         if it has one, and otherwise under faults that the seed draws.\n\n\
         `cargo xtask detection` measures it again (with `--processes 10` the last column), says what\n\
         changed and writes this file.\n\n",
    );
    text += &summary(table);
    text += "\n| protocol | twin | runs until caught | hunts | budget | nodes | operations | faults \
             | messages | seconds | as processes |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (twin, Row { runs, hunts, budget, shrunk, processes }) in table {
        // Writing to a string cannot fail.
        let _ = write!(text, "| {} | {} | {runs} | {hunts} | {budget} ", twin.protocol, twin.name);
        let _ = match shrunk {
            None => write!(text, "| | | | | "),
            Some(Shrunk { numbers: [nodes, operations, faults, messages], seconds }) => {
                write!(text, "| {nodes} | {operations} | {faults} | {messages} | {seconds:.1} ")
            }
        };
        let schedule = catalogue.get(twin).cloned().flatten();
        let plan = schedule.map(|plan| format!(", under [{plan}](plans/{plan}.toml)"));
        let _ = writeln!(text, "| {processes}{} |", plan.unwrap_or_default());
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
        "The median twin of {} is caught in run {}, and shrinks to {} nodes, {} operations and {} \
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
