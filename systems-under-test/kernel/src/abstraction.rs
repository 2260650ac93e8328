//! The book's modules.

use crate::{Abstraction, Data, Never, ProcessId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// Defines events as structs whose fields stand in the order of the book's parameters.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident $(<$p:ident>)? ($($field:ty),*);)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name $(<$p>)? ($(pub $field),*);
    )+ }
}

events! {
    /// `⟨ Send | q, m ⟩`
    Send<M>(ProcessId, M);
    /// `⟨ Broadcast | m ⟩`
    Broadcast<M>(M);
    /// `⟨ Deliver | p, m ⟩`
    Deliver<M>(ProcessId, M);
    /// `⟨ Propose | v ⟩`
    Propose<V>(V);
    /// `⟨ Decide | v ⟩`
    Decide<V>(V);
    /// `⟨ Decide | v ⟩`, and in which round or epoch that was.
    DecideIn<V>(u64, V);
    /// Says something to everybody at the beginning of the next round.
    Speak<M>(M);
    /// Asks the replicated log to take a command.
    Submit<C>(C);
}

/// A round is over: its number, and what was heard from everybody who was there. Who had nothing
/// to say was there all the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Round<M>(pub u64, pub BTreeMap<ProcessId, Vec<M>>);

/// `⟨ StartEpoch | ts, ℓ ⟩`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StartEpoch(pub u64, pub ProcessId);

/// `(valts, val)`: what an epoch knows of a value, and since which epoch.
pub type EpochState<V> = (u64, Option<V>);

/// What an epoch of consensus may be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InEpoch<V> {
    /// `⟨ Init | ets, ℓ, state ⟩`
    Init(u64, ProcessId, EpochState<V>),
    /// `⟨ Propose | v ⟩`, by its leader.
    Propose(V),
    /// `⟨ Abort ⟩`
    Abort,
}

/// What an epoch of consensus tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfEpoch<V> {
    /// `⟨ Decide | v ⟩`
    Decide(V),
    /// `⟨ Aborted | state ⟩`
    Aborted(EpochState<V>),
}

/// What always comes of the broadcast of this number by this process: a message, or the word
/// that the sender is faulty, and in which round, where there are rounds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome<M> {
    /// The sender.
    pub sender: ProcessId,
    /// The number of the broadcast among those of its sender.
    pub number: u64,
    /// The message; nothing if the sender is faulty.
    pub m: Option<M>,
    /// The round in which this was decided.
    pub round: Option<u64>,
}

/// `⟨ Crash | p ⟩`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Crash(pub ProcessId);

/// `⟨ Trust | p ⟩`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Trust(pub ProcessId);

/// What an eventually perfect detector tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Suspicion {
    /// `⟨ Suspect | p ⟩`
    Suspect(ProcessId),
    /// `⟨ Restore | p ⟩`
    Restore(ProcessId),
}

/// What a register may be asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Access<V> {
    /// `⟨ Read ⟩`
    Read,
    /// `⟨ Write | v ⟩`
    Write(V),
}

/// What a register returns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Return<V> {
    /// `⟨ ReadReturn | v ⟩`: nothing was ever written, or this was.
    ReadReturn(Option<V>),
    /// `⟨ WriteReturn ⟩`
    WriteReturn,
}

/// What a replicated log tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Logged<C> {
    /// The command in this slot is decided; slots are told in order, without gaps.
    Commit(u64, C),
    /// A submitted command was not taken, and never will be: nobody who leads is known.
    Refused(C),
}

/// Defines modules: marker types that name an interface.
macro_rules! modules {
    ($($(#[$doc:meta])* $name:ident<$p:ident>: $request:ty => $indication:ty;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<$p>(PhantomData<fn() -> $p>);
        impl<$p: Data> Abstraction for $name<$p> {
            type Request = $request;
            type Indication = $indication;
        }
    )+ }
}

modules! {
    /// Module 2.1: may lose, never invents.
    FairLossLink<M>: Send<M> => Deliver<M>;
    /// Module 2.2: delivers again and again.
    StubbornLink<M>: Send<M> => Deliver<M>;
    /// Module 2.3: delivers exactly once, if both ends are correct.
    PerfectLink<M>: Send<M> => Deliver<M>;
    /// Perfect links that deliver what one process sends to another in the order of sending.
    FifoLink<M>: Send<M> => Deliver<M>;
    /// Module 3.1: all or nothing only if the sender is correct.
    BestEffortBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 3.2: all correct processes deliver the same messages.
    ReliableBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 3.3: whatever anyone delivers, all correct processes deliver.
    UniformReliableBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 3.8: reliable, and in the order in which each sender broadcast.
    FifoBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 3.9: reliable, and nothing before what may have caused it.
    CausalBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 6.1: reliable, and in the same order everywhere.
    TotalOrderBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Modules 4.1 to 4.3: a register; which semantics it has is its algorithm's promise.
    Register<V>: Access<V> => Return<V>;
    /// Module 5.1: correct processes decide the same.
    Consensus<V>: Propose<V> => Decide<V>;
    /// Module 5.2: nobody decides differently.
    UniformConsensus<V>: Propose<V> => Decide<V>;
    /// Uniform consensus that tells in which round or epoch it was decided.
    ConsensusInRounds<V>: Propose<V> => DecideIn<V>;
    /// Module 5.4: consensus within one epoch, whose leader alone proposes.
    EpochConsensus<V>: InEpoch<V> => OfEpoch<V>;
    /// Module 3.7, without its name: broadcast that reaches everybody with some probability.
    ProbabilisticBroadcast<M>: Broadcast<M> => Deliver<M>;
    /// Module 6.3, broadcast after broadcast: something always comes of each.
    TerminatingBroadcast<M>: Broadcast<M> => Outcome<M>;
    /// Rounds in lock-step: what is said in a round is heard in it.
    SynchronousRounds<M>: Speak<M> => Round<M>;
    /// A log of commands, the same at every process: what state-machine replication stands on.
    ReplicatedLog<C>: Submit<C> => Logged<C>;
}

/// Module 2.6: suspects exactly the crashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerfectFailureDetector;
impl Abstraction for PerfectFailureDetector {
    type Request = Never;
    type Indication = Crash;
}

/// Module 2.7: a leader after the other, each only when those before it have crashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaderElection;
impl Abstraction for LeaderElection {
    type Request = Never;
    type Indication = Trust;
}

/// Module 2.8: in the end suspects exactly the crashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventuallyPerfectFailureDetector;
impl Abstraction for EventuallyPerfectFailureDetector {
    type Request = Never;
    type Indication = Suspicion;
}

/// Module 2.9 (Ω): in the end everybody trusts the same correct process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventualLeaderDetector;
impl Abstraction for EventualLeaderDetector {
    type Request = Never;
    type Indication = Trust;
}

/// Module 5.3: epochs that succeed each other, each with a leader.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochChange;
impl Abstraction for EpochChange {
    type Request = Never;
    type Indication = StartEpoch;
}
