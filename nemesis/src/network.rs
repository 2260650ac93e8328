//! What happens to a message between its sender and its destination.
//!
//! A [`LinkRule`] says how one directed link misbehaves; a [`Fabric`] holds the rules in force on
//! every link and decides, message by message, when copies arrive. The router of real processes and
//! the simulator share it as code. [`Holding`] keeps the messages of frozen links for both.

mod corrupt;
mod fabric;
mod holding;
mod pinned;
mod rule;
mod touched;

pub use corrupt::corrupt;
pub use fabric::{Decision, Fabric, Routed};
pub use holding::Holding;
pub use pinned::{Pinned, PinnedFate};
pub use rule::{Delay, LinkRule, Rate, Reorder};
pub use touched::Touched;
