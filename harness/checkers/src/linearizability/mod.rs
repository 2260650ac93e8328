//! Whether operations that overlapped can be put in an order that a sequential object explains.
//!
//! A history is linearizable if every operation can be given one instant between its invocation
//! and its return such that, performed at those instants one after the other, all of them would
//! have returned what they returned. An operation that nobody knows to have happened may be given
//! an instant any time after its invocation, or none.
//!
//! [`check_history`] judges a recorded history by a model picked by name; [`check`] judges calls
//! of one's own model. [`Linearizable`] is the same as a [`Check`](crate::Check).

mod core;
mod engine;
mod erased;
mod error;
mod explain;
pub mod explanation;
mod fast;
mod finding;
mod graphs;
mod hints;
mod history;
mod judgement;
mod kind;
mod model;
pub mod models;
mod monitor;
mod options;
mod partition;
mod piece;
mod possible;
pub mod reference;
mod replay;
mod report;
mod run;
mod search;
mod sentence;
mod survey;
mod weaker;

pub use error::CheckError;
pub use fast::{Shortcut, Witness};
pub use finding::Linearizable;
pub use graphs::{Effort, Found, Searched};
pub use hints::{FalseHint, check_hints};
pub use history::{Mismatch, RawCall, Translate};
pub use kind::{Model, ModelKind};
pub use model::{Call, Keys, NEVER, Spec, Step};
pub use monitor::{Alarm, Monitor};
pub use options::{Deadline, FailedCas, Options, Rules};
pub use replay::{Unexplained, replay};
pub use report::{
    Core, Described, Order, Partial, PartialStep, Rejection, Report, Verdict, Violation, Why,
};
pub use run::{check, check_history};
