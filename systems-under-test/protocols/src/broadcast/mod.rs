//! Broadcasts.

mod acknowledged;
mod all_ack_uniform_broadcast;
mod best_effort_broadcast;
mod causal_broadcast;
mod eager_reliable_broadcast;
mod early_stopping_broadcast;
mod fifo_broadcast;
mod gossip_push;
mod gossip_push_pull;
mod lazy_reliable_broadcast;
mod majority_uniform_broadcast;
mod terminating_broadcast;
mod total_order_broadcast;
mod waiting_causal_broadcast;

pub use all_ack_uniform_broadcast::AllAckUniformReliableBroadcast;
pub use best_effort_broadcast::BasicBroadcast;
pub use causal_broadcast::NoWaitingCausalBroadcast;
pub use eager_reliable_broadcast::EagerReliableBroadcast;
pub use early_stopping_broadcast::EarlyStoppingBroadcast;
pub use fifo_broadcast::BroadcastWithSequenceNumber;
pub use gossip_push::EagerProbabilisticBroadcast;
pub use gossip_push_pull::LazyProbabilisticBroadcast;
pub use lazy_reliable_broadcast::LazyReliableBroadcast;
pub use majority_uniform_broadcast::MajorityAckUniformReliableBroadcast;
pub use terminating_broadcast::{About, ConsensusBasedTerminatingBroadcast};
pub use total_order_broadcast::{Batch, ConsensusBasedTotalOrder};
pub use waiting_causal_broadcast::{Dated, WaitingCausalBroadcast};

use schism_kernel::ProcessId;
use serde::{Deserialize, Serialize};

/// `[DATA, s, m]`: a message that is passed on under the name of its origin.
///
/// The book takes messages to be unique; here the origin's number makes them so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Relay<M> {
    /// `s`: who broadcast it.
    pub origin: ProcessId,
    /// Its number among those of its origin.
    pub number: u64,
    /// The message itself.
    pub m: M,
}
