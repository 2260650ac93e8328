//! What clients do.
//!
//! A [`Workload`] generates operations, says how each is put to a node as a request (Maelstrom's
//! bodies where Maelstrom has the workload) and how a reply becomes a result. It knows neither
//! processes nor time: a run asks it for the next operation of a client. [`checks`] says which
//! checkers judge what it did.

mod broadcast;
mod checks;
mod clock;
mod consensus;
mod detect;
mod echo;
mod errors;
mod events;
mod health;
mod jobs;
mod kv;
mod link;
mod queue;
mod register;
mod siblings;
mod unique_ids;

pub use checks::{Asked, LINEARIZABLE, UnknownProperty, checks, model_of, properties_of};
pub use errors::{Doubt, doubt_of};

use compact_str::CompactString;
use schism_history::{NodeId, Value};
use serde_json::Value as Json;

/// An operation a client is about to perform.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// The function.
    pub f: CompactString,
    /// The independent object it concerns.
    pub key: Option<Value>,
    /// Its argument.
    pub value: Value,
}

impl Op {
    fn new(f: &'static str, value: impl Into<Value>) -> Op {
        Op { f: CompactString::const_new(f), key: None, value: value.into() }
    }

    fn keyed(f: &'static str, key: i64, value: impl Into<Value>) -> Op {
        Op { key: Some(Value::Int(key)), ..Op::new(f, value) }
    }

    fn key_json(&self) -> Json {
        self.key.as_ref().map_or(Json::Null, Json::from)
    }
}

/// Who is asking a workload for an operation.
pub struct Client<'a> {
    /// The client's number: clients are dealt to the nodes in turn.
    pub client: u32,
    /// How many clients there are.
    pub clients: u32,
    /// The node the operation will go to.
    pub node: NodeId,
    /// How many nodes there are.
    pub nodes: u16,
    /// Gives a number below its argument.
    pub dice: &'a mut dyn FnMut(u64) -> u64,
}

impl Client<'_> {
    /// Whether something of this many percent happens.
    fn percent(&mut self, percent: u64) -> bool {
        (self.dice)(100) < percent
    }

    /// The rank of some node other than the one the operation will go to.
    fn other(&mut self) -> i64 {
        let others = u64::from(self.nodes.max(2)) - 1;
        let rank = (u64::from(self.node.0) + 1 + (self.dice)(others)) % u64::from(self.nodes);
        rank as i64
    }
}

/// A generator of operations with their requests and replies.
pub trait Workload: Send {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// The next operation of a client, or nothing if it never has one again.
    fn next(&mut self, client: &mut Client<'_>) -> Option<Op>;

    /// How many times longer than usual a client rests between operations.
    fn rests(&self) -> u64 {
        1
    }

    /// Operations that belong to one node must not be sent to another when that one is down.
    fn bound_to_node(&self) -> bool {
        false
    }

    /// What the nodes that are up are asked when all is calm.
    fn last(&mut self, _up: &[NodeId]) -> Vec<(NodeId, Op)> {
        Vec::new()
    }

    /// The request that asks a node for an operation, without `msg_id`.
    fn request(&self, op: &Op) -> Json;

    /// The result an error stands for, where the error is an answer and not a failure.
    fn result_of_error(&self, _op: &Op, _code: i64) -> Option<Value> {
        None
    }

    /// The result in a reply that is not an error, or what was expected instead.
    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String>;
}

/// What a run asks of a workload, beyond its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Only node 0 may write.
    pub single_writer: bool,
    /// Reads are part of the work, not only of its end: for nodes that tell no events.
    pub reads: bool,
}

/// The names of all workloads.
pub const NAMES: [&str; 15] = [
    "link",
    "events",
    "clock",
    "broadcast",
    "slow-broadcast",
    "register",
    "siblings",
    "kv",
    "queue",
    "consensus",
    "binary-consensus",
    "detect",
    "jobs",
    "echo",
    "unique-ids",
];

/// Workloads that are others with a difference, and are judged as those.
const VARIANTS: [(&str, &str); 3] =
    [("slow-broadcast", "broadcast"), ("binary-consensus", "consensus"), ("queue", "kv")];

/// The workload whose promises are judged under this one: mostly itself.
pub fn judged_as(name: &str) -> &str {
    let name = canonical(name).unwrap_or(name);
    VARIANTS.iter().find(|(variant, _)| *variant == name).map_or(name, |(_, base)| base)
}

/// The names Maelstrom gives to some of them.
const ALIASES: [(&str, &str); 1] = [("lin-kv", "kv")];

/// The workload's own name, if there is one of this name.
pub fn canonical(name: &str) -> Option<&'static str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, own)| *own);
    alias.or_else(|| NAMES.into_iter().find(|own| *own == name))
}

/// The workload of this name.
pub fn workload(name: &str, shape: Shape) -> Option<Box<dyn Workload>> {
    Some(match canonical(name)? {
        "link" => Box::new(link::Link::default()),
        "events" => Box::new(events::Events),
        "broadcast" => Box::new(broadcast::Broadcast::new(shape)),
        "slow-broadcast" => Box::new(broadcast::Broadcast::new(shape).slow()),
        "register" => Box::new(register::Register::new(shape)),
        "siblings" => Box::new(siblings::Siblings::new(shape)),
        "kv" => Box::new(kv::Kv::default()),
        "queue" => Box::new(queue::Queue::default()),
        "consensus" => Box::new(consensus::Consensus::default()),
        "binary-consensus" => Box::new(consensus::Consensus::binary()),
        "detect" => Box::new(detect::Detect),
        "jobs" => Box::new(jobs::Jobs::default()),
        "clock" => Box::new(clock::Clock),
        "echo" => Box::new(echo::Echo::default()),
        _ => Box::new(unique_ids::UniqueIds),
    })
}

/// Finds a field of a reply, or says that it is missing.
fn field<'a>(reply: &'a Json, name: &str) -> Result<&'a Json, String> {
    reply.get(name).ok_or_else(|| format!("a reply with a field `{name}`"))
}
