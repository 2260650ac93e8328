//! What protocols tell the harness about themselves.

use crate::ProcessId;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// An event of a protocol, for the history: `deliver`, `decide`, `suspect`, …
///
/// Notes are for judging a run. No part of a protocol may depend on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// What happened, in the textbook's word.
    pub kind: Cow<'static, str>,
    /// The other process it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<ProcessId>,
    /// The instance, group or channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<u64>,
    /// Round, term, epoch, view, slot or sequence number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The payload.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
}

impl Note {
    /// A note that only says what happened.
    pub fn new(kind: &'static str) -> Note {
        Note {
            kind: Cow::Borrowed(kind),
            peer: None,
            instance: None,
            number: None,
            value: serde_json::Value::Null,
        }
    }

    /// Adds the other process.
    pub fn peer(self, peer: ProcessId) -> Note {
        Note { peer: Some(peer), ..self }
    }

    /// Adds the instance.
    pub fn instance(self, instance: u64) -> Note {
        Note { instance: Some(instance), ..self }
    }

    /// Adds the round, term, epoch, view or slot.
    pub fn number(self, number: u64) -> Note {
        Note { number: Some(number), ..self }
    }

    /// Adds the payload.
    pub fn value(self, value: impl Into<serde_json::Value>) -> Note {
        Note { value: value.into(), ..self }
    }
}
