//! Which checkers judge a run.

use crate::health::{FaultsLanded, NodesKeepRunning};
use crate::{canonical, judged_as};
use schism_checkers::Check;
use schism_checkers::linearizability::{Linearizable, Model};
use schism_checkers::properties::{self, EnoughOperations, Faults};

/// What a run is judged for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The workload that drove it.
    pub workload: &'a str,
    /// The promises, by name.
    pub properties: &'a [String],
    /// Which processes the model calls correct.
    pub faults: Faults,
    /// Fewer acknowledged operations than this mean nothing.
    pub operations_min: u64,
}

/// A promise that no checker knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("workload {workload} has no property `{property}`; it has {}", known.join(", "))]
pub struct UnknownProperty {
    /// The workload.
    pub workload: String,
    /// What was asked for.
    pub property: String,
    /// What there is.
    pub known: Vec<String>,
}

/// The promise that clients' views fit one order.
pub const LINEARIZABLE: &str = "linearizable";

/// The sequential model of a workload's operations, if clients' views can be judged by one.
pub fn model_of(workload: &str) -> Option<Model> {
    match canonical(workload)? {
        "register" => Some(Model::Register),
        "kv" => Some(Model::Kv),
        "queue" => Some(Model::FifoQueue),
        _ => None,
    }
}

/// The names of the promises that can be judged under a workload.
pub fn properties_of(workload: &str) -> Vec<String> {
    let mut names: Vec<String> =
        properties::names(judged_as(workload)).into_iter().map(Into::into).collect();
    if model_of(workload).is_some() {
        names.push(LINEARIZABLE.into());
    }
    names
}

/// The checkers of what was asked for, and those of the run itself: that it did enough, that its
/// faults landed, that its nodes kept running.
pub fn checks(asked: &Asked<'_>) -> Result<Vec<Box<dyn Check>>, UnknownProperty> {
    let workload = judged_as(asked.workload);
    let mut checks: Vec<Box<dyn Check>> = Vec::new();
    for property in asked.properties {
        let check = match model_of(asked.workload) {
            Some(model) if property == LINEARIZABLE => {
                Some(Box::new(Linearizable::new(model)) as Box<dyn Check>)
            }
            _ => properties::find(workload, property, asked.faults),
        };
        checks.push(check.ok_or_else(|| UnknownProperty {
            workload: workload.into(),
            property: property.clone(),
            known: properties_of(workload),
        })?);
    }
    if workload != "detect" {
        checks.push(Box::new(EnoughOperations { at_least: asked.operations_min }));
    }
    checks.push(Box::new(FaultsLanded));
    checks.push(Box::new(NodesKeepRunning));
    Ok(checks)
}
