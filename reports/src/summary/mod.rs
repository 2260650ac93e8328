//! The figures of a run, from its history.

mod faults;
mod messages;
mod nodes;
mod operations;
mod witness;

pub use faults::FaultSpan;
pub use messages::{KindTraffic, Messages};
pub use nodes::{Crash, NodeLife, Spell};
pub use operations::{Counts, Operations, PerF, Percentiles};
pub(crate) use operations::{Times, latency};
pub use witness::{Judged, Line, Subject};

use crate::RunFacts;
use schism_checkers::{Finding, Status, overall};
use schism_history::{Entry, History, Meta, Nanos, Operation, Phase};
use serde::{Deserialize, Serialize};

/// What a run came to, in figures and short texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run.
    pub meta: Meta,
    /// What is known of it beyond its history.
    pub facts: RunFacts,
    /// The worst of all findings.
    pub verdict: Status,
    /// What each checker found, worst first, with its witness in words.
    pub findings: Vec<Judged>,
    /// Time of the last record.
    pub duration: Nanos,
    /// What clients did.
    pub operations: Operations,
    /// What travelled.
    pub messages: Messages,
    /// What the nemesis did, in order.
    pub faults: Vec<FaultSpan>,
    /// How the run went.
    pub phases: Vec<PhaseSpan>,
    /// What became of each node.
    pub nodes: Vec<NodeLife>,
}

/// A phase of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseSpan {
    /// Which.
    pub phase: Phase,
    /// When it was entered.
    pub begin: Nanos,
    /// When the next one was entered, or the history ended.
    pub end: Nanos,
}

impl Summary {
    /// Sums a run up.
    pub fn of(history: &History, findings: &[Finding], facts: &RunFacts) -> Summary {
        Summary::with(history, &history.operations(), findings, facts)
    }

    /// Sums a run up whose operations are paired already.
    pub(crate) fn with(
        history: &History,
        operations: &[Operation],
        findings: &[Finding],
        facts: &RunFacts,
    ) -> Summary {
        let duration = history.records.last().map_or(0, |r| r.time);
        let phases = phases(history, duration);
        let chaos = phases.iter().find(|p| p.phase == Phase::Chaos).map(|p| (p.begin, p.end));
        let operations = Operations::of(operations, chaos);
        let faults = faults::spans(history);
        let mut judged: Vec<Judged> =
            findings.iter().map(|f| Judged::of(history, &faults, f)).collect();
        judged.sort_by_key(|j| j.finding.status);
        Summary {
            meta: history.meta.clone(),
            facts: facts.clone(),
            verdict: overall(findings),
            findings: judged,
            duration,
            messages: Messages::of(history, operations.total.ok),
            operations,
            faults,
            phases,
            nodes: nodes::lives(history),
        }
    }

    /// How many faults did what they were to do.
    pub fn faults_landed(&self) -> usize {
        self.faults.iter().filter(|f| f.touched > 0).count()
    }

    /// How many faults there were to be.
    pub fn faults_planned(&self) -> u64 {
        let begun = self.faults.len() as u64;
        self.facts.faults_planned.map_or(begun, |planned| planned.max(begun))
    }
}

fn phases(history: &History, end: Nanos) -> Vec<PhaseSpan> {
    let mut spans: Vec<PhaseSpan> = Vec::new();
    for record in &history.records {
        if let Entry::Phase(phase) = record.entry {
            if let Some(last) = spans.last_mut() {
                last.end = record.time;
            }
            spans.push(PhaseSpan { phase, begin: record.time, end });
        }
    }
    spans
}
