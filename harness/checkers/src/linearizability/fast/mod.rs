//! Polynomial checks for histories whose values are unique.
//!
//! Where every value is written, put in or added once, each result tells which operation it came
//! from, and the question becomes one about intervals; so it does for a register that only rises,
//! for a value that had certainly been replaced, and for tokens that only grow. Each check says nothing (`None`) about a
//! history it does not apply to; then the search decides.

mod appends;
mod item;
mod maximum;
mod priority;
mod queue;
mod register;
mod sequence;
mod set;
mod stack;
mod stale;
mod tokens;
mod unique;
mod zones;

pub(crate) use appends::{Found, Growth, appends};
pub(crate) use maximum::maximum;
pub(crate) use priority::priority;
pub(crate) use queue::queue;
pub(crate) use register::{Access, register};
pub(crate) use sequence::Sequence;
pub(crate) use set::{Touch, set};
pub(crate) use stack::stack;
pub(crate) use stale::{Passage, stale};
pub(crate) use tokens::tokens;
pub(crate) use unique::unique;

/// What a polynomial check says. Operations are indexes into the calls it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortcut<Op> {
    /// It can be explained, by this order if one was asked for.
    Linearizable(Option<Vec<u32>>),
    /// These operations cannot be explained, whatever else happened.
    Violation(Witness<Op>),
}

/// Operations that cannot be explained, whatever else happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness<Op> {
    /// Those that happened.
    pub mandatory: Vec<u32>,
    /// Those that may have happened and do not help.
    pub optional: Vec<u32>,
    /// Some of them, with a result that says less, which is enough.
    pub weakened: Vec<(u32, Op)>,
}

impl<Op> Witness<Op> {
    fn of(mut mandatory: Vec<u32>) -> Witness<Op> {
        mandatory.sort_unstable();
        mandatory.dedup();
        Witness { mandatory, optional: Vec::new(), weakened: Vec::new() }
    }
}

impl<Op> Shortcut<Op> {
    fn violation(mandatory: Vec<u32>) -> Option<Shortcut<Op>> {
        Some(Shortcut::Violation(Witness::of(mandatory)))
    }
}

/// No call, no position.
const NONE: u32 = u32::MAX;
