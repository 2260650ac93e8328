//! History in, verdict with a witness out.
//!
//! A checker never sees a process: it reads a [`schism_history::History`] and returns
//! [`Finding`]s. [`properties`] holds one file per family of promises; `linearizability` holds
//! the search engine and its fast paths.

pub mod linearizability;
pub mod properties;
mod verdict;

pub use verdict::{Budget, Check, Finding, Status, overall};
