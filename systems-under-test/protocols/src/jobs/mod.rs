//! Job handlers: the smallest abstraction of the book.

mod asynchronous_job_handler;
mod synchronous_job_handler;

pub use asynchronous_job_handler::{AsynchronousJobHandler, Buffered, Work};
pub use synchronous_job_handler::SynchronousJobHandler;

use schism_kernel::{Abstraction, Algorithm, Cx, Data, Note, Submit};
use serde_json::Value;
use std::marker::PhantomData;

/// Modules 1.1 and 1.2: takes jobs, and does every job that it has confirmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobHandler<J>(PhantomData<fn() -> J>);

impl<J: Data> Abstraction for JobHandler<J> {
    type Request = Submit<J>;
    type Indication = Handled<J>;
}

/// What a job handler says of a job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handled<J> {
    /// `⟨ Confirm | job ⟩`: it is done, or will be.
    Confirm(J),
    /// `⟨ Error | job ⟩`: it is not, and never will be.
    Error(J),
}

/// `process(job)`: a job is done when the harness has been told.
fn process<A: Algorithm>(job: impl Into<Value>, cx: &mut Cx<'_, A>) {
    cx.note(Note::new("process").value(job));
}
