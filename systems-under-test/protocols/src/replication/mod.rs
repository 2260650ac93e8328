//! Replication: one state machine, run by everybody.

mod backups;
mod chain_replication;
mod multi_paxos;
mod patience;
mod primary_backup_active;
mod primary_backup_passive;
mod quorum_kv;
mod raft;
mod replicated_state_machine;
mod requests;
mod viewstamped_replication;
mod voted_state_machine;

pub use chain_replication::ChainReplication;
pub use multi_paxos::{MultiPaxos, MultiPaxosMessage};
pub use primary_backup_active::PrimaryBackup;
pub use primary_backup_passive::PassivePrimaryBackup;
pub use quorum_kv::{LastWrite, QuorumKv, Siblings};
pub use raft::{Raft, RaftMessage};
pub use replicated_state_machine::ReplicatedStateMachine;
pub use viewstamped_replication::{ViewstampedMessage, ViewstampedReplication};
pub use voted_state_machine::VotedStateMachine;

/// The place in a log that so many servers have reached, of which one has reached `own`.
fn reached_by(many: usize, own: u64, others: impl Iterator<Item = u64>) -> u64 {
    let mut reached: Vec<u64> = others.chain([own]).collect();
    reached.sort_unstable_by(|a, b| b.cmp(a));
    reached.get(many - 1).copied().unwrap_or(0)
}
