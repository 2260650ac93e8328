//! Consensus: agreeing on one of several proposals.

mod consensus_from_total_order;
mod flooding_consensus;
mod flooding_uniform_consensus;
mod hierarchical_consensus;
mod paxos;

pub use consensus_from_total_order::ConsensusFromTotalOrder;
pub use flooding_consensus::{Flood, FloodingConsensus};
pub use flooding_uniform_consensus::FloodingUniformConsensus;
pub use hierarchical_consensus::HierarchicalConsensus;
pub use paxos::{Ballot, Paxos, PaxosMessage};
