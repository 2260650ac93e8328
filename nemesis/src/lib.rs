//! Faults as data, and the pure code that decides what they do.
//!
//! A [`plan::Plan`] says which faults happen, to whom, from when until when. It is written by hand
//! in TOML or drawn from a seed ([`draw`]). A [`schedule::Schedule`] turns it into the
//! [`schedule::Action`]s a host carries out, and a [`network::Fabric`] decides the fate of every
//! message while link rules are in force.
//!
//! Nothing in here reads a clock, performs input or output, or starts a thread: time is an
//! argument, randomness comes from a seed, and the hosts (the router of real processes and the
//! simulator) do the acting. The same seed and the same calls give the same decisions for ever.

pub mod draw;
mod names;
pub mod network;
pub mod partition;
pub mod plan;
pub mod rng;
pub mod schedule;
pub mod time;

pub use draw::{Allowance, Mix};
pub use network::{Decision, Delay, Fabric, LinkRule, Pinned, PinnedFate, Reorder, Touched};
pub use partition::Shape;
pub use plan::{
    AfterKill, Circumstances, Clock, DiskFault, Fault, Limit, Moment, Occasion, Plan, PlanError,
    Target, Turn, What,
};
pub use rng::Rng;
pub use schedule::{Action, Roles, Schedule};

/// A fault, by its position in the plan.
pub type FaultId = u32;
