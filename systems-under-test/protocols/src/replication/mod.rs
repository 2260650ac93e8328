//! Replication: one state machine, run by everybody.

mod chain_replication;
mod primary_backup_active;
mod primary_backup_passive;
mod raft;
mod requests;
mod voted_state_machine;

pub use chain_replication::ChainReplication;
pub use primary_backup_active::PrimaryBackup;
pub use primary_backup_passive::PassivePrimaryBackup;
pub use raft::{Raft, RaftMessage};
pub use voted_state_machine::VotedStateMachine;
