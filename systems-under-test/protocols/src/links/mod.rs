//! Links between two processes.

mod authenticated_links;
mod fifo_links;
mod perfect_links;
mod stubborn_links;

pub use authenticated_links::{AuthenticateAndFilter, Sealed};
pub use fifo_links::{Numbered, SequenceNumbers};
pub use perfect_links::{Frame, PerfectLinks};
pub use stubborn_links::RetransmitForever;
