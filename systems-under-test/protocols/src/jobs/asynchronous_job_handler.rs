//! Algorithms 1.2 and 1.3: Asynchronous Job Handler, with a buffer that may be bounded.
//!
//! Model: fail-recovery, with stable storage. Implements: a job handler. Uses: nothing.
//!
//! A job is confirmed when it is in the buffer, and done later. The book's handlers do not crash;
//! where they do, the buffer has to be on stable storage, or confirmed jobs are lost with it. A
//! job leaves it one round after it was done: were the two to happen together, a crash could come
//! in between. So after a crash some jobs may be done twice, and none is left out.

use crate::jobs::{Handled, JobHandler, process};
use schism_kernel::{Algorithm, Cx, Deliver, FairLossLink, Never, Stable, Submit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long it takes until what is in the buffer is done.
const ROUND: Duration = Duration::from_millis(50);

/// Time to work, set while anything is in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Work;

/// A job in the buffer, on stable storage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Buffered(pub i64);

impl Stable for Buffered {
    type Key = i64;
    fn key(&self) -> i64 {
        self.0
    }
}

/// Algorithm 1.2; with a bound, Algorithm 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AsynchronousJobHandler {
    buffer: BTreeSet<i64>,
    done: Vec<i64>,
    /// `M`: how many jobs the buffer holds, if it is bounded.
    pub bound: Option<usize>,
    /// Defect: the buffer is in memory only.
    pub keeps_nothing: bool,
}

impl Algorithm for AsynchronousJobHandler {
    type Implements = JobHandler<i64>;
    type Uses = FairLossLink<Never>;
    type Timer = Work;
    type Stable = Buffered;

    /// `upon event ⟨ jh, Recovery ⟩ do`
    fn upon_recovery(&mut self, stored: Vec<Buffered>, cx: &mut Cx<'_, Self>) {
        self.buffer = stored.into_iter().map(|Buffered(job)| job).collect();
        cx.set_timer(Work, ROUND);
    }

    /// `upon event ⟨ jh, Submit | job ⟩ do`
    fn upon_request(&mut self, Submit(job): Submit<i64>, cx: &mut Cx<'_, Self>) {
        if self.bound.is_some_and(|bound| self.buffer.len() >= bound) {
            return cx.indicate(Handled::Error(job));
        }
        if self.buffer.is_empty() {
            cx.set_timer(Work, ROUND);
        }
        self.buffer.insert(job);
        if !self.keeps_nothing {
            cx.store(Buffered(job));
        }
        cx.indicate(Handled::Confirm(job));
    }

    /// `upon buffer ≠ ∅ do`
    fn upon_timeout(&mut self, Work: Work, cx: &mut Cx<'_, Self>) {
        for job in self.done.drain(..) {
            if !self.keeps_nothing {
                cx.erase(job);
            }
        }
        for &job in &self.buffer {
            process(job, cx);
        }
        self.done.extend(std::mem::take(&mut self.buffer));
        if !self.done.is_empty() {
            cx.set_timer(Work, ROUND);
        }
    }

    fn upon_indication(&mut self, Deliver(_, never): Deliver<Never>, _: &mut Cx<'_, Self>) {
        match never {}
    }
}
