//! Failure detectors and leader election.

mod eventual_leader;
mod eventually_perfect_detector;
mod perfect_detector;

pub use eventual_leader::MonarchicalEventualLeaderDetection;
pub use eventually_perfect_detector::IncreasingTimeout;
pub use perfect_detector::ExcludeOnTimeout;

use serde::{Deserialize, Serialize};

/// What detectors say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Heartbeat {
    /// `[HEARTBEATREQUEST]`
    Request,
    /// `[HEARTBEATREPLY]`
    Reply,
}

/// The timer of a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout;
