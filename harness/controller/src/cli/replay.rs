//! `schism replay`: an old run, done again.

use super::Outcome;
use super::args::ReplayArgs;
use super::test::{Showing, run_one};
use crate::store::RunDirectory;
use crate::{Error, real};

pub fn replay(args: &ReplayArgs) -> Outcome {
    let mut recipe = RunDirectory::open(&args.run)?.read_recipe()?;
    recipe.simulated |= args.sim;
    if let Some((program, _)) = recipe.program() {
        if recipe.simulated {
            return Err(Error::usage("a program cannot be simulated"));
        }
        real::check_program(&program)?;
    }
    let sim = if args.sim { " --sim" } else { "" };
    let showing = Showing {
        store: &args.store,
        json: args.json,
        report: !args.no_report,
        command: format!("schism replay {}{sim}", args.run.display()),
    };
    Ok(run_one(&recipe, &showing)?.exit_code() as u8)
}
