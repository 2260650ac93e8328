//! Gossip: promises that hold with a probability, and what they cost.
//!
//! A share seen in a run is an estimate. Wilson's score interval at 95 % says what shares it is
//! compatible with: if even its upper end is below the promise (the fact `coverage` of the history,
//! like `0.99`), the promise is broken; if its lower end is above, it holds; in between, there were
//! too few broadcasts to tell.
//!
//! * **probabilistic validity**: what a correct process broadcasts reaches every correct process,
//!   with the promised probability. A trial is a broadcast.
//! * **coverage**: it reaches the promised share of the correct processes. A trial is again a
//!   broadcast, worth the share it reached: its variance is no larger than that of a yes or no,
//!   so the interval is, if anything, too wide.
//! * **messages per broadcast**: nodes send each other at most so many messages per broadcast as the
//!   fact `messages-per-broadcast` allows. The mean is reported in any case.
//!
//! Antecedent: a broadcast by a correct process. Stress: something was lost or cut, or a fault was in
//! force while it spread; for the number of messages, every broadcast counts.

use super::broadcast::delivery::{Reach, reaches};
use super::run::{Breaches, Run};
use crate::{Finding, Status};
use schism_history::{Entry, Peer};

/// Wilson's score interval at 95 % for a share of `trials`.
pub fn wilson(share: f64, trials: f64) -> (f64, f64) {
    /// The quantile of the normal distribution that leaves 2.5 % on either side.
    const Z: f64 = 1.959_963_984_540_054;
    if trials <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = Z * Z;
    let centre = share + z2 / (2.0 * trials);
    let spread = Z * (share * (1.0 - share) / trials + z2 / (4.0 * trials * trials)).sqrt();
    let scale = 1.0 + z2 / trials;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

/// Judges probabilistic validity.
pub(super) fn probabilistic_validity(run: &Run<'_>) -> Finding {
    estimate(run, |reach| f64::from(u8::from(reach.reached == reach.correct)))
}

/// Judges coverage.
pub(super) fn coverage(run: &Run<'_>) -> Finding {
    estimate(run, |reach| reach.reached as f64 / reach.correct.max(1) as f64)
}

fn estimate(run: &Run<'_>, worth: impl Fn(&Reach) -> f64) -> Finding {
    let Some(promised) = run.fact("coverage").and_then(|f| f.parse::<f64>().ok()) else {
        return run.unknown("the history does not tell the promised `coverage`");
    };
    let reaches = reaches(run);
    let trials = reaches.len() as f64;
    let share = reaches.iter().map(&worth).sum::<f64>() / trials.max(1.0);
    let stress = reaches.iter().filter(|r| r.stressed).count() as u64;
    let (low, high) = wilson(share, trials);
    let said = format!(
        "{share:.4} ({low:.4} to {high:.4} at 95 %) over {} broadcasts, promised {promised}",
        reaches.len()
    );
    let mut breaches = Breaches::default();
    if !reaches.is_empty() && high < promised {
        let worst = reaches.iter().min_by(|a, b| worth(a).total_cmp(&worth(b)));
        breaches.add(|| (said.clone(), worst.map(|r| r.index).into_iter().collect()));
    }
    let stressor = "with something lost or a fault in force while they spread";
    let antecedents = reaches.len() as u64;
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    if matches!(finding.status, Status::Holds | Status::Unstressed) {
        if low < promised {
            finding.status = Status::Unknown;
        }
        finding.explanation = said;
    }
    finding.details = serde_json::json!({
        "share": share, "low": low, "high": high, "promised": promised,
    });
    finding
}

/// Judges the number of messages per broadcast.
pub(super) fn messages_per_broadcast(run: &Run<'_>) -> Finding {
    let between_nodes = |entry: &Entry| {
        matches!(entry, Entry::Message(m)
            if matches!((m.src, m.dest), (Peer::Node(a), Peer::Node(b)) if a != b))
    };
    let messages = run.history.records.iter().filter(|r| between_nodes(&r.entry)).count() as u64;
    let broadcasts = run.events().filter(|t| t.event.kind == "broadcast").count() as u64;
    let mean = messages as f64 / broadcasts.max(1) as f64;
    let allowed = run.fact("messages-per-broadcast").and_then(|f| f.parse::<f64>().ok());
    let said = format!("{mean:.1} messages per broadcast over {broadcasts} broadcasts");
    let mut breaches = Breaches::default();
    if let Some(allowed) = allowed.filter(|&a| broadcasts > 0 && mean > a) {
        breaches.add(|| (format!("{said}, at most {allowed} are allowed"), Vec::new()));
    }
    let judged = if messages == 0 { 0 } else { broadcasts };
    let mut finding = run.verdict(Status::Violated, breaches, judged, judged, "counted broadcasts");
    if allowed.is_none() && finding.status == Status::Holds {
        finding = run.unknown(format!("{said}; the history does not tell how many are allowed"));
        finding = finding.counted(judged, judged);
    } else if finding.status == Status::Holds {
        finding.explanation = said;
    }
    finding.details = serde_json::json!({ "messages": messages, "mean": mean });
    finding
}
