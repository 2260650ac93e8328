//! The command line.

mod args;
mod bench;
mod check;
mod export;
mod hunt;
mod list;
mod matrix;
mod replay;
mod serve;
mod show;
mod shrink;
mod suite;
mod terminal;
mod test;

pub(crate) use args::parse_seeds;
pub(crate) use terminal::{LiveLine, width};
pub(crate) use test::quoted;

use crate::Error;
use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// Carries out a command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for_help =
                matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Where nobody reads it, nobody misses it.
            let _ = error.print();
            return ExitCode::from(if asked_for_help { 0 } else { 64 });
        }
    };
    let result = match cli.command {
        Command::List(args) => list::list(&args),
        Command::Test(args) => test::test(&args),
        Command::Matrix(args) => matrix::matrix(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Check(args) => check::check(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Hunt(args) => hunt::hunt(&args),
        Command::Shrink(args) => shrink::shrink(&args),
        Command::Show(args) => show::show(&args),
        Command::Export(args) => export::export(&args),
        Command::Suite(args) => suite::suite(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Node(args) => test::node(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("schism: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// What a command ends with: an exit code, or an error.
type Outcome = Result<u8, Error>;
