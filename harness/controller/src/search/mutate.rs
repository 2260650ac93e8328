//! Recipes a little different from others.

use crate::Recipe;
use schism_history::NodeId;
use schism_nemesis::{Allowance, Fault, Plan, Rng, Target};
use std::time::Duration;

/// How often a change that leads out of the model is tried again.
const TRIES: u64 = 8;
/// Faults that are brought together begin or end at most this far apart.
const NEAR: Duration = Duration::from_millis(60);

/// A recipe like this one: with another seed, most often with its faults changed, sometimes with
/// its work changed. `others` lend faults. Plans stay within the allowance.
pub fn mutated(
    recipe: &Recipe,
    others: &[Recipe],
    allow: Option<&Allowance>,
    rng: &mut Rng,
) -> Recipe {
    let mut changed = Recipe { seed: rng.below(i64::MAX as u64), ..recipe.clone() };
    if rng.chance(0.2) {
        changed.seed = recipe.seed;
    }
    if rng.chance(0.25) && changed.script.is_none() {
        work(&mut changed, rng);
    }
    if rng.chance(0.8) {
        for _ in 0..TRIES {
            let plan = plan(&changed, others, rng);
            let fits = allow.is_none_or(|allow| plan.fits(allow, changed.nodes));
            if plan.check(changed.nodes).is_ok() && fits {
                changed.plan = plan;
                break;
            }
        }
    }
    changed
}

/// How hard the clients work.
fn work(recipe: &mut Recipe, rng: &mut Rng) {
    match rng.below(2) {
        0 => recipe.pace = Duration::from_millis([1, 5, 10, 30, 80][rng.below(5) as usize]),
        _ => recipe.concurrency = (1 + rng.below(3) as u32) * u32::from(recipe.nodes),
    }
}

/// The plan with one to three changes.
fn plan(recipe: &Recipe, others: &[Recipe], rng: &mut Rng) -> Plan {
    let mut faults = recipe.plan.faults.clone();
    for _ in 0..=rng.below(3) {
        change(&mut faults, recipe, others, rng);
    }
    for fault in &mut faults {
        // What is never undone has no end; everything else ends within the run.
        fault.until = match fault.is_for_good() {
            true => fault.from,
            false => fault.until.min(recipe.time_limit),
        };
    }
    faults.sort_by_key(|fault| (fault.from, fault.until));
    Plan { faults }
}

fn change(faults: &mut Vec<Fault>, recipe: &Recipe, others: &[Recipe], rng: &mut Rng) {
    let count = faults.len() as u64;
    if count == 0 || rng.chance(0.1) {
        let lenders: Vec<&Recipe> =
            others.iter().filter(|other| other.nodes == recipe.nodes).collect();
        let lent = rng.pick(&lenders).and_then(|lender| rng.pick(&lender.plan.faults).cloned());
        faults.extend(lent);
        return;
    }
    let (i, j) = (rng.below(count) as usize, rng.below(count) as usize);
    let length = |fault: &Fault| fault.until.saturating_sub(fault.from);
    let moved = |fault: &mut Fault, from: Duration| {
        let length = length(fault);
        (fault.from, fault.until) = (from, from + length);
    };
    match rng.below(6) {
        // Another time.
        0 => {
            let from = rng.between(Duration::ZERO, recipe.time_limit);
            moved(&mut faults[i], from);
        }
        // Near the beginning or the end of another fault.
        1 => {
            let edge = if rng.chance(0.5) { faults[j].from } else { faults[j].until };
            let from = (edge + rng.between(Duration::ZERO, NEAR * 2)).saturating_sub(NEAR);
            moved(&mut faults[i], from);
        }
        // Longer or shorter.
        2 => {
            let percent = 20 + rng.below(300) as u32;
            let fault = &mut faults[i];
            let length = (length(fault) * percent / 100).max(Duration::from_millis(1));
            fault.until = fault.from + length;
        }
        // Once more.
        3 => {
            let mut again = faults[i].clone();
            moved(&mut again, rng.between(Duration::ZERO, recipe.time_limit));
            faults.push(again);
        }
        // Not at all.
        4 => drop(faults.remove(i)),
        // At other nodes.
        _ => {
            if let Target::Nodes(targets) = &mut faults[i].target {
                let mut nodes: Vec<NodeId> = (0..recipe.nodes).map(NodeId).collect();
                rng.shuffle(&mut nodes);
                nodes.truncate(targets.len());
                *targets = nodes;
            }
        }
    }
}
