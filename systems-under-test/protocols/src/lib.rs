//! The catalogue of protocols: one file per algorithm, one [`Card`] per protocol.
//!
//! Every algorithm is written against the abstractions of [`schism_kernel`] and knows nothing of
//! what runs it. A card says what a protocol promises and under which [`Model`], builds the stack
//! that is deployed, and lists the *twins*: the same stack with one defect, and the promise that
//! the defect costs. [`catalogue`] holds them all.

pub mod broadcast;
mod catalogue;
pub mod clocks;
pub mod consensus;
pub mod detectors;
mod in_order;
pub mod jobs;
pub mod links;
mod model;
pub mod registers;
pub mod replication;
pub mod rounds;
mod seen;
pub mod services;
mod stacks;

pub use catalogue::{Beyond, Card, Messages, Setup, Twin, UnknownProtocol, catalogue, find};
pub use model::{Environment, Model};
