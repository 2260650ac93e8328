//! Services: the top of every deployed stack.
//!
//! A service answers clients out of the abstraction it stands on, and notes what happened for
//! the checkers. Questions and answers are the bodies of Maelstrom's workloads, so that any
//! client of those is a client of these.

mod broadcast;
mod clock;
mod consensus;
mod detect;
mod echo;
mod events;
mod jobs;
pub(crate) mod kv;
mod link;
mod register;
mod unique_ids;

pub use broadcast::Broadcasting;
pub use clock::Telling;
pub use consensus::Deciding;
pub use detect::Detecting;
pub use echo::Echoing;
pub use events::Happening;
pub use jobs::Handling;
pub use kv::{Command, KeyValue};
pub use link::Sending;
pub use register::{Question as RegisterQuestion, Registers, Reply as RegisterReply};
pub use unique_ids::UniqueIds;

/// Maelstrom's error codes, as far as services use them. All of them are definite: what was
/// asked for did not and will not happen.
pub mod error {
    /// The operation is not supported here.
    pub const NOT_SUPPORTED: u32 = 10;
    /// Nobody can do it now.
    pub const TEMPORARILY_UNAVAILABLE: u32 = 11;
    /// The question makes no sense.
    pub const MALFORMED_REQUEST: u32 = 12;
    /// There is no such key.
    pub const KEY_DOES_NOT_EXIST: u32 = 20;
    /// The key has another value than the one it was compared with.
    pub const PRECONDITION_FAILED: u32 = 22;
}
