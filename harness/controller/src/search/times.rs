//! The same recipe, sooner, later or for less long.

use crate::Recipe;
use crate::recipe::Written;
use schism_nemesis::PinnedFate;
use std::time::Duration;

/// The recipe with every time changed.
pub fn with_times(recipe: &Recipe, change: impl Fn(Duration) -> Duration) -> Recipe {
    let mut recipe = recipe.clone();
    for operation in recipe.script.iter_mut().flatten() {
        operation.at = operation.at.map(&change);
    }
    for fault in &mut recipe.plan.faults {
        (fault.from, fault.until) = (change(fault.from), change(fault.until));
    }
    recipe.time_limit = change(recipe.time_limit);
    recipe
}

/// A run is not made shorter than this: what is done at its end must come to something.
const SHORTEST: Duration = Duration::from_millis(10);

/// The recipe, ended at this time.
pub fn ended_at(recipe: &Recipe, end: Duration) -> Recipe {
    let mut recipe = with_times(recipe, |time| time);
    let end = end.max(SHORTEST);
    recipe.time_limit = end;
    let script = recipe.script.get_or_insert_default();
    script.retain(|operation| operation.at.is_none_or(|at| at < end));
    recipe.plan.faults.retain(|fault| fault.from < end);
    for fault in recipe.plan.faults.iter_mut().filter(|fault| !fault.is_for_good()) {
        fault.until = fault.until.min(end);
    }
    recipe
}

/// The recipe with everything from `at` on so much earlier.
pub fn earlier(recipe: &Recipe, at: Duration, by: Duration) -> Recipe {
    let mut recipe = with_times(recipe, |time| match time >= at {
        true => time.saturating_sub(by),
        false => time,
    });
    recipe.time_limit = recipe.time_limit.max(SHORTEST);
    recipe
}

/// When something is done to the system, in order.
pub fn moments(recipe: &Recipe) -> Vec<Duration> {
    let mut times: Vec<Duration> = recipe.script.iter().flatten().filter_map(|o| o.at).collect();
    times.extend(recipe.plan.faults.iter().flat_map(|fault| [fault.from, fault.until]));
    times.push(recipe.time_limit);
    times.sort_unstable();
    times.dedup();
    times
}

/// What takes longer than this already is not stretched.
pub const STRETCHED_MAX: Duration = Duration::from_secs(3);

/// The recipe with everything taking so many times as long.
pub fn stretched(recipe: &Recipe, factor: u32) -> Recipe {
    let mut recipe = with_times(recipe, |time| time * factor);
    recipe.link_delay = recipe.link_delay.map(|Written(delay)| Written(delay * factor));
    for pinned in &mut recipe.pinned {
        if let PinnedFate::After(late) = &mut pinned.fate {
            *late *= factor;
        }
    }
    recipe
}
