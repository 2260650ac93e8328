//! `schism matrix`: what the catalogue claims, beside what is seen.

use super::Outcome;
use super::args::parse_time;
use super::terminal::{LiveLine, colour, print, width};
use crate::Error;
use crate::matrix::{Asked, run};
use clap::Args;
use schism_protocols::{Card, catalogue};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Args, Debug)]
pub struct MatrixArgs {
    /// Only protocols with this in their name, or of this model or workload; may be repeated
    #[arg(long, value_name = "WORD")]
    pub filter: Vec<String>,
    /// With how many seeds each claim is tried
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub seeds: u64,
    /// The first of them
    #[arg(long, value_name = "SEED", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64 / 2))]
    pub first_seed: u64,
    /// How many runs at a time [default: one per core]
    #[arg(long, short = 'j', value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Give up after this long: what was not tried often enough is then undecided
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub budget: Option<Duration>,
    /// Write the matrix as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// The matrix as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

pub fn matrix(args: &MatrixArgs) -> Outcome {
    let asked = Asked {
        cards: chosen(&args.filter)?,
        first: args.first_seed,
        seeds: args.seeds,
        jobs: args.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        ),
        budget: args.budget,
    };
    let live = Mutex::new(LiveLine::new(true));
    let matrix = run(&asked, &|progress| {
        if let Ok(mut live) = live.lock() {
            let (done, all) = progress.done;
            live.draw(&format!("{done} of {all} parts, {} runs", progress.runs));
        }
    })?;
    if let Ok(mut live) = live.lock() {
        live.clear();
    }
    if let Some(file) = &args.html {
        std::fs::write(file, schism_reports::matrix::page(&matrix))
            .map_err(|e| Error::writing(file, e))?;
    }
    if args.json {
        let mut json = serde_json::to_value(&matrix).map_err(Error::harness)?;
        json["problems"] = serde_json::to_value(matrix.problems()).map_err(Error::harness)?;
        print(&format!("{json:#}\n"));
    } else {
        print(&schism_reports::matrix::terminal(&matrix, colour(), width()));
    }
    Ok(matrix.exit_code())
}

/// The protocols whose names, models or workloads contain one of the words.
pub fn chosen(words: &[String]) -> Result<Vec<&'static Card>, Error> {
    let matches = |card: &Card, word: &str| {
        card.name.contains(word) || card.model.name() == word || card.workload == word
    };
    for word in words {
        if !catalogue().iter().any(|card| matches(card, word)) {
            return Err(Error::usage(format!(
                "--filter {word}: no protocol has that in its name, nor as its model or workload \
                 (`schism list` shows all)"
            )));
        }
    }
    let any = |card: &&Card| words.is_empty() || words.iter().any(|word| matches(card, word));
    Ok(catalogue().iter().filter(any).collect())
}
