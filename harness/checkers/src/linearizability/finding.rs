//! The same as a check among others: one finding, for verdicts and reports.

use super::report::{Report, Verdict};
use super::{CheckError, ModelKind, Options, check_history};
use crate::{Budget, Check, Finding, Status};
use schism_history::History;

/// The promise that what clients saw can be put in an order that a model explains.
#[derive(Clone, Debug)]
pub struct Linearizable {
    /// The model, and where it starts.
    pub model: ModelKind,
    /// How far the check may go; time and memory are taken from the budget of the check.
    pub options: Options,
}

impl Linearizable {
    /// By this model.
    pub fn new(model: impl Into<ModelKind>) -> Linearizable {
        Linearizable { model: model.into(), options: Options::default() }
    }

    /// What a report comes to.
    pub fn finding(report: &Result<Report, CheckError>) -> Finding {
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                return Finding::bad(
                    "linearizable",
                    Status::Unknown,
                    error.to_string(),
                    Vec::new(),
                );
            }
        };
        let property = &report.property;
        let finding = match &report.verdict {
            Verdict::Linearizable { .. } => Finding::kept(
                property,
                report.operations as u64,
                report.concurrent as u64,
                "overlapping another on the same object",
            ),
            Verdict::Violation(violation) => {
                let core = &violation.core;
                let mut witness: Vec<u64> = core
                    .mandatory
                    .iter()
                    .filter_map(|i| violation.operations.get(*i))
                    .flat_map(|op| [Some(op.invoked), op.completed])
                    .flatten()
                    .collect();
                witness.sort_unstable();
                witness.dedup();
                Finding::bad(property, Status::Violated, &violation.sentence, witness)
            }
            Verdict::Unknown { why, covered } => Finding::bad(
                property,
                Status::Unknown,
                format!("not decided: {why}; covered: {covered}"),
                Vec::new(),
            ),
        };
        let mut details = serde_json::to_value(report).unwrap_or_default();
        // Orders are as long as the history and of no use to a reader.
        if let Some(verdict) = details.get_mut("verdict").and_then(|v| v.as_object_mut()) {
            verdict.remove("orders");
        }
        let counted = finding.counted(report.operations as u64, report.concurrent as u64);
        Finding { details, ..counted }
    }
}

impl Check for Linearizable {
    fn property(&self) -> &str {
        self.model.model.property()
    }

    fn check(&self, history: &History, budget: &Budget) -> Finding {
        let options =
            Options { time: Some(budget.time), memory: budget.memory, ..self.options.clone() };
        Linearizable::finding(&check_history(history, &self.model, &options))
    }
}
