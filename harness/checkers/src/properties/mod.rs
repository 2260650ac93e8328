//! The promises of the textbook, judged from what the processes told.
//!
//! One file per family: [`link`], [`broadcast`], [`gossip`], [`consensus`], [`epochs`], [`rounds`],
//! [`detector`], [`leader`], [`register`], [`log`], [`convergence`], [`clocks`], [`jobs`] and [`operations`].
//! Each header gives the definitions in words, with two counts per promise: the *antecedents*, how
//! often it spoke of something that happened, and the *stress*, how often it did so under the
//! condition that could have broken it. A promise without antecedents is vacuous, one without stress
//! unstressed; neither is green.
//!
//! The events judged, all told by nodes except for crashes, which only the harness's record counts:
//!
//! | kind | fields | told when |
//! |---|---|---|
//! | `send`, `deliver` | peer, instance, value | a link takes a message, hands one over |
//! | `broadcast`, `deliver` | peer (of a delivery: the origin), instance, number, value | likewise |
//! | `propose`, `decide` | instance, number (round or epoch), value | consensus begins, ends |
//! | `suspect`, `restore` | peer | a detector changes its mind |
//! | `trust` | peer | a process follows another leader |
//! | `lead`, `step-down` | instance, number (term) | a process leads a term, no longer does |
//! | `start-epoch` | number, peer (leader) | a process enters an epoch |
//! | `ep-abort`, `ep-aborted`, `ep-decide` | instance, number | an epoch of consensus ends, decides |
//! | `commit`, `apply`, `output` | instance, number (slot), value | a log grows, is executed, answers |
//! | `local`, `send`, `deliver` | peer, instance (of the message), number or value (stamp) | a clock ticks; beside a hybrid stamp, number is the reading |
//! | `process` | value (job) | a job is done |
//!
//! Other kinds are ignored. Facts of the history that some promises need are `f`, `coverage` and
//! `messages-per-broadcast`.
//!
//! A promise is a plain function from a [`Run`] (a history, and what the harness's own record says
//! of its nodes) to a [`Finding`]. [`find`] looks them up by the names that catalogue and reports
//! use. All are linear or O(n log n), so the budget of a check is met by the size of its history.

pub mod broadcast;
pub mod clocks;
pub mod consensus;
pub mod convergence;
mod crashes;
pub mod detector;
pub mod epochs;
pub mod failover;
pub mod gossip;
pub mod jobs;
pub mod leader;
pub mod link;
pub mod log;
mod network;
pub mod operations;
mod payloads;
pub mod register;
pub mod rounds;
mod run;
mod siblings;
mod spells;
mod table;
mod vote;
mod zones;

pub use network::Network;
pub use run::{Faults, Run};
pub use spells::Spells;
pub use table::{EnoughOperations, Property, find, names, workloads};
