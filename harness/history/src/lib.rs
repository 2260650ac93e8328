//! What a run recorded.
//!
//! A [`History`] is the only thing that crosses from running to judging: operations of clients,
//! events of the protocols, messages, faults and what the harness did to the nodes, all on one
//! monotonic clock, in one order. Nothing in here knows whether real processes or the simulator
//! produced it.

mod edn;
mod error;
mod history;
mod intake;
mod jsonl;
mod load;
mod names;
mod native;
mod nemesis;
mod record;
mod rules;
mod skew;
mod trouble;
mod value;
mod value_serde;

pub use edn::write_edn;
pub use error::{Broken, Error, Place, Torn, TornBy};
pub use history::{Correctness, History, Operation, Outcome};
pub use jsonl::write_jsonl;
pub use load::{Format, Keyed, LoadOptions, Loaded, load, locate, parse, read};
pub use native::{Reader, Writer, write};
pub use record::{
    Entry, Fate, Fault, FaultEdge, MESSAGES_ALL_BELOW, MESSAGES_ONE_IN, Message, Meta, Nanos,
    NodeChange, NodeEvent, NodeId, OpEvent, OpKind, Peer, Phase, ProtocolEvent, Record, Worker,
};
pub use rules::validate;
pub use skew::Skew;
pub use trouble::{DiskError, Trouble};
pub use value::{Real, Value};
