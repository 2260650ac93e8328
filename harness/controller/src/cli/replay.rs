//! `schism replay`: an old run, done again.

use super::Outcome;
use super::args::ReplayArgs;
use super::shrink::recipe_of;
use super::test::{Showing, run_one};
use crate::{Error, real};

pub fn replay(args: &ReplayArgs) -> Outcome {
    let mut recipe = recipe_of(&args.run)?;
    recipe.simulated = (recipe.simulated || args.sim) && !args.processes;
    if let Some((program, _)) = recipe.program() {
        if recipe.simulated {
            return Err(Error::usage("a program cannot be simulated"));
        }
        real::check_program(&program)?;
    }
    let host = match (args.sim, args.processes) {
        (true, _) => " --sim",
        (_, true) => " --processes",
        _ => "",
    };
    let showing = Showing {
        store: &args.store,
        json: args.json,
        report: !args.no_report,
        command: format!("schism replay {}{host}", args.run.display()),
    };
    Ok(run_one(&recipe, &showing)?.exit_code() as u8)
}
