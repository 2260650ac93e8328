//! The parts that stacks are made of.

use crate::broadcast::{
    BasicBroadcast, ConsensusBasedTotalOrder, EagerReliableBroadcast,
    MajorityAckUniformReliableBroadcast,
};
use crate::consensus::Paxos;
use crate::detectors::{ElectLowerEpoch, ExcludeOnTimeout};
use crate::links::PerfectLinks;
use schism_kernel::{
    AmbientLeader, BestEffortBroadcast, Component, EventualLeaderDetector, Instances, Many, Net,
    PerfectFailureDetector, PerfectLink, ReliableBroadcast, TotalOrderBroadcast, UniformConsensus,
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

/// The eventual leader detector, which bears restarts.
pub fn eventual_leader_detector() -> impl Component<Provides = EventualLeaderDetector> {
    layer(ElectLowerEpoch::default(), Net::default())
}

/// As many instances of Paxos as are spoken of, under an ambient leader detector.
pub fn many_paxos<V: Wire>(
    paxos: Paxos<V>,
) -> impl Component<Provides = Many<u64, UniformConsensus<V>>> {
    Instances::of(layer(paxos, (Net::default(), AmbientLeader)))
}

/// Total-order broadcast over majority-ack broadcast and Paxos, under an ambient leader detector.
pub fn total_order_broadcast<M: Wire>(
    broadcast: ConsensusBasedTotalOrder<M>,
) -> impl Component<Provides = TotalOrderBroadcast<M>> {
    let urb = layer(MajorityAckUniformReliableBroadcast::default(), best_effort_broadcast());
    layer(broadcast, (urb, many_paxos(Paxos::default())))
}
