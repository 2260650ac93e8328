//! Looking for runs that fail, and making them small.

mod alike;
mod hunt;
mod literal;
mod messages;
mod mutate;
mod nodes;
mod shaken;
mod shrink;
mod situations;
mod size;
mod times;

pub use alike::alike;
pub use hunt::{Hunt, Hunted, Pressure};
pub use shrink::{Effort, shrink};
pub use situations::Situations;
pub use size::Size;
