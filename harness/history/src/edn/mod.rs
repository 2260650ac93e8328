//! Jepsen's EDN: what `lein run test` leaves in `history.edn`, and what Jepsen's own checkers read.
//!
//! Histories run to hundreds of megabytes. The public EDN crates build a tree of every form before
//! anything can be asked of it, only for it to be taken apart again; so forms are scanned here by
//! hand ([`scan`]) and an operation's fields go straight to where they belong ([`read`]).
//!
//! Jepsen knows operations and the nemesis. Messages, protocol events and what happened to nodes
//! have no place in its histories and are left out of an export; JSON lines keep them.
//!
//! What it prints in the place of a history ([`log`]) has forms in it too.

pub(crate) mod log;
mod read;
mod scan;
mod write;

pub(crate) use read::parse;
pub use write::write_edn;
