//! Rounds: how long a synchronous algorithm may take.
//!
//! Events: `decide` and `deliver` with {number: the round}. The history's fact `f` tells how many
//! faults the algorithm is meant for.
//!
//! * **round bound**: every decision of an honest process falls in round f + 1 at the latest.
//!   Antecedent: such a decision. Stress: somebody had crashed or lied before it.
//! * **early stopping**: in round min(t + 2, f + 1) at the latest, where t counts the processes that
//!   crashed before the decision, or lied. Stress: t is small enough for this to ask for more than
//!   f + 1 rounds, and not zero; if f is too small for that (f < 2), t is not zero.

use super::run::{Breaches, Run, name};
use crate::{Finding, Status};

/// Judges f + 1 rounds.
pub(super) fn round_bound(run: &Run<'_>) -> Finding {
    bounded(run, false)
}

/// Judges min(t + 2, f + 1) rounds.
pub(super) fn early_stopping(run: &Run<'_>) -> Finding {
    bounded(run, true)
}

fn bounded(run: &Run<'_>, early: bool) -> Finding {
    let Some(f) = run.fact("f").and_then(|f| f.parse::<u64>().ok()) else {
        return run.unknown("the history does not tell how many faults `f` the run is meant for");
    };
    let liars = (0..run.nodes()).filter(|&n| !run.honest(n)).count() as u64;
    let mut crashes: Vec<u64> =
        (0..run.nodes()).filter_map(|n| Some(run.crashes(n).first()?.0)).collect();
    crashes.sort_unstable();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut latest = 0;
    for told in run.events() {
        let event = told.event;
        let (true, Some(round)) =
            (matches!(event.kind.as_str(), "decide" | "deliver"), event.number)
        else {
            continue;
        };
        if !run.honest(told.node) {
            continue;
        }
        let t = liars + crashes.partition_point(|&c| c < told.index) as u64;
        let rounds = f.saturating_add(1);
        let bound = if early { (t + 2).min(rounds) } else { rounds };
        antecedents += 1;
        stress += u64::from(t > 0 && (!early || f < 2 || bound < rounds));
        latest = latest.max(round);
        if round > bound {
            breaches.add(|| {
                let text = format!(
                    "{} decided {} in round {round} at {}; with {t} faults of at most {f}, {bound} \
                     rounds are allowed",
                    name(told.node),
                    event.value,
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    let stressor = if early { "with few faults" } else { "after a fault" };
    let mut finding = run.verdict(Status::Violated, breaches, antecedents, stress, stressor);
    finding.details = serde_json::json!({ "latest_round": latest, "f": f });
    finding
}
