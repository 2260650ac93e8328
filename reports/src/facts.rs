//! What a report says of a run beyond its history.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a run that its history does not tell. Whatever is left empty is left out of
/// the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// The command that repeats the run.
    pub command: String,
    /// The version of the harness.
    pub version: String,
    /// When the run began, in UTC.
    pub started: String,
    /// What keeps the run's processes from outliving it.
    pub containment: String,
    /// How many faults the plan had. Those whose time never came have no record.
    pub faults_planned: Option<u64>,
    /// Where the report is.
    pub report: String,
    /// Further lines on the environment: the machine, the kernel, the program under test.
    pub environment: Vec<String>,
    /// How often the situations a protocol can tell of were reached, by name: 0 for never.
    pub marks: BTreeMap<String, u64>,
}
