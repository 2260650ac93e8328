//! The promises of the textbook, judged from what the processes told.
//!
//! One file per family: [`link`], [`broadcast`], [`gossip`], [`consensus`], [`epochs`], [`rounds`],
//! [`detector`], [`leader`], [`register`], [`log`], [`convergence`], [`clocks`] and [`operations`]. Each header gives the definitions in words, with two
//! counts per promise: the *antecedents*, how often it spoke of something that happened, and the
//! *stress*, how often it did so under the condition that could have broken it. A promise without
//! antecedents is vacuous, one without stress unstressed; neither is green.
//!
//! A promise is a plain function from a [`Run`] (a history, and what the harness's own record says
//! of its nodes) to a [`Finding`]. [`find`] looks them up by the names that catalogue and reports
//! use. All are linear or O(n log n), so the budget of a check is met by the size of its history.

pub mod broadcast;
pub mod clocks;
pub mod consensus;
pub mod convergence;
pub mod detector;
pub mod epochs;
pub mod gossip;
pub mod leader;
pub mod link;
pub mod log;
mod network;
pub mod operations;
mod payloads;
pub mod register;
pub mod rounds;
mod run;
mod spells;
mod table;
mod zones;

pub use network::Network;
pub use run::{Faults, Run};
pub use spells::Spells;
pub use table::{EnoughOperations, Property, find, names, workloads};
