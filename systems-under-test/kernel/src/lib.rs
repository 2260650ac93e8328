//! The textbook's vocabulary, without IO.
//!
//! An [`Abstraction`] is the book's *module*: what may be asked and what is told. An
//! [`Algorithm`] implements one abstraction out of another, in handlers that read like the
//! book's `upon event` clauses. A [`Component`] is what a host can drive; [`Layer`] puts an
//! algorithm on top of the component it uses, a tuple puts components side by side, and
//! [`Instances`] keeps many of one kind; [`Each`] runs many instances
//! of an algorithm over one component that they share. A stack whose layers do not fit does not compile.
//!
//! Nothing in here, and nothing written in terms of it, sees a clock, a socket, a thread or the
//! operating system's randomness: hosts hand in time, messages and choices, and carry out what
//! a step asks for. State is plain data, so that it can be cloned, compared, hashed and printed.

mod abstraction;
mod algorithm;
mod ambient;
mod component;
mod each;
mod instances;
mod kind;
mod layer;
mod net;
mod node;
mod note;
mod side_by_side;
mod stable;

pub use abstraction::*;
pub use algorithm::{Algorithm, Cx};
pub use ambient::{Ambient, AmbientDetector, AmbientLeader, AmbientSuspicions, Informs};
pub use component::{
    Abstraction, Choices, Component, Data, Env, Indication, Input, Knowledge, Never, Outbox,
    ProcessId, Request, Wire,
};
pub use each::{Each, ForWhom, Key, Shareable};
pub use instances::{Instances, Many};
pub use kind::kind_of;
pub use layer::{Layer, layer};
pub use net::Net;
pub use node::{
    Answer, Ask, ClientId, Malformed, Node, NodeInput, NodeOutbox, Packet, Serving, node,
};
pub use note::Note;
pub use side_by_side::{Three, Two};
pub use stable::Stable;
