//! The key figures of a run, small enough to stand beside its verdict.

use crate::summary::{Counts, Percentiles, Summary};
use schism_history::Nanos;
use serde::{Deserialize, Serialize};

/// What a list of runs shows of each, without reading its history again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Figures {
    /// Time of the last record.
    pub duration: Nanos,
    /// How operations ended.
    pub operations: Counts,
    /// Acknowledged operations per second.
    pub per_second: f64,
    /// How long acknowledged ones took.
    pub latency: Option<Percentiles>,
    /// Messages sent.
    pub messages: u64,
    /// Faults that were to be.
    pub faults_planned: u64,
    /// Faults that touched something.
    pub faults_landed: u64,
}

impl Figures {
    /// The figures of a run.
    pub fn of(summary: &Summary) -> Figures {
        Figures {
            duration: summary.duration,
            operations: summary.operations.total,
            per_second: summary.operations.per_second,
            latency: summary.operations.latency,
            messages: summary.messages.sent,
            faults_planned: summary.faults_planned(),
            faults_landed: summary.faults_landed() as u64,
        }
    }
}
