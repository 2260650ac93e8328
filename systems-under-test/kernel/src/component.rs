//! What a host drives.

use crate::{Note, Stable};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::fmt::{self, Debug};
use std::hash::Hash;
use std::time::Duration;

/// A process of the system, by its rank: process 0 is called `n0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId(pub u16);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// Everything that is state or event can be cloned, compared, hashed and printed.
pub trait Data: Clone + Debug + Eq + Ord + Hash + 'static {}
impl<T: Clone + Debug + Eq + Ord + Hash + 'static> Data for T {}

/// Data that can leave the process.
pub trait Wire: Data + Serialize + DeserializeOwned {}
impl<T: Data + Serialize + DeserializeOwned> Wire for T {}

/// The type without values, for what an algorithm does not have: timers, requests, storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Never {}

/// A "Module" of the book: an interface without behaviour.
pub trait Abstraction {
    /// What the user of the module may ask.
    type Request: Data;
    /// What the module tells its user.
    type Indication: Data;
}

/// The requests of an abstraction.
pub type Request<X> = <X as Abstraction>::Request;
/// The indications of an abstraction.
pub type Indication<X> = <X as Abstraction>::Indication;

/// The only source of nondeterminism inside a step.
pub trait Choices {
    /// A number below `bound`, which is at least 1.
    fn choose(&mut self, bound: u32) -> u32;
}

/// What a host tells a component about its surroundings at a step.
pub struct Env<'a> {
    /// Who we are.
    pub me: ProcessId,
    /// Everybody, us included.
    pub all: &'a [ProcessId],
    /// This process's own clock, possibly skewed. Time zero is arbitrary.
    pub now: Duration,
    /// How often this process was restarted.
    pub incarnation: u32,
    /// Where randomness comes from.
    pub choices: &'a mut dyn Choices,
}

/// What the process as a whole has come to know about the others, for every layer to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Knowledge {
    /// The process has crashed: never taken back.
    Crash(ProcessId),
    /// The process may have crashed.
    Suspect(ProcessId),
    /// The suspicion was wrong.
    Restore(ProcessId),
    /// The process is the leader now.
    Trust(ProcessId),
}

impl Knowledge {
    /// Whether something learnt earlier no longer matters once this is known.
    pub(crate) fn outdates(self, earlier: Knowledge) -> bool {
        match (earlier, self) {
            (Knowledge::Trust(_), Knowledge::Trust(_)) => true,
            (Knowledge::Suspect(p), Knowledge::Restore(q))
            | (Knowledge::Restore(p), Knowledge::Suspect(q)) => p == q,
            (earlier, later) => earlier == later,
        }
    }

    /// Whether it matters to who comes later: that a suspicion was taken back is as if there had
    /// been none.
    pub(crate) fn lasts(self) -> bool {
        !matches!(self, Knowledge::Restore(_))
    }
}

/// What can happen to a component.
#[derive(Debug)]
pub enum Input<C: Component> {
    /// The process starts for the first time, or again without anything on its disk.
    Init,
    /// The process starts again with what it had stored, in the order of the keys.
    Recover(Vec<C::Stable>),
    /// The layer above asks for something.
    Request(Request<C::Provides>),
    /// A message arrived.
    Message(ProcessId, C::Message),
    /// A timer went off.
    Timeout(C::Timer),
    /// The process learnt something about the others.
    Learn(Knowledge),
}

/// A closed stack, or a part of one.
pub trait Component: Data {
    /// What it offers to the layer above.
    type Provides: Abstraction;
    /// What it exchanges with its peers.
    type Message: Wire;
    /// Its timers. Setting a timer that is set already moves it.
    type Timer: Data;
    /// Its variables on stable storage.
    type Stable: Stable;

    /// Handles one input to completion.
    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>);
}

/// Where a component puts what it wants done, in order.
///
/// A host must make a store durable before anything that follows it leaves the process.
pub trait Outbox<C: Component> {
    /// Hands a message to the network. Messages to oneself never get here.
    fn send(&mut self, to: ProcessId, message: C::Message);
    /// Tells the layer above.
    fn indicate(&mut self, event: Indication<C::Provides>);
    /// Asks for a timeout after a time on the process's own clock.
    fn set_timer(&mut self, timer: C::Timer, after: Duration);
    /// Takes that back, if it has not gone off.
    fn cancel_timer(&mut self, timer: C::Timer);
    /// Writes a variable to stable storage.
    fn store(&mut self, variable: C::Stable);
    /// Removes one.
    fn erase(&mut self, key: <C::Stable as Stable>::Key);
    /// Tells the harness what the protocol did.
    fn note(&mut self, note: Note);
    /// Tells the harness that a situation worth reaching was reached.
    fn mark(&mut self, situation: &'static str);
}
