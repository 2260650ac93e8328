//! Polynomial checks for histories whose values are unique.
//!
//! Where every value is written, put in or added once, each result tells which operation it came
//! from, and the question becomes one about intervals. Each check says nothing (`None`) about a
//! history it does not apply to; then the search decides.

mod queue;
mod register;
mod set;
mod unique;

pub(crate) use queue::queue;
pub(crate) use register::{Access, register};
pub(crate) use set::{Element, set};
pub(crate) use unique::unique;

/// What a polynomial check says. Operations are indexes into the calls it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// It can be explained, by this order if one was asked for.
    Linearizable(Option<Vec<u32>>),
    /// These operations cannot be explained, whatever else happened.
    Violation(Witness),
}

/// Operations that cannot be explained, whatever else happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// Those that happened.
    pub mandatory: Vec<u32>,
    /// Those that may have happened and do not help.
    pub optional: Vec<u32>,
}

impl Shortcut {
    fn violation(mut mandatory: Vec<u32>) -> Option<Shortcut> {
        mandatory.sort_unstable();
        mandatory.dedup();
        Some(Shortcut::Violation(Witness { mandatory, optional: Vec::new() }))
    }
}

/// No call, no position.
const NONE: u32 = u32::MAX;
