//! The one list of protocols: what the command line, the suites and the documents know of them.

mod broadcast;
mod card;
mod clocks;
mod consensus;
mod detectors;
mod epochs;
mod gossip;
mod jobs;
mod links;
mod messages;
mod paxos;
mod primary_backup;
mod registers;
mod replication;
mod rounds;
mod simple;
mod total_order;

pub use card::{Beyond, Card, Setup, Twin, UnknownProtocol};
pub use messages::Messages;

/// Every protocol, in the order of the textbook.
pub fn catalogue() -> &'static [Card] {
    static CATALOGUE: &[Card] = &[
        simple::ECHO,
        simple::UNIQUE_IDS,
        jobs::SYNC,
        jobs::ASYNC,
        jobs::BUFFERED,
        links::STUBBORN,
        links::PERFECT,
        links::FIFO,
        links::AUTHENTICATED,
        clocks::LAMPORT,
        clocks::VECTOR,
        clocks::HYBRID,
        clocks::CLOCK_SYNC,
        detectors::PERFECT,
        detectors::EVENTUALLY_PERFECT,
        detectors::LEADER_ELECTION,
        detectors::EVENTUAL_LEADER,
        detectors::EVENTUAL_LEADER_BY_EPOCHS,
        registers::SAFE_FROM_BITS,
        registers::ROWA,
        registers::MAJORITY_REGISTER,
        registers::ATOMIC_1N,
        registers::ATOMIC_FROM_11,
        registers::ATOMIC_NN,
        registers::ATOMIC_LOGGED,
        registers::QUORUM_KV,
        registers::QUORUM_KV_SIBLINGS,
        broadcast::BEST_EFFORT,
        broadcast::LAZY_RELIABLE,
        broadcast::EAGER_RELIABLE,
        broadcast::ALL_ACK_UNIFORM,
        broadcast::MAJORITY_UNIFORM,
        broadcast::FIFO,
        broadcast::CAUSAL,
        broadcast::WAITING_CAUSAL,
        broadcast::TERMINATING,
        total_order::TOTAL_ORDER_BROADCAST,
        rounds::EARLY_STOPPING_BROADCAST,
        gossip::PUSH,
        gossip::PUSH_PULL,
        rounds::ONE_ROUND,
        rounds::FLOODSET,
        rounds::EARLY_STOPPING,
        consensus::FLOODING,
        consensus::FLOODING_UNIFORM,
        consensus::HIERARCHICAL,
        epochs::EPOCH_CHANGE,
        epochs::EPOCH_CONSENSUS,
        epochs::LEADER_DRIVEN,
        epochs::BEN_OR,
        paxos::PAXOS,
        total_order::CONSENSUS_FROM_TOTAL_ORDER,
        total_order::REPLICATED_STATE_MACHINE,
        paxos::MULTI_PAXOS,
        paxos::VIEWSTAMPED_REPLICATION,
        replication::RAFT,
        primary_backup::ACTIVE,
        primary_backup::PASSIVE,
        primary_backup::LOSSY,
        primary_backup::CHAIN,
        primary_backup::VOTED,
    ];
    CATALOGUE
}

/// The protocol of this name, or the names that are nearest to it.
pub fn find(name: &str) -> Result<&'static Card, UnknownProtocol> {
    let known = catalogue().iter().find(|card| card.name == name);
    known.ok_or_else(|| UnknownProtocol::new(name, catalogue()))
}
