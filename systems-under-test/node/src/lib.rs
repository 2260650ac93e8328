//! One node in one OS process.
//!
//! [`serve`] drives a [`schism_kernel::Node`] over standard input and output in Maelstrom's
//! protocol: one JSON object a line, `src`, `dest` and a `body` with a `type`. A node hosted here
//! runs under any harness that speaks it. What this workspace's own controller wants beyond that
//! it asks for in a field `schism` of the `init` message ([`Extension`]); without the field a node
//! keeps nothing on disk and tells nobody what its protocol does.
//!
//! A node is a single thread that waits for input and timers at once. Whatever was readable is
//! handled before anything is written, so that under load many messages share one system call;
//! stores go to disk before the messages that follow them.

mod chance;
mod clock;
mod desk;
mod envelope;
mod host;
mod init;
mod records;
mod serve;
mod store;
mod timers;

pub use envelope::{Envelope, scan};
pub use init::Extension;
pub use serve::{ServeError, serve};
pub use store::{Store, StoreError};
