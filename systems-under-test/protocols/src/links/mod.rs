//! Links between two processes.

mod perfect_links;

pub use perfect_links::{Frame, PerfectLinks};
