//! Clocks: logical ones, which tell what came before what, and synchronised ones.
//!
//! A logical clock is a rule for stamps: what an event of a process's own is stamped with, and
//! what a delivery is stamped with, given the stamp that came with the message. [`Stamping`] is
//! the same for all of them: it carries the stamps.

mod clock_sync;
mod hybrid_clock;
mod lamport_clock;
mod own_clock;
mod stamping;
mod vector_clock;

pub use clock_sync::ClockSync;
pub use hybrid_clock::{HybridClock, HybridStamp};
pub use lamport_clock::{LamportClock, LamportStamp};
pub use own_clock::OwnClock;
pub use stamping::{Stamped, Stamping};
pub use vector_clock::{VectorClock, VectorStamp};

use schism_kernel::{Abstraction, Data, Note, ProcessId, Wire};
use std::marker::PhantomData;
use std::time::Duration;

/// Links whose every event is stamped by a clock, and events that concern nobody else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StampedLink<M, S>(PhantomData<fn() -> (M, S)>);

impl<M: Data, S: Data> Abstraction for StampedLink<M, S> {
    type Request = Doing<M>;
    type Indication = Done<M, S>;
}

/// What a process may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doing<M> {
    /// Something that concerns nobody else.
    Local,
    /// Send this to that process.
    Send(ProcessId, M),
}

/// What happened at a process, and its stamp.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Done<M, S> {
    /// Something that concerns nobody else.
    Local(S),
    /// It sent this to that process.
    Sent(ProcessId, M, S),
    /// It delivered this from that process.
    Delivered(ProcessId, M, S),
}

/// A clock that agrees with the right time, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SynchronisedClock;

impl Abstraction for SynchronisedClock {
    type Request = Ask;
    type Indication = Reading;
}

/// Asks what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask;

/// What time it is, and by how much that may be wrong; nothing if nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reading(pub Option<(Duration, Duration)>);

/// Where and when an event happens.
#[derive(Clone, Copy, Debug)]
pub struct Here {
    /// The process.
    pub me: ProcessId,
    /// How many there are.
    pub n: usize,
    /// What its own clock shows.
    pub now: Duration,
}

/// A rule for stamps.
pub trait LogicalClock: Data {
    /// What events are stamped with.
    type Stamp: Wire + Told;
    /// The stamp of an event of the process's own: something local, or a send.
    fn tick(&mut self, here: Here) -> Self::Stamp;
    /// The stamp of the delivery of a message that was sent with this stamp.
    fn receive(&mut self, theirs: Self::Stamp, here: Here) -> Self::Stamp;
}

/// Stamps that can be told to the harness.
pub trait Told {
    /// Adds the stamp to a note, and what a clock that stands on the time shows.
    fn told(&self, note: Note, now: Duration) -> Note;
}
