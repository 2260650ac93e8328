//! The one list of protocols: what the command line, the suites and the documents know of them.

mod broadcast;
mod card;
mod registers;
mod replication;
mod simple;

pub use card::{Beyond, Card, Setup, Twin, UnknownProtocol};

/// Every protocol, in the order of the textbook.
pub fn catalogue() -> &'static [Card] {
    static CATALOGUE: &[Card] = &[
        simple::ECHO,
        simple::UNIQUE_IDS,
        broadcast::BEST_EFFORT,
        registers::ATOMIC_NN,
        replication::RAFT,
    ];
    CATALOGUE
}

/// The protocol of this name, or the names that are nearest to it.
pub fn find(name: &str) -> Result<&'static Card, UnknownProtocol> {
    let known = catalogue().iter().find(|card| card.name == name);
    known.ok_or_else(|| UnknownProtocol::new(name, catalogue()))
}
