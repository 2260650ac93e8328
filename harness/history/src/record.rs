//! The records a history is made of.

use crate::{Skew, Value};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Nanoseconds since the run began, on the harness's monotonic clock.
pub type Nanos = u64;

/// A node, by its position: node 0 is called `n0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A logical client process. One that met an `info` outcome never issues another operation.
pub type Worker = u64;

/// One end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A node of the system under test.
    Node(NodeId),
    /// A client connection of the workload: `c3`.
    Client(u32),
    /// A service the harness offers to nodes (`lin-kv`, `seq-kv`, …), by its number in the run.
    Service(u8),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Node(n) => n.fmt(f),
            Peer::Client(c) => write!(f, "c{c}"),
            Peer::Service(s) => write!(f, "s{s}"),
        }
    }
}

/// What happened, and when: one line of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Position in the history.
    pub index: u64,
    /// When, on the run's clock. Never decreases along a history.
    pub time: Nanos,
    /// What.
    pub entry: Entry,
}

/// The kinds of things that are recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A client's operation began or ended.
    Op(OpEvent),
    /// A node told what its protocol did.
    Event(ProtocolEvent),
    /// A message met its fate.
    Message(Message),
    /// A fault began or ended.
    Fault(Fault),
    /// The harness did something to a node, or saw that something happened to it.
    Node(NodeEvent),
    /// The run entered a phase.
    Phase(Phase),
}

/// Jepsen's operation kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpKind {
    /// The client sent it.
    Invoke,
    /// It certainly happened.
    Ok,
    /// It certainly did not happen.
    Fail,
    /// Nobody knows: it may take effect at any later time, or never.
    Info,
}

/// One end of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct OpEvent {
    /// The logical process that performs it.
    pub process: Worker,
    /// Which end, with which outcome.
    pub kind: OpKind,
    /// The function: `read`, `write`, `cas`, `broadcast`, …
    pub f: CompactString,
    /// The independent object it concerns, where the workload has several.
    pub key: Option<Value>,
    /// Its argument on invocation, its result on completion.
    pub value: Value,
    /// Why it did not end `ok`.
    pub error: Option<CompactString>,
    /// The node it was sent to.
    pub node: Option<NodeId>,
}

/// What a protocol tells of itself: `deliver`, `decide`, `suspect`, `lead`, …
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProtocolEvent {
    /// Who tells.
    pub node: NodeId,
    /// What, in the textbook's word.
    pub kind: CompactString,
    /// The other process it concerns: the origin of a delivery, the suspect of a suspicion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<NodeId>,
    /// The instance, group or channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<u64>,
    /// Round, term, epoch, view, slot or sequence number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The payload.
    #[serde(default)]
    pub value: Value,
}

/// What became of one copy of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was handed to its destination at the record's time.
    Delivered,
    /// An additional copy, made by a fault, was handed to its destination.
    Duplicated,
    /// A link rule lost it.
    Lost,
    /// A partition was in its way.
    Cut,
    /// Its destination was dead.
    Dead,
    /// The run ended first.
    InFlight,
}

/// One copy of a message, recorded when its fate is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Unique in the run; copies share it.
    pub id: u64,
    /// Who sent it.
    pub src: Peer,
    /// Whom to.
    pub dest: Peer,
    /// The name of its innermost type: `Proposal`, `AppendEntries`, `Ack`.
    pub kind: CompactString,
    /// When it left its sender.
    pub sent: Nanos,
    /// Length of its body on the wire, in bytes.
    pub bytes: u32,
    /// What became of it.
    pub fate: Fate,
}

/// Which end of a fault a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultEdge {
    /// It was put in force.
    Begin,
    /// It was undone.
    End,
}

/// A fault began or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Its position in the plan.
    pub id: u32,
    /// Begin or end.
    pub edge: FaultEdge,
    /// What, in words: `partition halves`, `kill`, `loss 20 %`.
    pub what: CompactString,
    /// The nodes it concerns.
    pub targets: Vec<NodeId>,
    /// At its end: how much it touched (messages, signals, bytes). 0: it did not land.
    pub touched: u64,
    /// What it touched, in words: `1 204 messages dropped`, `n2 seen stopped`.
    pub detail: CompactString,
}

/// The harness did this to a node, or saw it happen. The ground truth of who crashed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeEvent {
    /// Which.
    pub node: NodeId,
    /// What.
    pub change: NodeChange,
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeChange {
    /// Its process was started, for the first time or again, with or without what its disk held.
    Started {
        /// 0 for the first start.
        incarnation: u32,
        /// Whether it found the stable storage of its former life.
        with_disk: bool,
    },
    /// It answered `init`.
    Ready,
    /// The harness killed it.
    Killed,
    /// The harness stopped it (SIGSTOP).
    Paused,
    /// The harness let it go on (SIGCONT).
    Resumed,
    /// It turned Byzantine, by this strategy.
    Byzantine(CompactString),
    /// It ended unasked.
    Died(CompactString),
    /// It broke the protocol with the harness: what it said.
    Garbage(CompactString),
    /// The harness shut it down at the end of the run.
    Stopped,
    /// The harness set its clock: how far it is off from now on.
    Clock(Skew),
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Nodes are being started.
    Setup,
    /// Workload and nemesis.
    Chaos,
    /// Every fault is undone.
    Heal,
    /// No new work; the network calms down.
    Quiesce,
    /// Final reads.
    Final,
    /// Everything is shut down.
    Teardown,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Setup => "setup",
            Phase::Chaos => "chaos",
            Phase::Heal => "heal",
            Phase::Quiesce => "quiesce",
            Phase::Final => "final",
            Phase::Teardown => "teardown",
        })
    }
}

/// The fact that says below which number every message was recorded.
pub const MESSAGES_ALL_BELOW: &str = "messages-all-below";
/// The fact that says of how many messages from that number on one was recorded.
pub const MESSAGES_ONE_IN: &str = "messages-one-in";

/// What a reader must know of the run to judge its history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The system under test: a catalogue name, or the program.
    pub test: String,
    /// What drives it: `kv`, `broadcast`, …
    pub workload: String,
    /// The seed that decided everything.
    pub seed: u64,
    /// How many nodes there were.
    pub nodes: u16,
    /// Further facts, by name: the model, the twin, the version.
    #[serde(default)]
    pub facts: std::collections::BTreeMap<String, String>,
}

impl Meta {
    /// How many of the messages that were sent the recorded one of this number stands for.
    pub fn weight_of_message(&self, id: u64) -> u64 {
        let fact = |name: &str| self.facts.get(name).and_then(|text| text.parse::<u64>().ok());
        match (fact(MESSAGES_ALL_BELOW), fact(MESSAGES_ONE_IN)) {
            (Some(all_below), Some(one_in)) if id >= all_below => one_in.max(1),
            _ => 1,
        }
    }
}
