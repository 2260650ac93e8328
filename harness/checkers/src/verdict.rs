//! What a checker says.

use schism_history::{History, Nanos};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The state of one promise after a run. Ordered from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A safety promise was broken.
    Violated,
    /// A liveness promise was not met when the run ended.
    NotByDeadline,
    /// The checker could not tell.
    Unknown,
    /// Nothing the promise speaks of happened.
    Vacuous,
    /// It was exercised, but never under the condition that could have broken it.
    Unstressed,
    /// It was exercised, stressed and kept. The only green.
    Holds,
}

impl Status {
    /// The process exit code this status asks for.
    pub fn exit_code(self) -> i32 {
        match self {
            Status::Holds => 0,
            Status::Violated | Status::NotByDeadline => 1,
            Status::Unknown | Status::Vacuous | Status::Unstressed => 2,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Violated => "violated",
            Status::NotByDeadline => "not by deadline",
            Status::Unknown => "unknown",
            Status::Vacuous => "vacuous",
            Status::Unstressed => "unstressed",
            Status::Holds => "holds",
        })
    }
}

/// What a checker found about one promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The promise: `uniform agreement`, `linearizable`, …
    pub property: String,
    /// The verdict.
    pub status: Status,
    /// One or a few sentences: what was broken and by whom, or what was missing, or what was
    /// checked.
    pub explanation: String,
    /// Indexes of the records that show it, in order; empty unless something is wrong.
    pub witness: Vec<u64>,
    /// How often the promise spoke of something that happened.
    pub antecedents: u64,
    /// How often it did so under the condition that could have broken it.
    pub stress: u64,
    /// For promises of the form "eventually": when it came true for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Nanos>,
    /// What a checker has to show beyond that, in its own shape, for reports.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub details: serde_json::Value,
}

impl Finding {
    /// A promise that was broken or could not be judged, with the records that show it.
    pub fn bad(
        property: &str,
        status: Status,
        explanation: impl Into<String>,
        witness: Vec<u64>,
    ) -> Finding {
        Finding {
            property: property.into(),
            status,
            explanation: explanation.into(),
            witness,
            antecedents: 0,
            stress: 0,
            settled_at: None,
            details: serde_json::Value::Null,
        }
    }

    /// A promise no record contradicts: `holds`, unless nothing spoke of it (`vacuous`) or nothing
    /// put it under stress (`unstressed`, for want of `stressor`).
    pub fn kept(property: &str, antecedents: u64, stress: u64, stressor: &str) -> Finding {
        let (status, explanation) = if antecedents == 0 {
            (Status::Vacuous, "nothing it speaks of happened".to_string())
        } else if stress == 0 {
            (Status::Unstressed, format!("{antecedents} cases, but never {stressor}"))
        } else {
            (Status::Holds, format!("{antecedents} cases, {stress} of them {stressor}"))
        };
        Finding { antecedents, stress, ..Finding::bad(property, status, explanation, Vec::new()) }
    }

    /// The same with counts of what was exercised.
    pub fn counted(mut self, antecedents: u64, stress: u64) -> Finding {
        self.antecedents = antecedents;
        self.stress = stress;
        self
    }
}

/// The worst status of all; nothing found at all is `vacuous`.
pub fn overall<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Status {
    findings.into_iter().map(|f| f.status).min().unwrap_or(Status::Vacuous)
}

/// How long and how large a check may get. Reaching either is `unknown`, never `holds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time.
    pub time: Duration,
    /// Bytes.
    pub memory: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { time: Duration::from_secs(60), memory: 2 << 30 }
    }
}

/// A checker of one promise.
pub trait Check: Send + Sync {
    /// The promise it judges.
    fn property(&self) -> &str;
    /// Judges a history. Must return within the budget.
    fn check(&self, history: &History, budget: &Budget) -> Finding;
}
