//! The same run in one thread, on virtual time, from one seed.
//!
//! The simulator hosts a [`schism_run::Run`] the way the controller does, with nodes in memory
//! instead of processes: the same script, link rules, faults and protocols, as code and not by
//! imitation. Time passes only when nothing is left to do at an instant, and everything that
//! could happen in two orders happens in the order of its making, so a seed decides a run bit for
//! bit.
//!
//! What it does not show: the work of a node takes no time, and a step is never torn apart by a
//! crash.

mod agenda;
mod disk;
mod guard;
mod outbox;
mod simulation;
mod storage;

pub use outbox::Beat;
pub use simulation::{Outcome, Setup, simulate};
