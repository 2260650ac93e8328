//! What a check found, in words: independent of the model, ready to be shown or stored.

use serde::{Deserialize, Serialize};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The model that was asked for.
    pub model: String,
    /// The promise that was judged: `linearizable`, `regular`, `safe`.
    pub property: String,
    /// How many operations told something about the object.
    pub operations: usize,
    /// How many of them overlapped another one on the same object.
    pub concurrent: usize,
    /// How many independent objects they concerned.
    pub objects: usize,
    /// The verdict.
    pub verdict: Verdict,
    /// How it was reached: `search`, `polynomial check`, or both.
    pub method: String,
    /// How many configurations the search visited.
    pub configurations: u64,
    /// What a reader should know besides: hints that turned out false, what was not covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// There is an order that explains everything; it was replayed.
    Linearizable {
        /// One order for each object. Empty if none was asked for.
        orders: Vec<Order>,
    },
    /// No order explains everything.
    Violation(Box<Violation>),
    /// The search ended first.
    Unknown {
        /// What ended it.
        why: Why,
        /// What was covered, in words.
        covered: String,
    },
}

/// An order that explains what happened to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The object, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The operations, by the index of the record of their invocation. One that may not have
    /// happened is left out where nothing needs it.
    pub operations: Vec<u64>,
}

/// What ended a search early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The time allowed was over.
    Deadline,
    /// The configurations allowed were used up.
    Configurations,
    /// The memory allowed was used up.
    Memory,
    /// A step of the model gave up before the deadline.
    Step,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Why::Deadline => "the time allowed was over",
            Why::Configurations => "the configurations allowed were used up",
            Why::Memory => "the memory allowed was used up",
            Why::Step => "a step of the model gave up",
        })
    }
}

/// Why no order explains what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// The object concerned, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What went wrong, in one sentence.
    pub sentence: String,
    /// Every operation spoken of below, in the order of invocation.
    pub operations: Vec<Described>,
    /// The first operation by whose return no order was left: an index into `operations`.
    pub fails_at: usize,
    /// Where the longest orders got stuck: what could have come next, and why it could not.
    pub rejected: Vec<Rejection>,
    /// The longest orders that explain everything but the failing operation.
    pub partials: Vec<Partial>,
    /// Whether those are orders of the operations spoken of alone: then all others are left out of
    /// them, and of what could have come next.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_these: bool,
    /// The few operations that cannot all be explained.
    pub core: Core,
}

/// An operation in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// The record of its invocation.
    pub invoked: u64,
    /// The record of its completion.
    pub completed: Option<u64>,
    /// The position of its invocation among all ends of operations.
    pub called: u32,
    /// The position of its return, unless it may never have happened.
    pub returned: Option<u32>,
    /// Who performed it.
    pub process: u64,
    /// What was done and what came of it.
    pub text: String,
}

/// An operation that a state did not accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The operation, an index into the violation's operations.
    pub operation: usize,
    /// The state.
    pub state: String,
    /// Why it could not come next.
    pub reason: String,
}

/// An order of operations that goes as far as one can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// How many operations come before those shown.
    pub omitted: usize,
    /// The state after those.
    pub start: String,
    /// The rest, each with the state after it.
    pub steps: Vec<PartialStep>,
}

/// One operation of a partial order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialStep {
    /// The operation, an index into the violation's operations.
    pub operation: usize,
    /// The state after it.
    pub state: String,
}

/// Operations that cannot all be explained, whatever the rest of the history was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Core {
    /// Those that must have happened. Indexes into the violation's operations.
    pub mandatory: Vec<usize>,
    /// Those that may have happened and do not help.
    pub optional: Vec<usize>,
    /// The states the object may have been in before them; they explain nothing from any of these.
    pub starts: Vec<String>,
    /// Whether those are all states the object can be in at all, not only where it started.
    pub any_start: bool,
    /// How many operations had returned before them and are taken for granted: the states are
    /// all that those lead to. 0 if the core stands by itself.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub after: usize,
    /// Whether a search without any hint confirmed it.
    pub confirmed: bool,
    /// How many more operations belong to it than are listed.
    #[serde(default)]
    pub omitted: usize,
}

fn is_nothing(count: &usize) -> bool {
    *count == 0
}
