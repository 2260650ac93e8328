//! Why a history could not be checked at all.

use compact_str::CompactString;

/// Why a history could not be checked at all. Records are named by their index.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// No model of that name.
    #[error("unknown model `{name}`; the nearest are: {nearest}")]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// What it may have meant.
        nearest: String,
    },
    /// The first value of the object is not one the model can start from.
    #[error("model {model} cannot start from {initial}: expected {expected}")]
    Initial {
        /// The model's name.
        model: &'static str,
        /// What it was given.
        initial: String,
        /// What it takes.
        expected: &'static str,
    },
    /// An operation that the model does not know, or whose values have another shape.
    #[error("record {record}: {found} does not fit model {model}: expected {expected}")]
    Operation {
        /// The record that does not fit.
        record: u64,
        /// The model's name.
        model: &'static str,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: String,
    },
    /// A process began an operation before its last one ended.
    #[error(
        "record {record}: process {process} invokes `{f}` while its operation invoked in record \
         {open} is still open; expected a completion of that first"
    )]
    StillOpen {
        /// The second invocation.
        record: u64,
        /// Whose.
        process: u64,
        /// What it invokes.
        f: CompactString,
        /// The first invocation.
        open: u64,
    },
    /// An operation ended that never began.
    #[error(
        "record {record}: process {process} completes `{f}` but has no operation open; expected \
         an invocation before it"
    )]
    NeverInvoked {
        /// The completion.
        record: u64,
        /// Whose.
        process: u64,
        /// What it completes.
        f: CompactString,
    },
    /// A history with more events than positions.
    #[error("{events} operation records are more than the {limit} a check can hold")]
    TooLong {
        /// How many there are.
        events: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl CheckError {
    /// The record to blame.
    pub fn record(&self) -> Option<u64> {
        match self {
            CheckError::Operation { record, .. }
            | CheckError::StillOpen { record, .. }
            | CheckError::NeverInvoked { record, .. } => Some(*record),
            CheckError::UnknownModel { .. }
            | CheckError::Initial { .. }
            | CheckError::TooLong { .. } => None,
        }
    }
}
