//! Consensus: agreeing on one of several proposals.

mod flooding_uniform_consensus;

pub use flooding_uniform_consensus::FloodingUniformConsensus;
