//! Broadcasts.

mod best_effort_broadcast;

pub use best_effort_broadcast::BasicBroadcast;
