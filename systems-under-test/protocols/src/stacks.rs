//! The parts that stacks are made of.

use crate::broadcast::{BasicBroadcast, EagerReliableBroadcast};
use crate::detectors::ExcludeOnTimeout;
use crate::links::PerfectLinks;
use schism_kernel::{
    BestEffortBroadcast, Component, Net, PerfectFailureDetector, PerfectLink, ReliableBroadcast,
    Wire, layer,
};

/// Perfect links over the host's network.
pub fn perfect_links<M: Wire>() -> impl Component<Provides = PerfectLink<M>> {
    layer(PerfectLinks::default(), Net::default())
}

/// Best-effort broadcast over perfect links.
pub fn best_effort_broadcast<M: Wire>() -> impl Component<Provides = BestEffortBroadcast<M>> {
    layer(BasicBroadcast::default(), perfect_links())
}

/// Eager reliable broadcast over best-effort broadcast.
pub fn eager_reliable_broadcast<M: Wire>() -> impl Component<Provides = ReliableBroadcast<M>> {
    layer(EagerReliableBroadcast::default(), best_effort_broadcast())
}

/// The perfect failure detector, by timeout.
pub fn perfect_detector() -> impl Component<Provides = PerfectFailureDetector> {
    layer(ExcludeOnTimeout::default(), perfect_links())
}
