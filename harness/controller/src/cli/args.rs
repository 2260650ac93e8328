//! What can be written on the command line.

use super::bench::BenchArgs;
use super::matrix::MatrixArgs;
use super::serve::ServeArgs;
use super::suite::SuiteArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use schism_nemesis::Mix;
use schism_protocols::Environment;
use std::path::PathBuf;
use std::time::Duration;

/// Puts distributed protocols and databases through faults, and judges from the record whether
/// they kept their promises.
#[derive(Parser, Debug)]
#[command(name = "schism", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show the catalogue of protocols
    List(ListArgs),
    /// Run protocols, or a program of your own, under faults, and judge them
    Test(Box<TestArgs>),
    /// Run a suite: a matrix of tests, faults, seeds and options
    Suite(SuiteArgs),
    /// Try every protocol in every environment, and compare with what the catalogue claims
    Matrix(MatrixArgs),
    /// Measure what protocols cost when nothing goes wrong
    Bench(BenchArgs),
    /// Show the store in a browser
    Serve(ServeArgs),
    /// Judge a recorded history
    Check(CheckArgs),
    /// Do an old run again
    Replay(ReplayArgs),
    /// Look for a run that breaks a promise, among simulated runs by the thousand
    Hunt(Box<HuntArgs>),
    /// Make a failing simulated run small, and tell how it fails
    Shrink(Box<ShrinkArgs>),
    /// Show an old run
    Show(ShowArgs),
    /// Write a run's history as JSON lines or Jepsen EDN
    Export(ExportArgs),
    /// Be a node: answers Maelstrom's protocol on standard input and output
    Node(NodeArgs),
}

#[derive(Args, Debug)]
pub struct ListArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct NodeArgs {
    /// A protocol of the catalogue
    pub name: String,
    /// With this defect
    #[arg(long)]
    pub twin: Option<String>,
}

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Protocols of the catalogue (`schism list`)
    #[arg(required_unless_present = "bin")]
    pub names: Vec<String>,
    /// A program that speaks Maelstrom's protocol, instead; its arguments follow `--`
    #[arg(long, value_name = "PROGRAM", conflicts_with = "names")]
    pub bin: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
    /// The seed of everything that is chosen (default: a new one, which is shown)
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// In the simulator: one thread, virtual time, the same run for the same seed
    #[arg(long)]
    pub sim: bool,
    /// In the simulator, many seeds: 1..2000
    #[arg(long, value_name = "FROM..TO", value_parser = parse_seeds, conflicts_with = "seed")]
    pub seeds: Option<Seeds>,
    /// How many seeds at a time [default: one per core]
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Go on after the first seed that fails
    #[arg(long)]
    pub keep_going: bool,
    /// Which messages to record: all, none, first (200 000, then one in 16), or one in so many
    #[arg(long, value_name = "WHICH", default_value = "first", value_parser = parse_messages)]
    pub messages: String,
    /// The verdict as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
    /// Leave out the report's pages and pictures
    #[arg(long)]
    pub no_report: bool,
    /// Arguments of the program
    #[arg(last = true)]
    pub arguments: Vec<String>,
}

/// What is run, and how hard.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// What drives the nodes: echo, unique-ids, broadcast, lin-kv, …
    #[arg(long, short = 'w')]
    pub workload: Option<String>,
    /// How many nodes
    #[arg(long, short = 'n', default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub nodes: u16,
    /// Which faults: none, gentle, partition, crash, pause, clock, disk, limits (of processes),
    /// byzantine (with --beyond-model), network, everything (as far as the protocol's model
    /// permits), swarm (some of everything)
    /// [default: everything; for a twin run as processes, the schedule that shows its defect]
    #[arg(long, value_parser = parse_mix)]
    pub nemesis: Option<Mix>,
    /// In which environment faults are drawn: its-model, reliable, lossy, asynchronous, crash,
    /// crash-recovery, inaccurate-detector, skewed-clocks, too-many-faults
    #[arg(long, default_value = "its-model", value_parser = parse_environment)]
    pub environment: Environment,
    /// How often faults begin, on average
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "plan")]
    pub interval: Option<Duration>,
    /// Draw faults beyond what the protocol's model permits, to see it break: nodes lie, too, as
    /// they do in a --plan only with this
    #[arg(long)]
    pub beyond_model: bool,
    /// A plan of faults, instead: one that is part of the program (figure-8, kill-in-mid-round, …) or
    /// a file in TOML
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "nemesis")]
    pub plan: Option<PathBuf>,
    /// How long workload and faults go on [default: 20s]
    #[arg(long, short = 't', value_name = "TIME", value_parser = parse_time)]
    pub time_limit: Option<Duration>,
    /// Or after how many operations they end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub ops: Option<u64>,
    /// Open loop: operations per second, whether or not earlier ones have ended
    #[arg(long, value_parser = parse_rate)]
    pub rate: Option<f64>,
    /// Closed loop: a client waits at least this long from one operation to the next [default: 10ms]
    #[arg(long, value_name = "TIME", value_parser = parse_pace, conflicts_with = "rate")]
    pub pace: Option<Duration>,
    /// How many clients; `3n` is three per node [default: 2n]
    #[arg(long, short = 'c')]
    pub concurrency: Option<String>,
    /// How long a client waits for an answer
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time)]
    pub timeout: Duration,
    /// How long the network may take to calm down in the end; where crashes are told by timeouts, at
    /// least twice as long as these take
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_time)]
    pub settle: Duration,
    /// End workload and faults as soon as what clients saw cannot be linearizable any more
    #[arg(long)]
    pub fail_fast: bool,
    /// With one of the defects of its card built in
    #[arg(long)]
    pub twin: Option<String>,
    /// Judge for this property, instead of what is promised; may be repeated
    #[arg(long, value_name = "NAME")]
    pub property: Vec<String>,
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// A history: ours, JSON lines, Jepsen's EDN or its log; or the directory of a run
    pub file: PathBuf,
    /// The sequential model: register, cas-register, kv, fifo-queue, set, …
    #[arg(long)]
    pub model: Option<String>,
    /// Where independent keys stand
    #[arg(long, value_enum, default_value_t = Key::Field)]
    pub key: Key,
    /// What a `cas` that failed tells
    #[arg(long, value_enum, default_value_t = FailedCas::Reason)]
    pub failed_cas: FailedCas,
    /// Give up after this long, reading included: the verdict is then unknown
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_time)]
    pub timeout: Duration,
    /// Give up beyond this many megabytes
    #[arg(long, value_name = "MB", default_value_t = 2048)]
    pub memory: usize,
    /// The verdict as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the explanation as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Say nothing: the exit code tells
    #[arg(long, short = 'q')]
    pub quiet: bool,
}

/// Where independent keys stand in a foreign history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Key {
    /// In a field `:key`
    Field,
    /// In the value, as `[key value]`
    Tuple,
    /// Nowhere
    None,
}

/// What a compare-and-set that failed tells about the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailedCas {
    /// That it did not match, if its error says so; nothing otherwise
    Reason,
    /// That it did not match
    Mismatch,
    /// Nothing: it did not happen
    Nothing,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The directory of a run, or a file that describes one
    pub run: PathBuf,
    /// In the simulator, even if it was a run of processes
    #[arg(long)]
    pub sim: bool,
    /// With real processes, even if it was simulated
    #[arg(long, conflicts_with = "sim")]
    pub processes: bool,
    /// The verdict as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
    /// Leave out the report's pages and pictures
    #[arg(long)]
    pub no_report: bool,
}

#[derive(Args, Debug)]
pub struct HuntArgs {
    /// A protocol of the catalogue
    #[arg(required_unless_present = "like")]
    pub name: Option<String>,
    /// Look near a failing run of processes, for a simulated one that breaks the same promise
    #[arg(long, value_name = "RUN", conflicts_with = "name")]
    pub like: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
    /// Give up after this long
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_time)]
    pub budget: Duration,
    /// Or after so many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: Option<u64>,
    /// How many at a time [default: one per core]
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Decides which runs are tried (default: a new one, which is shown)
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    /// Do not follow what reached new situations: every run is drawn anew
    #[arg(long, conflicts_with = "like")]
    pub random: bool,
    /// Do not make what is found small
    #[arg(long)]
    pub no_shrink: bool,
    /// Where runs are kept
    #[arg(long, value_name = "DIR", default_value = "store")]
    pub store: PathBuf,
    /// Leave out the report's pages and pictures
    #[arg(long)]
    pub no_report: bool,
}

#[derive(Args, Debug)]
pub struct ShrinkArgs {
    /// The directory of a run, a file that describes one, or with --seed a protocol
    #[arg(value_name = "RUN|NAME")]
    pub what: String,
    /// The seed of a protocol's simulated run that fails
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub run: RunArgs,
    /// Stop after this long with what has been reached
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_time)]
    pub budget: Duration,
    /// Where to write the replay [default: NAME-SEED.toml]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The directory of a run
    #[arg(default_value = "store/latest")]
    pub run: PathBuf,
    /// Write the report again
    #[arg(long)]
    pub report: bool,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// A history, or the directory of a run
    pub file: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub format: Format,
    /// Where to write (default: standard output)
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A format histories are exported in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON lines: everything
    Jsonl,
    /// Jepsen's EDN: operations and faults
    Edn,
}

/// A range of seeds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    pub first: u64,
    pub last: u64,
}

pub fn parse_time(text: &str) -> Result<Duration, String> {
    let time = schism_nemesis::time::parse(text)?;
    if time.is_zero() { Err("it must be longer than nothing".into()) } else { Ok(time) }
}

fn parse_pace(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { schism_nemesis::time::parse(text) }
}

fn parse_mix(text: &str) -> Result<Mix, String> {
    text.parse::<Mix>().map_err(|error| error.to_string())
}

fn parse_environment(text: &str) -> Result<Environment, String> {
    text.parse()
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a rate is a number of operations per second, up to a million".into()),
    }
}

fn parse_messages(text: &str) -> Result<String, String> {
    crate::recipe::parse_messages(text).map(|_| text.into())
}

pub fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("`{text}` is no range of seeds: write it like 1..2000");
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim_start_matches('=').parse::<u64>().map_err(|_| wrong());
    let seeds = Seeds { first: number(first)?, last: number(last)? };
    if seeds.first > seeds.last || seeds.last > i64::MAX as u64 {
        return Err(wrong());
    }
    Ok(seeds)
}

/// Reads `7` or `3n`.
pub fn parse_concurrency(text: &str, nodes: u16) -> Result<u32, String> {
    let wrong =
        || format!("--concurrency `{text}`: write a number of clients from 1 to 10000, or like 3n");
    let count = match text.strip_suffix('n') {
        Some("") => u32::from(nodes),
        Some(per_node) => {
            let per_node: u32 = per_node.parse().map_err(|_| wrong())?;
            per_node.saturating_mul(u32::from(nodes))
        }
        None => text.parse().map_err(|_| wrong())?,
    };
    if (1..=10_000).contains(&count) { Ok(count) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_and_concurrency_are_read_or_refused() {
        assert_eq!(parse_seeds("1..2000"), Ok(Seeds { first: 1, last: 2000 }));
        assert_eq!(parse_seeds("7..=7"), Ok(Seeds { first: 7, last: 7 }));
        for bad in ["7", "9..3", "a..b", "..", "1..99999999999999999999"] {
            assert!(parse_seeds(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_concurrency("3n", 5), Ok(15));
        assert_eq!(parse_concurrency("n", 5), Ok(5));
        assert_eq!(parse_concurrency("7", 5), Ok(7));
        for bad in ["0", "0n", "-1", "n3", "1e3", "4000000n"] {
            assert!(parse_concurrency(bad, 5).is_err(), "{bad}");
        }
    }
}
