//! From a failing run of processes to simulated runs like it.

use super::literal::{as_it_happened, literal};
use super::shrink::broken;
use crate::reporting::Kept;
use crate::store::RunDirectory;
use crate::{Error, Recipe};
use schism_nemesis::Plan;

/// Recipes near an old run, and the promise it broke: its own recipe, simulated, and the same with
/// every operation and fault written down as it happened.
pub fn alike(directory: &RunDirectory) -> Result<(Vec<Recipe>, String), Error> {
    let kept = Kept::read(directory)?;
    let recipe = &kept.recipe;
    if recipe.program().is_some() {
        return Err(Error::usage(
            "--like: a program cannot be simulated: it keeps its own time and randomness",
        ));
    }
    let Some(finding) = broken(recipe, &kept.verdict.findings) else {
        return Err(Error::usage(format!(
            "--like: {} broke no promise: it is {}",
            directory.path().display(),
            kept.verdict.overall
        )));
    };
    let mut start = vec![Recipe { simulated: true, ..recipe.clone() }];
    if let Some(written) = literal(recipe, &kept.history) {
        let faults = (0..).zip(&recipe.plan.faults);
        let faults = faults.filter_map(|(id, fault)| as_it_happened(fault, id, &kept.history));
        let plan = Plan { faults: faults.collect() };
        if plan.check(recipe.nodes).is_ok() {
            start.push(Recipe { plan, ..written.clone() });
        }
        start.push(written);
    }
    Ok((start, finding.property.clone()))
}
