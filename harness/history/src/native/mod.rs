//! Our own file: what the recorder writes during a run.
//!
//! Records are appended to a block in memory; a full block goes to the file in one write. Each
//! block stands for itself (its own checksum, its own table of names), so a recorder that dies in
//! the middle of a write costs the block it was writing and no other.
//!
//! ```text
//! file   = magic version(1 byte) block(Meta) block(items)* end
//! block  = length(u32 LE) crc32(u32 LE, of length and payload) payload
//! end    = a block of length 0
//! ```
//!
//! A payload is a run of postcard-encoded items ([`wire::Item`]): names are spelled out once per
//! block, indexes and times are differences from the record before.
//!
//! Limits: nothing is synced to the device, so a power failure may cost more than the last block;
//! a block lost in the middle ends the reading there, as what follows could not be ordered
//! against the gap.

mod block;
mod reader;
mod wire;
mod writer;

pub(crate) use block::MAGIC;

pub use reader::Reader;
pub use writer::{Writer, write};
