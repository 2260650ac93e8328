//! `schism test`: run, record, judge, report.

use super::Outcome;
use super::args::{NodeArgs, RunArgs, Seeds, TestArgs, parse_concurrency};
use super::terminal::{LiveLine, colour, print, width};
use crate::judge::{judge, meta_of};
use crate::reporting::{Kept, machine, write_report};
use crate::resolve::{self, Request};
use crate::store::RunDirectory;
use crate::{Error, Recipe, real, simulated};
use schism_checkers::{Budget, Status};
use schism_history::History;
use schism_nemesis::Mix;
use schism_protocols::Card;
use schism_reports::RunFacts;
use schism_run::Progress;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a client waits from one operation to the next, unless the user says otherwise.
const PACE: Duration = Duration::from_millis(10);

/// How a run is shown and kept.
pub struct Showing<'a> {
    pub store: &'a Path,
    pub json: bool,
    pub report: bool,
    /// The command that does the run again; if empty, the run itself is replayed.
    pub command: String,
}

pub fn test(args: &TestArgs) -> Outcome {
    let simulated = args.sim || args.seeds.is_some();
    let request = request(&args.run, &args.messages, simulated)?;
    if args.bin.is_some() && request.simulated {
        return Err(Error::usage(
            "--bin cannot be simulated: a program keeps its own time and randomness",
        ));
    }
    if let Some(seeds) = args.seeds {
        return many_seeds(args, &request, seeds);
    }
    let seed = args.seed.unwrap_or_else(new_seed);
    // Everything that can be refused is refused before anything starts.
    let recipes = match &args.bin {
        Some(program) => {
            real::check_program(program)?;
            vec![request.of_program(program, &args.arguments, seed)?]
        }
        None => {
            let cards: Result<Vec<_>, Error> =
                args.names.iter().map(|n| resolve::card(n)).collect();
            let recipes = cards?.into_iter().map(|card| request.of_card(card, seed));
            recipes.collect::<Result<_, _>>()?
        }
    };
    let mut worst = Status::Holds;
    for recipe in &recipes {
        let showing = Showing {
            store: &args.store,
            json: args.json,
            report: !args.no_report,
            command: command_line(Some((recipe.seed, recipe.simulated))),
        };
        worst = worst.min(run_one(recipe, &showing)?);
    }
    Ok(worst.exit_code() as u8)
}

/// Refuses what would be refused, without running anything.
pub fn check(args: &TestArgs) -> Result<(), Error> {
    let simulated = args.sim || args.seeds.is_some();
    let request = request(&args.run, &args.messages, simulated)?;
    let seed = args.seeds.map(|seeds| seeds.first).or(args.seed).unwrap_or(1);
    for name in &args.names {
        request.of_card(resolve::card(name)?, seed)?;
    }
    Ok(())
}

/// What is asked for, in the simulator or not.
pub fn request(args: &RunArgs, messages: &str, simulated: bool) -> Result<Request, Error> {
    let concurrency = args.concurrency.as_deref();
    let concurrency = concurrency.map(|text| parse_concurrency(text, args.nodes)).transpose();
    Ok(Request {
        twin: args.twin.clone(),
        workload: args.workload.clone(),
        properties: args.property.clone(),
        nodes: args.nodes,
        concurrency: concurrency.map_err(Error::usage)?,
        rate: args.rate,
        pace: args.pace.unwrap_or(PACE),
        time_limit: args.time_limit.unwrap_or(Duration::from_secs(20)),
        operations: args.ops,
        timeout: args.timeout,
        settle: args.settle,
        messages: messages.into(),
        mix: args.nemesis.unwrap_or(Mix::Everything),
        scheduled: args.nemesis.is_none() && !simulated,
        environment: args.environment,
        interval: args.interval,
        beyond_model: args.beyond_model,
        plan: args.plan.clone(),
        simulated,
        fail_fast: args.fail_fast,
    })
}

/// Carries out one recipe: run, record, judge, report.
pub fn run_one(recipe: &Recipe, showing: &Showing<'_>) -> Result<Status, Error> {
    announce(recipe, showing);
    let directory = RunDirectory::create(showing.store, recipe)?;
    let command = match showing.command.as_str() {
        "" => format!("schism replay {}", directory.path().display()),
        command => command.into(),
    };
    let mut facts = RunFacts {
        command,
        version: env!("CARGO_PKG_VERSION").into(),
        started: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        faults_planned: Some(recipe.plan.faults.len() as u64),
        environment: vec![machine()],
        ..RunFacts::default()
    };
    let (history, progress): (History, Progress) = if recipe.simulated {
        let simulated = simulated::run(recipe)?;
        schism_history::write(directory.history(), &simulated.history)
            .map_err(|e| Error::writing(&directory.history(), e))?;
        facts.environment.push(format!("simulated, {} node steps", simulated.steps));
        (simulated.history, simulated.progress)
    } else {
        let mut live = LiveLine::new(!showing.json);
        let outcome = real::run(recipe, &directory, meta_of(recipe), &mut live);
        live.clear();
        // A run that never was leaves nothing behind; what was wrong stands in the error.
        let outcome = outcome.inspect_err(|_| directory.remove())?;
        facts.containment = outcome.containment;
        (outcome.history, outcome.progress)
    };
    facts.marks = situations(recipe);
    facts.marks.extend(progress.marks.iter().map(|(mark, count)| (mark.to_string(), *count)));
    let verdict = judge(&history, &Budget::default())?;
    let kept = Kept { recipe: recipe.clone(), history, verdict, facts };
    let summary = kept.summary(&directory);
    kept.write_verdict(&directory, &summary)?;
    if showing.report {
        write_report(&directory, &kept.history, &summary)?;
    }
    if showing.json {
        print(&format!("{:#}\n", kept.json(&directory, &summary)));
    } else {
        print(&schism_reports::terminal::summary(&summary, colour(), width()));
    }
    Ok(kept.verdict.overall)
}

/// Every situation that a protocol of the catalogue can tell of, none of them reached yet.
fn situations(recipe: &Recipe) -> BTreeMap<String, u64> {
    let card = resolve::card(&recipe.test).ok().filter(|_| recipe.program.is_empty());
    card.map(situations_of).unwrap_or_default()
}

fn situations_of(card: &Card) -> BTreeMap<String, u64> {
    card.situations().into_iter().map(|mark| (mark.to_string(), 0)).collect()
}

/// Says what is going to happen, the seed first.
fn announce(recipe: &Recipe, showing: &Showing<'_>) {
    let host = if recipe.simulated { "simulated nodes" } else { "processes" };
    let twin = recipe.twin.as_ref().map(|twin| format!(" with {twin}")).unwrap_or_default();
    let plan = recipe.faults_from.as_ref().map(|plan| format!(", plan {plan}")).unwrap_or_default();
    let text = format!(
        "seed {}: {}{twin}, {} {host}, workload {}, {}{plan}\n{}\n",
        recipe.seed,
        recipe.test,
        recipe.nodes,
        recipe.workload,
        schism_nemesis::time::words(recipe.time_limit),
        first_lines(&recipe.plan.to_string()),
    );
    if showing.json {
        eprint!("{text}");
    } else {
        print(&text);
    }
}

/// A plan of storms is long: the rest of it stands in `run.toml`.
fn first_lines(plan: &str) -> String {
    const MOST: usize = 24;
    let lines: Vec<&str> = plan.lines().collect();
    match lines.len().checked_sub(MOST) {
        Some(more) if more > 1 => {
            format!("{}\n… and {more} more", lines[..MOST].join("\n"))
        }
        _ => plan.trim_end().to_string(),
    }
}

fn many_seeds(args: &TestArgs, request: &Request, seeds: Seeds) -> Outcome {
    let jobs = jobs(args.jobs);
    let list: Vec<u64> = (seeds.first..=seeds.last).collect();
    let mut worst = Status::Holds;
    let mut reports = Vec::new();
    for name in &args.names {
        let card = resolve::card(name)?;
        request.of_card(card, seeds.first)?;
        let began = std::time::Instant::now();
        let mut done = 0u64;
        let mut steps = 0u64;
        let mut counts = BTreeMap::new();
        let mut first_bad = None;
        let mut situations = situations_of(card);
        let mut live = LiveLine::new(!args.json);
        simulated::seeds(
            &list,
            jobs,
            &|seed| Ok(request.of_card(card, seed)?.sparing()),
            &mut |result| {
                done += 1;
                steps += result.steps;
                *counts.entry(result.verdict.overall).or_insert(0u64) += 1;
                for (mark, count) in &result.marks {
                    *situations.entry(mark.to_string()).or_default() += count;
                }
                if live.shown() {
                    live.draw(&format!("{name}: {done} of {} seeds", list.len()));
                }
                let bad = simulated::is_bad(result.verdict.overall);
                if bad && first_bad.is_none() {
                    first_bad = Some(result);
                }
                !bad || args.keep_going
            },
        )?;
        live.clear();
        let seconds = began.elapsed().as_secs_f64();
        let overall = counts.keys().min().copied().unwrap_or(Status::Vacuous);
        worst = worst.min(overall);
        let tally: Vec<String> = counts.iter().map(|(status, n)| format!("{n} {status}")).collect();
        let mut text = format!(
            "{name}: {done} seeds in {seconds:.1} s ({:.0} seeds/s, {:.2} million steps/s): {}\n",
            done as f64 / seconds,
            steps as f64 / seconds / 1e6,
            tally.join(", ")
        );
        if let Some(situations) = schism_reports::terminal::situations(&situations) {
            text += &format!("  situations: {situations}\n");
        }
        let mut command = None;
        if let Some(bad) = &first_bad {
            let line = command_line(Some((bad.seed, true)));
            text += &format!("seed {} is the first that fails:\n", bad.seed);
            for finding in bad.verdict.findings.iter().filter(|f| f.status == overall) {
                text += &format!(
                    "  {}: {}: {}\n",
                    finding.property, finding.status, finding.explanation
                );
            }
            text += &format!("replay: {line}\n");
            command = Some(line);
        }
        if args.json {
            let counts: BTreeMap<String, u64> =
                counts.iter().map(|(status, n)| (status.to_string(), *n)).collect();
            reports.push(serde_json::json!({
                "test": name, "seeds": done, "seconds": seconds, "overall": overall,
                "counts": counts, "situations": situations, "first-bad-seed": first_bad.as_ref().map(|bad| bad.seed),
                "findings": first_bad.as_ref().map(|bad| &bad.verdict.findings), "replay": command,
            }));
        } else {
            print(&text);
        }
    }
    if args.json {
        print(&format!("{:#}\n", serde_json::Value::from(reports)));
    }
    Ok(worst.exit_code() as u8)
}

/// How many threads: as asked for, or one per core.
pub fn jobs(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, usize::from)
}

/// The command line in force, with this seed, on this host.
fn command_line(seed: Option<(u64, bool)>) -> String {
    let Some((seed, simulated)) = seed else { return String::new() };
    let mut words = vec!["schism".to_string()];
    let mut skip = false;
    let mut rest = false;
    let mut tail = Vec::new();
    for word in std::env::args().skip(1) {
        if rest {
            tail.push(quoted(&word));
            continue;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        match word.as_str() {
            "--" => {
                rest = true;
                tail.push("--".into());
            }
            "--seed" | "--seeds" | "-j" | "--jobs" => skip = true,
            "--sim" | "--keep-going" | "--json" => {}
            other if other.starts_with("--seed") || other.starts_with("-j") => {}
            other => words.push(quoted(other)),
        }
    }
    if simulated {
        words.push("--sim".into());
    }
    words.push(format!("--seed {seed}"));
    words.extend(tail);
    words.join(" ")
}

/// A word as a shell must be given it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// A seed that is short enough to be typed.
pub fn new_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let bits = now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 32);
    schism_nemesis::Rng::new(bits, &[]).below(1_000_000_000)
}

/// `schism node`: one node of a protocol, on standard input and output.
pub fn node(args: &NodeArgs) -> Outcome {
    let card = resolve::card(&args.name)?;
    let build = match &args.twin {
        None => card.build,
        Some(name) => {
            let twin = card.twin(name).map_err(|known| {
                let known = known.join(", ");
                Error::usage(format!("{} has no twin `{name}`; it has: {known}", card.name))
            })?;
            twin.build
        }
    };
    real::serve(build)
}
