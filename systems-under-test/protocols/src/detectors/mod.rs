//! Failure detectors and leader election.

mod elect_lower_epoch;
mod eventual_leader;
mod eventually_perfect_detector;
mod leader_election;
mod perfect_detector;
mod rotating_leader;
mod silence_detector;

pub use elect_lower_epoch::ElectLowerEpoch;
pub use eventual_leader::MonarchicalEventualLeaderDetection;
pub use eventually_perfect_detector::IncreasingTimeout;
pub use leader_election::MonarchicalLeaderElection;
pub use perfect_detector::{DETECTION_BOUND, ExcludeOnTimeout};
pub use rotating_leader::RotatingLeader;
pub use silence_detector::{HEARTBEAT_BOUND, SilenceDetector};

use schism_kernel::{Algorithm, Cx, Deliver, PerfectLink, ProcessId, Send};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What detectors say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Heartbeat {
    /// `[HEARTBEATREQUEST]`
    Request,
    /// `[HEARTBEATREPLY]`
    Reply,
}

/// A process is asked whether it lives, or told that another one does.
fn heard<A: Algorithm<Uses = PerfectLink<Heartbeat>>>(
    event: Deliver<Heartbeat>,
    alive: &mut BTreeSet<ProcessId>,
    cx: &mut Cx<'_, A>,
) {
    match event {
        // upon event ⟨ pl, Deliver | q, [HEARTBEATREQUEST] ⟩ do
        Deliver(q, Heartbeat::Request) => cx.trigger(Send(q, Heartbeat::Reply)),
        // upon event ⟨ pl, Deliver | p, [HEARTBEATREPLY] ⟩ do
        Deliver(p, Heartbeat::Reply) => {
            alive.insert(p);
        }
    }
}

/// The timer of a detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout;

/// `maxrank(Π \ suspected)`: the first process in rank that is not suspected.
fn first_in_rank(all: &[ProcessId], suspected: &BTreeSet<ProcessId>) -> Option<ProcessId> {
    all.iter().copied().filter(|p| !suspected.contains(p)).min()
}
