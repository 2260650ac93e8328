//! From a history to its verdict.
//!
//! What a run is judged for stands in its history's meta data, so that the file alone gives the
//! verdict the run gave.

use crate::{Error, Recipe};
use schism_checkers::properties::Faults;
use schism_checkers::{Budget, Check, Finding, Status, overall};
use schism_history::{History, Meta};
use schism_workloads::{Asked, checks};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What was found about a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst of all.
    pub overall: Status,
    /// About each promise.
    pub findings: Vec<Finding>,
}

/// Names of the facts in a history's meta data.
const PROPERTIES: &str = "properties";
const CRASH_RECOVERY: &str = "crash-recovery";
const OPERATIONS_MIN: &str = "operations-min";

/// The meta data of a run's history.
pub fn meta_of(recipe: &Recipe) -> Meta {
    let mut facts = std::collections::BTreeMap::new();
    facts.insert(PROPERTIES.into(), recipe.properties.join(", "));
    facts.insert(CRASH_RECOVERY.into(), recipe.crash_recovery.to_string());
    facts.insert(OPERATIONS_MIN.into(), recipe.operations_min.to_string());
    facts.insert("host".into(), if recipe.simulated { "simulator" } else { "processes" }.into());
    facts.insert("schism".into(), recipe.schism.clone());
    if let Some((all_below, one_in)) = recipe.config().messages.sampling() {
        facts.insert(schism_history::MESSAGES_ALL_BELOW.into(), all_below.to_string());
        facts.insert(schism_history::MESSAGES_ONE_IN.into(), one_in.to_string());
    }
    if let (true, Ok(card)) = (recipe.program.is_empty(), schism_protocols::find(&recipe.test)) {
        let known = card.facts(recipe.nodes.into());
        facts.extend(known.into_iter().map(|(name, value)| (name.into(), value)));
    }
    if let Some(twin) = &recipe.twin {
        facts.insert("twin".into(), twin.clone());
    }
    Meta {
        test: recipe.test.clone(),
        workload: recipe.workload.clone(),
        seed: recipe.seed,
        nodes: recipe.nodes,
        facts,
    }
}

/// The checkers that the history itself asks for.
pub fn checks_of(meta: &Meta) -> Result<Vec<Box<dyn Check>>, Error> {
    let fact = |name: &str| meta.facts.get(name).map(String::as_str).unwrap_or_default();
    let properties: Vec<String> =
        fact(PROPERTIES).split(", ").filter(|name| !name.is_empty()).map(Into::into).collect();
    let crash_recovery = fact(CRASH_RECOVERY) == "true";
    let asked = Asked {
        workload: &meta.workload,
        properties: &properties,
        faults: if crash_recovery { Faults::CrashRecovery } else { Faults::CrashStop },
        operations_min: fact(OPERATIONS_MIN).parse().unwrap_or(1),
    };
    checks(&asked).map_err(Error::usage)
}

/// Judges a history for everything its meta data names.
pub fn judge(history: &History, budget: &Budget) -> Result<Verdict, Error> {
    let checks = checks_of(&history.meta)?;
    let findings: Vec<Finding> =
        checks.iter().map(|check| guarded(check.as_ref(), history, budget)).collect();
    Ok(Verdict { overall: overall(&findings), findings })
}

/// A checker that fails has found nothing out.
pub(crate) fn guarded(check: &dyn Check, history: &History, budget: &Budget) -> Finding {
    catch_unwind(AssertUnwindSafe(|| check.check(history, budget))).unwrap_or_else(|_| {
        let text = "the checker itself failed; please report it with the history";
        Finding::bad(check.property(), Status::Unknown, text, Vec::new())
    })
}
