//! `schism shrink`: a failing run, made small and told.

use super::Outcome;
use super::args::ShrinkArgs;
use super::terminal::{LiveLine, print, width};
use super::test::request;
use crate::search::{self, Effort, Size};
use crate::store::RunDirectory;
use crate::{Error, Recipe, resolve};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub fn shrink(args: &ShrinkArgs) -> Outcome {
    let recipe = match args.seed {
        Some(seed) => {
            let request = request(&args.run, "none", true)?;
            request.of_card(resolve::card(&args.what)?, seed)?
        }
        None => recipe_of(Path::new(&args.what))?,
    };
    if recipe.program().is_some() {
        return Err(Error::usage("a program cannot be simulated, so its runs cannot be shrunk"));
    }
    let file = args.output.clone().unwrap_or_else(|| file_name(&recipe));
    tell(&recipe, args.budget, &file)
}

/// Makes a failing run small, writes it to a file and tells how it fails.
pub fn tell(recipe: &Recipe, budget: Duration, file: &Path) -> Outcome {
    let began = Instant::now();
    let mut live = LiveLine::new(true);
    let effort = Effort { time: budget };
    let shrunk = search::shrink(recipe, effort, &mut |size: Size, runs| {
        if live.shown() {
            live.draw(&format!("{size}; {runs} runs"));
        }
    })?;
    live.clear();
    write(file, &shrunk.recipe)?;
    let ended = if shrunk.cut_short { " (the budget was used up)" } else { "" };
    let size = Size::of(&shrunk.recipe);
    let seconds = began.elapsed().as_secs_f64();
    print(&format!("shrunk to {size}, in {} runs and {seconds:.1} s{ended}\n\n", shrunk.runs));
    print(&schism_reports::terminal::story(&shrunk.history, &shrunk.finding, width()));
    print(&format!("\nreplay: schism replay {}\n", file.display()));
    Ok(shrunk.finding.status.exit_code() as u8)
}

/// The recipe of an old run, or in a file.
pub fn recipe_of(path: &Path) -> Result<Recipe, Error> {
    if path.is_file() { Recipe::read(path) } else { RunDirectory::open(path)?.read_recipe() }
}

fn file_name(recipe: &Recipe) -> PathBuf {
    let twin = recipe.twin.as_ref().map(|twin| format!("-{twin}")).unwrap_or_default();
    format!("{}{twin}-{}.toml", recipe.test, recipe.seed).into()
}

/// Writes a recipe for replays.
pub fn write(file: &Path, recipe: &Recipe) -> Result<(), Error> {
    let text = toml::to_string(recipe).map_err(Error::harness)?;
    fs::write(file, text).map_err(|e| Error::writing(file, e))
}
