//! The one list of protocols: what the command line, the suites and the documents know of them.

mod broadcast;
mod card;
mod consensus;
mod detectors;
mod links;
mod registers;
mod replication;
mod simple;

pub use card::{Beyond, Card, Setup, Twin, UnknownProtocol};

/// Every protocol, in the order of the textbook.
pub fn catalogue() -> &'static [Card] {
    static CATALOGUE: &[Card] = &[
        simple::ECHO,
        simple::UNIQUE_IDS,
        links::STUBBORN,
        links::PERFECT,
        detectors::PERFECT,
        detectors::EVENTUALLY_PERFECT,
        detectors::EVENTUAL_LEADER,
        registers::MAJORITY_REGISTER,
        registers::ATOMIC_NN,
        broadcast::BEST_EFFORT,
        broadcast::EAGER_RELIABLE,
        broadcast::MAJORITY_UNIFORM,
        consensus::FLOODING_UNIFORM,
        replication::RAFT,
    ];
    CATALOGUE
}

/// The protocol of this name, or the names that are nearest to it.
pub fn find(name: &str) -> Result<&'static Card, UnknownProtocol> {
    let known = catalogue().iter().find(|card| card.name == name);
    known.ok_or_else(|| UnknownProtocol::new(name, catalogue()))
}
