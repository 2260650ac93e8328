//! What the nemesis did: the two ends of each fault brought together.

use schism_history::{Entry, FaultEdge, History, Nanos, NodeId};
use serde::{Deserialize, Serialize};

/// A fault from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultSpan {
    /// Its position in the plan.
    pub id: u32,
    /// What it was, in words.
    pub what: String,
    /// The nodes it concerned.
    pub targets: Vec<NodeId>,
    /// When it was put in force.
    pub begin: Nanos,
    /// When it was undone; none if it was in force when the history ended.
    pub end: Option<Nanos>,
    /// How much it touched. 0: it did not land.
    pub touched: u64,
    /// What it touched, in words.
    pub detail: String,
}

impl FaultSpan {
    /// Whether it was in force at some time between two.
    pub fn overlaps(&self, from: Nanos, until: Nanos) -> bool {
        self.begin <= until && self.end.is_none_or(|end| end >= from)
    }
}

/// The faults of a history, in the order they began.
pub(super) fn spans(history: &History) -> Vec<FaultSpan> {
    let mut spans: Vec<FaultSpan> = Vec::new();
    for record in &history.records {
        let Entry::Fault(fault) = &record.entry else { continue };
        let open = spans.iter_mut().rev().find(|s| s.id == fault.id && s.end.is_none());
        match (fault.edge, open) {
            (FaultEdge::End, Some(span)) => {
                span.end = Some(record.time);
                span.touched = span.touched.max(fault.touched);
                if !fault.detail.is_empty() {
                    span.detail = fault.detail.to_string();
                }
            }
            // An end without a beginning is a moment: a fault that was over at once.
            (edge, _) => spans.push(FaultSpan {
                id: fault.id,
                what: fault.what.to_string(),
                targets: fault.targets.clone(),
                begin: record.time,
                end: (edge == FaultEdge::End).then_some(record.time),
                touched: fault.touched,
                detail: fault.detail.to_string(),
            }),
        }
    }
    spans
}
