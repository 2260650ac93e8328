//! A run under way: what its directory says of its progress, and how that is shown.

use super::chart::{Chart, Curve};
use crate::words;
use maud::{Markup, html};
use schism_history::Nanos;
use serde::{Deserialize, Serialize};

/// The content of `progress.json`, which a run replaces about twice a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LiveRun {
    /// Its phase.
    pub phase: String,
    /// How long it has been going on.
    pub elapsed: Nanos,
    /// How long its workload will go on.
    pub limit: Nanos,
    /// Operations that have ended so far: ok, fail, info.
    pub ended: [u64; 3],
    /// The faults in force, in words.
    pub faults: Vec<String>,
    /// How it went.
    pub points: Vec<LivePoint>,
}

/// A moment of a run under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LivePoint {
    /// When, in seconds.
    pub at: f64,
    /// Operations per second that ended since the moment before: ok, fail, info.
    pub rates: [f64; 3],
    /// How many faults were in force.
    pub faults: usize,
}

/// What is refreshed of the page of a run under way; the same with nothing to tell when it is over.
pub fn live(run: Option<&LiveRun>) -> String {
    fragment(run).into_string()
}

pub(super) fn fragment(run: Option<&LiveRun>) -> Markup {
    let Some(run) = run else {
        return html! { p data-over="" { "It has ended." } };
    };
    let [ok, fail, info] = run.ended;
    let seconds = |nanos: Nanos| format!("{:.1} s", nanos as f64 / 1e9);
    let curve = |name, of: usize| Curve {
        name,
        points: run.points.iter().map(|point| (point.at, point.rates[of])).collect(),
    };
    let end = (run.limit as f64 / 1e9).max(run.elapsed as f64 / 1e9);
    html! {
        p role="status" {
            strong { (words::plain(&run.phase)) } ", " (seconds(run.elapsed)) " of " (seconds(run.limit))
            ": " (words::count(ok)) " ok, " (words::count(fail)) " fail, " (words::count(info)) " info"
        }
        progress max=(run.limit) value=(run.elapsed.min(run.limit)) {}
        p {
            strong { "Faults in force: " }
            @if run.faults.is_empty() { "none" } @else { (words::plain(&run.faults.join("; "))) }
        }
        (Chart {
            title: "Operations per second",
            x: "time since the run began (s)",
            nines: false,
            y: "by outcome",
            logarithmic: false,
            right: Some(end),
            shaded: disturbed(&run.points),
            curves: vec![curve("ok", 0), curve("fail", 1), curve("info", 2)],
        }.draw())
    }
}

/// From when to when faults were in force.
fn disturbed(points: &[LivePoint]) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for pair in points.windows(2).filter(|pair| pair[1].faults > 0) {
        match spans.last_mut() {
            Some(last) if last.1 == pair[0].at => last.1 = pair[1].at,
            _ => spans.push((pair[0].at, pair[1].at)),
        }
    }
    spans
}
