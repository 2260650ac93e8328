//! `schism suite`: a matrix of runs.

use super::args::{Cli, Command, parse_time};
use super::terminal::{LiveLines, colour, print, width};
use super::{Outcome, test};
use crate::Error;
use crate::suite::{
    self, Case, Ledger, Pruned, Rules, Running, Shard, Suite, Surroundings, Watch, execute,
};
use clap::{Args, Parser};
use schism_reports::suite::{CaseResult, SuiteResult};
use schism_reports::terminal;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Args, Debug)]
pub struct SuiteArgs {
    /// A suite: smoke, nightly, matrix, or a file in TOML
    #[arg(required_unless_present = "list")]
    pub name: Option<String>,
    /// Show the suites that are part of the program, or the cases of the one named
    #[arg(long)]
    pub list: bool,
    /// Only the i-th of n parts, for one of n machines
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    pub shard: Shard,
    /// Go on with the newest run of the suite that was left unfinished
    #[arg(long)]
    pub resume: bool,
    /// No further case after the first that fails
    #[arg(long)]
    pub stop_on_failure: bool,
    /// No further case after this long, whatever the suite says
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub time_budget: Option<Duration>,
    /// How many cores to use; a run of processes takes two [default: all]
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// How many of the suite's runs to keep; what failed is kept four times as long
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: Option<u16>,
    /// What the suite came to as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
}

pub fn suite(args: &SuiteArgs) -> Outcome {
    let Some(name) = &args.name else {
        let names = suite::SUITES.iter().map(|(name, _)| Suite::find(name));
        for suite in names {
            let Suite { name, rules, cases, .. } = suite?;
            print(&format!("{name:<10}{:>4} cases  {}\n", cases.len(), rules.about));
        }
        return Ok(0);
    };
    let mut suite = Suite::find(name)?;
    check(&suite)?;
    if args.list {
        for case in args.shard.of(&suite.cases) {
            print(&format!("{}\n", case.name));
        }
        return Ok(0);
    }
    suite.rules.stop_on_failure |= args.stop_on_failure;
    suite.rules.time_budget = args.time_budget.or(suite.rules.time_budget);
    suite.rules.jobs = args.jobs.or(suite.rules.jobs);
    suite.rules.keep = args.keep.map_or(suite.rules.keep, usize::from);
    run(&suite, args)
}

/// Refuses a suite with a case that `schism test` would refuse, before anything starts.
fn check(suite: &Suite) -> Result<(), Error> {
    for case in &suite.cases {
        let wrong = |e: String| {
            let first = e.lines().next().unwrap_or_default().trim_start_matches("error: ");
            Error::usage(format!("{}: {}: {first}", suite.origin, case.name))
        };
        let words = std::iter::once("schism").chain(case.args.iter().map(String::as_str));
        match Cli::try_parse_from(words).map_err(|e| wrong(e.to_string()))?.command {
            Command::Test(args) => test::check(&args).map_err(|e| wrong(e.to_string()))?,
            _ => return Err(wrong("it is no call of `schism test`".into())),
        }
    }
    Ok(())
}

fn run(suite: &Suite, args: &SuiteArgs) -> Outcome {
    let ledger = if args.resume {
        Ledger::resume(&args.store, suite, args.shard)?
    } else {
        Ledger::create(&args.store, suite, args.shard)?
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = suite.rules.jobs.map_or(cores, usize::from);
    let cases: Vec<&Case> = args.shard.of(&suite.cases).collect();
    let left: Vec<&Case> = cases.iter().copied().filter(|case| !ledger.ended(&case.name)).collect();
    let directory = ledger.path().to_path_buf();
    let mut show = Show {
        quiet: args.json,
        live: LiveLines::new(!args.json),
        began: Instant::now(),
        earlier: ledger.seconds,
        done: cases.len() - left.len(),
        of: cases.len(),
        failed: ledger.done.iter().filter(|case| !case.passed()).count(),
        ledger,
    };
    show.announce(suite, args.shard, jobs);
    let around = Surroundings {
        store: &args.store,
        scratch: &directory,
        report: suite.rules.report,
        limit: suite.rules.case_limit,
    };
    let cut_short = execute(&left, jobs, &suite.rules, &around, &mut show)?;
    show.live.clear();
    let result = sum_up(suite, &cases, &show.ledger, args.shard, cores, cut_short, show.seconds());
    let trends = suite::write_outputs(&show.ledger, &args.store, &result)?;
    if args.json {
        let text = serde_json::to_string_pretty(&result).map_err(Error::harness)?;
        print(&format!("{text}\n"));
    } else {
        let directory = directory.display().to_string();
        print(&terminal::suite_summary(&result, &trends, &directory, colour(), width()));
    }
    let pruned = suite::prune(&args.store, &suite.name, suite.rules.keep)?;
    if !args.json && pruned != Pruned::default() {
        let Pruned { runs, suites } = pruned;
        print(&format!("  removed     {runs} old runs, {suites} old runs of the suite\n"));
    }
    Ok(result.exit_code())
}

/// What a run came to, with the cases it left out.
fn sum_up(
    suite: &Suite,
    cases: &[&Case],
    ledger: &Ledger,
    shard: Shard,
    cores: usize,
    cut_short: Option<String>,
    seconds: f64,
) -> SuiteResult {
    let Rules { about, .. } = &suite.rules;
    let of = |case: &&Case| {
        let done = ledger.done.iter().find(|done| done.case == case.name);
        done.cloned().unwrap_or_else(|| CaseResult {
            command: suite::command(&case.args),
            expect: case.expect.clone(),
            ..CaseResult::skipped_case(&case.name)
        })
    };
    let mut result = SuiteResult {
        name: suite.name.clone(),
        about: about.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        started: ledger.started().into(),
        seconds,
        cores,
        shard: shard.name(),
        cut_short,
        cases: cases.iter().map(of).collect(),
        never_reached: BTreeMap::new(),
    };
    result.never_reached = result.unreached();
    result
}

/// Shows a suite under way, and writes down what has ended.
struct Show {
    ledger: Ledger,
    quiet: bool,
    live: LiveLines,
    began: Instant,
    /// How long earlier sessions were at work.
    earlier: f64,
    done: usize,
    of: usize,
    failed: usize,
}

impl Show {
    fn seconds(&self) -> f64 {
        self.earlier + self.began.elapsed().as_secs_f64()
    }

    fn announce(&self, suite: &Suite, shard: Shard, jobs: usize) {
        if self.quiet {
            return;
        }
        let part = shard.name().map(|part| format!(", part {part}")).unwrap_or_default();
        let done = match self.done {
            0 => String::new(),
            done => format!(", {done} of them done before"),
        };
        let cores = if jobs == 1 { "core" } else { "cores" };
        let of = self.of;
        print(&format!("suite {}{part}: {of} cases{done}, on {jobs} {cores}\n", suite.name));
    }
}

impl Watch for Show {
    fn ended(&mut self, result: &CaseResult) -> Result<(), Error> {
        self.done += 1;
        self.failed += usize::from(!result.passed());
        let seconds = self.seconds();
        self.ledger.record(result.clone(), seconds)?;
        if !self.quiet {
            self.live.clear();
            print(&terminal::case_row(result, colour(), width()));
        }
        Ok(())
    }

    fn glance(&mut self, running: &[Running<'_>], waiting: usize) {
        if !self.live.shown() {
            return;
        }
        let under_way: Vec<(String, Duration)> =
            running.iter().map(|case| (case.case.name.to_string(), case.elapsed())).collect();
        let board = terminal::Board {
            running: &under_way,
            done: self.done,
            failed: self.failed,
            waiting,
            elapsed: self.began.elapsed(),
        };
        self.live.draw(&terminal::board(&board, true, width()));
    }

    fn ending(&mut self, why: &str) {
        self.live.clear();
        eprintln!("schism: no further case begins: {why}");
    }
}
