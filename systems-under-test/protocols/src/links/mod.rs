//! Links between two processes.

mod perfect_links;
mod stubborn_links;

pub use perfect_links::{Frame, PerfectLinks};
pub use stubborn_links::RetransmitForever;
