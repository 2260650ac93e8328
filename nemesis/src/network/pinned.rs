//! What becomes of single messages, written down.

use schism_history::NodeId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What becomes of one message, whatever the rules of its link say: what is left of faults of the
/// links when a failing run is made as small as it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// Who sends it.
    pub from: NodeId,
    /// Whom to.
    pub to: NodeId,
    /// Which it is of all messages on this link, counted from 0.
    pub number: u64,
    /// What becomes of it.
    pub fate: PinnedFate,
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinnedFate {
    /// It is lost.
    Lost,
    /// It arrives so much later than it was sent.
    After(#[serde(with = "crate::time")] Duration),
}
