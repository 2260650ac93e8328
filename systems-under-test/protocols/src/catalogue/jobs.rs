//! Cards of the job handlers.

use super::{Card, Twin};
use crate::Model;
use crate::jobs::{AsynchronousJobHandler, SynchronousJobHandler};
use crate::services::Handling;
use schism_kernel::{FairLossLink, Net, Never, Node, layer, node};

fn synchronous() -> Box<dyn Node> {
    let nobody = Net::<FairLossLink<Never>>::default();
    node(layer(Handling::default(), layer(SynchronousJobHandler, nobody)))
}

fn asynchronous(bound: Option<usize>, keeps_nothing: bool) -> Box<dyn Node> {
    let nobody = Net::<FairLossLink<Never>>::default();
    let mut handler = AsynchronousJobHandler::default();
    (handler.bound, handler.keeps_nothing) = (bound, keeps_nothing);
    node(layer(Handling::default(), layer(handler, nobody)))
}

/// `M`: so few that a few clients fill it.
const BOUND: Option<usize> = Some(6);

pub(super) const SYNC: Card = Card {
    name: "job-handler-sync",
    line: "does a job before it confirms it",
    source: "Module 1.1, Algorithm 1.1",
    // Nothing is kept, so that nothing can happen to what is kept.
    model: Model::Open,
    promises: &["guaranteed response", "no lost job", "no made-up job"],
    workload: "jobs",
    one_writer: false,
    tolerates: |n| n,
    build: |_| synchronous(),
    twins: &[],
    beyond: &[],
};

pub(super) const ASYNC: Card = Card {
    name: "job-handler-async",
    line: "confirms a job when it is in the buffer, and does it later",
    source: "Module 1.1, Algorithm 1.2, with stable storage",
    model: Model::Recovery,
    promises: &["guaranteed response", "no lost job", "no made-up job"],
    workload: "jobs",
    one_writer: false,
    tolerates: |n| n,
    build: |_| asynchronous(None, false),
    twins: &[Twin::new("keeps-nothing", "the buffer is in memory only", "no lost job", |_| {
        asynchronous(None, true)
    })],
    beyond: &[],
};

pub(super) const BUFFERED: Card = Card {
    name: "job-handler-buffered",
    line: "refuses jobs when its buffer is full",
    source: "Module 1.2, Algorithm 1.3, with stable storage",
    model: Model::Recovery,
    promises: &["guaranteed response", "no lost job", "no made-up job", "refused is not done"],
    workload: "jobs",
    one_writer: false,
    tolerates: |n| n,
    build: |_| asynchronous(BOUND, false),
    twins: &[Twin::new("keeps-nothing", "the buffer is in memory only", "no lost job", |_| {
        asynchronous(BOUND, true)
    })],
    beyond: &[],
};
