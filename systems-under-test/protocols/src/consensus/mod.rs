//! Consensus: agreeing on one of several proposals.

mod ben_or_consensus;
mod consensus_from_total_order;
mod early_stopping_consensus;
mod epoch_change;
mod epoch_consensus;
mod flooding_consensus;
mod flooding_uniform_consensus;
mod floodset_consensus;
mod hierarchical_consensus;
mod leader_driven_consensus;
mod paxos;

pub use ben_or_consensus::BenOr;
pub use consensus_from_total_order::ConsensusFromTotalOrder;
pub use early_stopping_consensus::EarlyStopping;
pub use epoch_change::LeaderBasedEpochChange;
pub use epoch_consensus::ReadWriteEpochConsensus;
pub use flooding_consensus::{Flood, FloodingConsensus};
pub use flooding_uniform_consensus::FloodingUniformConsensus;
pub use floodset_consensus::FloodSet;
pub use hierarchical_consensus::HierarchicalConsensus;
pub use leader_driven_consensus::LeaderDrivenConsensus;
pub use paxos::{Ballot, Paxos, PaxosMessage};
