//! `schism show`: an old run.

use super::Outcome;
use super::args::ShowArgs;
use super::terminal::{colour, print, width};
use crate::reporting::{self, Kept};
use crate::store::RunDirectory;

pub fn show(args: &ShowArgs) -> Outcome {
    let directory = RunDirectory::open(&args.run)?;
    let kept = Kept::read(&directory)?;
    let summary = kept.summary(&directory);
    if args.report {
        reporting::write_report(&directory, &kept.history, &summary)?;
    }
    print(&schism_reports::terminal::summary(&summary, colour(), width()));
    Ok(kept.verdict.overall.exit_code() as u8)
}
