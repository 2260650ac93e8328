//! Links between two processes.

mod fifo_links;
mod perfect_links;
mod stubborn_links;

pub use fifo_links::{Numbered, SequenceNumbers};
pub use perfect_links::{Frame, PerfectLinks};
pub use stubborn_links::RetransmitForever;
