//! Looking for runs that fail, and making them small.

mod literal;
mod messages;
mod nodes;
mod shrink;
mod size;
mod times;

pub use shrink::{Effort, shrink};
pub use size::Size;
