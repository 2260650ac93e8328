//! A few of the same things at other times.
//!
//! What is left when nothing can be left out may still be far from the smallest run that fails: what
//! happened by chance among many nodes would have needed another chance among few. So some of the
//! operations and faults are thrown together anew, on few nodes, within a short time.

use super::nodes;
use crate::Recipe;
use schism_history::NodeId;
use schism_nemesis::{Moment, Rng, Target, What};
use std::time::Duration;

/// So many nodes are few.
pub const NODES: u16 = 3;
/// So many operations are few.
pub const OPERATIONS: usize = 6;
/// So many faults are few.
pub const FAULTS: usize = 3;
/// What takes no longer than this already keeps its time.
const SHORT: Duration = Duration::from_millis(2500);

/// Whether a recipe is as small as anybody needs it.
pub fn is_small(recipe: &Recipe) -> bool {
    recipe.nodes <= NODES
        && recipe.script.as_ref().map_or(0, Vec::len) <= OPERATIONS
        && recipe.plan.faults.len() <= FAULTS
}

/// A recipe of a few of the things that happen in this one. Nothing if it cannot do without a node.
pub fn shaken(recipe: &Recipe, dice: &mut Rng) -> Option<Recipe> {
    let mut candidate = recipe.clone();
    while candidate.nodes > NODES {
        let gone = NodeId(dice.below(candidate.nodes.into()) as u16);
        candidate = nodes::without(&candidate, gone, true)?;
    }
    let span = Duration::from_millis(5 << dice.below(6)).min(candidate.time_limit);
    let script = candidate.script.get_or_insert_default();
    let (mut work, last): (Vec<_>, Vec<_>) =
        script.drain(..).partition(|operation| operation.at.is_some());
    // Objects are independent of one another: most often it is about one.
    if let Some(key) = dice.pick(&work).map(|operation| operation.key.clone())
        && dice.chance(0.8)
    {
        work.retain(|operation| operation.key == key);
    }
    dice.shuffle(&mut work);
    work.truncate(OPERATIONS.saturating_sub(last.len()).max(1));
    for operation in &mut work {
        operation.at = Some(dice.between(Duration::ZERO, span));
        operation.node = NodeId(dice.below(candidate.nodes.into()) as u16);
    }
    work.sort_by_key(|operation| operation.at);
    work.extend(last);
    *script = work;

    let faults = &mut candidate.plan.faults;
    dice.shuffle(faults);
    faults.truncate(FAULTS);
    for fault in faults.iter_mut() {
        let length = fault.until.saturating_sub(fault.from);
        fault.from = dice.between(Duration::ZERO, span);
        fault.until = fault.from + length.min(SHORT);
        // Whoever is struck by chance in the middle of sending is not likely to be so again.
        if matches!(fault.what, What::Kill(_)) && dice.chance(0.5) {
            fault.target = Target::Sender;
            fault.when = Some(Moment::any_message(1 + dice.below(12) as u32));
        }
    }
    faults.sort_by_key(|fault| (fault.from, fault.until));
    let end = faults.iter().map(|fault| fault.until).max().unwrap_or_default().max(span);
    candidate.time_limit = candidate.time_limit.min(SHORT).max(end + Duration::from_millis(1));
    candidate.seed = dice.below(i64::MAX as u64);
    Some(candidate)
}
