//! What shows a violation, as the diagrams point at it.

use super::data::micros;
use crate::summary::{Judged, Summary};
use schism_checkers::linearizability::Violation;
use schism_history::{Entry, History, Operation, Record, Value};
use serde::Serialize;

/// The most operations that a witness is said to be about.
const ABOUT: usize = 50;

/// The records that show a violation.
#[derive(Serialize)]
pub(super) struct Witness {
    /// Position of the finding.
    #[serde(skip)]
    pub finding: usize,
    records: Vec<u64>,
    /// Operations that show nothing by themselves but are what it is about, by the records that
    /// invoked them: the writes behind the reads, the broadcast that was not delivered.
    about: Vec<u64>,
    pub from: u64,
    pub until: u64,
    /// What the space-time diagram shows of it.
    pub view: [u64; 2],
}

/// The witness of each finding that is bad and has one.
pub(super) fn witnesses(
    history: &History,
    operations: &[Operation],
    summary: &Summary,
) -> Vec<Witness> {
    let judged = summary.findings.iter().enumerate();
    let bad = judged.filter(|(_, j)| j.is_bad() && !j.witness.is_empty());
    bad.map(|(finding, judged)| {
        let mut records = judged.finding.witness.clone();
        records.sort_unstable();
        let found = |index: u64| {
            let at = history.records.binary_search_by_key(&index, |r| r.index);
            at.ok().map(|at| &history.records[at])
        };
        let shown: Vec<&Record> = records.iter().filter_map(|&index| found(index)).collect();
        let from = shown.first().map_or(0, |r| micros(r.time));
        let until = shown.last().map_or(from, |r| micros(r.time));
        let about = about(judged, &shown, operations);
        Witness { finding, records, about, from, until, view: [from, until] }
    })
    .collect()
}

fn about(judged: &Judged, shown: &[&Record], operations: &[Operation]) -> Vec<u64> {
    let violation = judged.finding.details.get("verdict");
    let violation = violation.and_then(|v| serde_json::from_value::<Violation>(v.clone()).ok());
    if let Some(violation) = violation {
        let core = violation.core.mandatory.iter().chain(&violation.core.optional);
        let operation = core.filter_map(|&i| violation.operations.get(i));
        return operation.map(|o| o.invoked).take(ABOUT).collect();
    }
    // What protocols told names the instance that clients gave as the key, or their value.
    let (mut instances, mut values): (Vec<i64>, Vec<&Value>) = (Vec::new(), Vec::new());
    for record in shown {
        if let Entry::Event(event) = &record.entry {
            match event.instance.map(i64::try_from) {
                Some(instance) => instances.extend(instance.ok()),
                None if !event.value.is_nil() => values.push(&event.value),
                None => {}
            }
        }
    }
    let concerns = |operation: &&Operation| match &operation.key {
        Some(key) => key.as_int().is_some_and(|key| instances.contains(&key)),
        None => values.contains(&&operation.input),
    };
    operations.iter().filter(concerns).map(|o| o.invoked).take(ABOUT).collect()
}
