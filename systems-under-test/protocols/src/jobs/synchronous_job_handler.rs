//! Algorithm 1.1: Synchronous Job Handler.
//!
//! Model: fail-recovery, without stable storage. Implements: a job handler. Uses: nothing.
//!
//! A job is done before it is confirmed, so a crash can take no confirmed job with it.

use crate::jobs::{Handled, JobHandler, process};
use schism_kernel::{Algorithm, Cx, Deliver, FairLossLink, Never, Submit};

/// Algorithm 1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SynchronousJobHandler;

impl Algorithm for SynchronousJobHandler {
    type Implements = JobHandler<i64>;
    type Uses = FairLossLink<Never>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ jh, Submit | job ⟩ do`
    fn upon_request(&mut self, Submit(job): Submit<i64>, cx: &mut Cx<'_, Self>) {
        process(job, cx);
        cx.indicate(Handled::Confirm(job));
    }

    fn upon_indication(&mut self, Deliver(_, never): Deliver<Never>, _: &mut Cx<'_, Self>) {
        match never {}
    }
}
