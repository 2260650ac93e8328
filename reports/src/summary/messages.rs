//! What travelled between nodes, and what became of it.

use schism_history::{Entry, Fate, History, Peer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Messages between nodes (and services). What clients and nodes say to each other is counted
/// apart, for it is the workload's and not the protocol's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// How many were sent.
    pub sent: u64,
    /// How many bytes were sent.
    pub bytes: u64,
    /// How many were sent for each acknowledged operation.
    pub per_operation: Option<f64>,
    /// How many bytes were sent for each acknowledged operation.
    pub bytes_per_operation: Option<f64>,
    /// What became of them.
    pub fates: BTreeMap<Fate, u64>,
    /// By type, most frequent first.
    pub kinds: Vec<KindTraffic>,
    /// Messages from and to clients.
    pub with_clients: u64,
    /// Whether some of these numbers are estimates, since not every message was recorded.
    #[serde(default)]
    pub estimated: bool,
}

/// Messages of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindTraffic {
    /// Its name.
    pub kind: String,
    /// How many were sent.
    pub sent: u64,
    /// How many bytes were sent.
    pub bytes: u64,
    /// What became of them.
    pub fates: BTreeMap<Fate, u64>,
}

impl Messages {
    pub(crate) fn of(history: &History, acknowledged: u64) -> Messages {
        let mut messages = Messages::default();
        let mut kinds: BTreeMap<&str, KindTraffic> = BTreeMap::new();
        for record in &history.records {
            let Entry::Message(message) = &record.entry else { continue };
            let weight = history.meta.weight_of_message(message.id);
            messages.estimated |= weight > 1;
            if [message.src, message.dest].iter().any(|p| matches!(p, Peer::Client(_))) {
                messages.with_clients += weight;
                continue;
            }
            let kind = kinds.entry(&message.kind).or_insert_with(|| KindTraffic {
                kind: message.kind.to_string(),
                sent: 0,
                bytes: 0,
                fates: BTreeMap::new(),
            });
            *kind.fates.entry(message.fate).or_default() += weight;
            // A duplicate was made by a fault: the protocol did not send it.
            if message.fate != Fate::Duplicated {
                kind.sent += weight;
                kind.bytes += u64::from(message.bytes) * weight;
            }
        }
        messages.kinds = kinds.into_values().collect();
        messages.kinds.sort_by(|a, b| b.sent.cmp(&a.sent).then_with(|| a.kind.cmp(&b.kind)));
        for kind in &messages.kinds {
            messages.sent += kind.sent;
            messages.bytes += kind.bytes;
            for (fate, count) in &kind.fates {
                *messages.fates.entry(*fate).or_default() += count;
            }
        }
        if acknowledged > 0 && messages.sent > 0 {
            messages.per_operation = Some(messages.sent as f64 / acknowledged as f64);
            messages.bytes_per_operation = Some(messages.bytes as f64 / acknowledged as f64);
        }
        messages
    }
}
