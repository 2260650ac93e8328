//! Replication: one state machine, run by everybody.

mod raft;

pub use raft::{Raft, RaftMessage};
