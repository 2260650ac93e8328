//! Consensus: agreeing on one of several proposals.

mod flooding_consensus;
mod flooding_uniform_consensus;
mod hierarchical_consensus;

pub use flooding_consensus::{Flood, FloodingConsensus};
pub use flooding_uniform_consensus::FloodingUniformConsensus;
pub use hierarchical_consensus::HierarchicalConsensus;
