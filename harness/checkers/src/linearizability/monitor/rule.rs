//! Following an object by rules that need no states.

use super::super::sentence::named;
use super::Alarm;
use schism_history::OpEvent;

/// An end of an operation.
pub(super) struct End<'a, Op> {
    /// The number of the operation.
    pub number: u32,
    /// Where it stands among all ends of operations.
    pub position: u32,
    pub process: u64,
    /// What is known of it: before it ended, or if it was lost, without a result.
    pub op: Option<&'a Op>,
    /// The record that tells of it.
    pub record: u64,
    /// How it was called.
    pub asked: &'a OpEvent,
}

impl<Op> End<'_, Op> {
    /// The operation in words, and what is wrong about it.
    pub fn says(&self, describe: impl Fn(&Op) -> String, but: &str) -> Followed {
        let what = self.op.map_or("an operation".into(), describe);
        Followed::Wrong(format!("{}, {but}", named(self.process, &what)))
    }
}

/// What rules say about an end of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// All can be explained so far.
    Well,
    /// It cannot, whatever is to come, in a sentence.
    Wrong(String),
    /// The rules do not apply.
    Lost,
    /// Nothing can be said about the object any more.
    Unsayable,
}

/// Rules by which one object is followed. They say something wrong only if what happened so far
/// cannot be explained, whatever those that are still open will return.
pub(super) trait Rule<M, Op>: Send {
    /// An operation begins.
    fn called(&mut self, model: &M, end: &End<'_, Op>) -> Followed;
    /// It returned; without an operation, it did not happen or tells nothing.
    fn returned(&mut self, model: &M, end: &End<'_, Op>) -> Followed;
    /// Nobody will know if it happened.
    fn lost(&mut self, model: &M, end: &End<'_, Op>) -> Followed;

    /// What cannot be explained whatever the operations still open will return, as far as that is
    /// looked for only when asked.
    fn poll(&self, _model: &M) -> Option<Alarm> {
        None
    }

    /// Whether they tell of everything that cannot be explained, once nothing is open.
    fn tells_all(&self) -> bool {
        true
    }

    /// Whether they do so for good, whatever is to come.
    fn lasts(&self) -> bool {
        false
    }
}
