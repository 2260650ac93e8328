//! Operations written down one by one, instead of drawn by a workload.
//!
//! A run that failed is made smaller by leaving operations out. Dice would then fall differently
//! for all that follow, so the operations are literal: who asks which node for what, and when.

use compact_str::CompactString;
use schism_history::{Nanos, NodeId, Value};
use schism_nemesis::time;
use schism_workloads::Op;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// An operation, written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// When it is due, counted from the beginning of the chaos phase; without it, when all is
    /// calm in the end.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment")]
    pub at: Option<Duration>,
    /// The client that asks. It has one operation at a time: the next one waits for the last.
    pub client: u32,
    /// The node that is asked. While it is down, the operation waits.
    pub node: NodeId,
    /// The function.
    pub f: CompactString,
    /// The independent object it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional")]
    pub key: Option<Value>,
    /// Its argument.
    #[serde(default, skip_serializing_if = "Value::is_nil", with = "argument")]
    pub value: Value,
}

impl Scripted {
    /// What the client asks for.
    pub fn op(&self) -> Op {
        Op { f: self.f.clone(), key: self.key.clone(), value: self.value.clone() }
    }
}

/// The operations that are still to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// By client, in their order.
    queues: BTreeMap<u32, VecDeque<(Nanos, NodeId, Op)>>,
    /// Those of the end.
    last: Vec<(NodeId, Op)>,
}

impl Script {
    pub(crate) fn new(operations: &[Scripted]) -> Script {
        let mut script = Script::default();
        for operation in operations {
            match operation.at {
                None => script.last.push((operation.node, operation.op())),
                Some(at) => {
                    let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
                    let queue = script.queues.entry(operation.client).or_default();
                    queue.push_back((at, operation.node, operation.op()));
                }
            }
        }
        script
    }

    /// How many clients there must be.
    pub(crate) fn clients(&self) -> u32 {
        self.queues.keys().next_back().map_or(0, |last| last + 1)
    }

    /// The next operation of each client that has one: when it is due, of whom, at which node.
    pub(crate) fn next(&self) -> impl Iterator<Item = (Nanos, u32, NodeId)> + '_ {
        let front = |(&client, queue): (&u32, &VecDeque<(Nanos, NodeId, Op)>)| {
            queue.front().map(|&(at, node, _)| (at, client, node))
        };
        self.queues.iter().filter_map(front)
    }

    /// Takes a client's next operation out.
    pub(crate) fn take(&mut self, client: u32) -> Option<(Nanos, NodeId, Op)> {
        self.queues.get_mut(&client)?.pop_front()
    }

    /// Takes out what is asked in the end.
    pub(crate) fn take_last(&mut self) -> Vec<(NodeId, Op)> {
        std::mem::take(&mut self.last)
    }
}

/// A duration that may be missing.
mod moment {
    use super::{Deserialize, Duration, Serialize, time};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Written(#[serde(with = "time")] Duration);

    pub(super) fn serialize<S: Serializer>(
        at: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        at.map(Written).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<Written>::deserialize(from).map(|at| at.map(|Written(at)| at))
    }
}

/// Values as TOML can hold them, which has no nil: what is neither a number nor a truth value nor
/// a list of those is JSON in quotes.
mod argument {
    use super::{Deserialize, Serialize, Value};
    use serde::{Deserializer, Serializer, de, ser};

    fn is_plain(value: &Value) -> bool {
        match value {
            Value::Int(_) | Value::Bool(_) => true,
            Value::List(items) => items.iter().all(is_plain),
            _ => false,
        }
    }

    pub(super) fn serialize<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
        if is_plain(value) {
            return value.serialize(to);
        }
        to.serialize_str(&serde_json::to_string(value).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        match Value::deserialize(from)? {
            Value::Str(text) => serde_json::from_str(&text).map_err(|error| {
                let right = "text stands in two pairs of quotes: '\"text\"'";
                de::Error::custom(format!("`{text}` is not JSON ({error}): {right}"))
            }),
            value => Ok(value),
        }
    }
}

/// A value that may be missing.
mod optional {
    use super::{Deserialize, Serialize, Value, argument};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Written(#[serde(with = "argument")] Value);

    pub(super) fn serialize<S: Serializer>(key: &Option<Value>, to: S) -> Result<S::Ok, S::Error> {
        key.clone().map(Written).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Value>, D::Error> {
        Option::<Written>::deserialize(from).map(|key| key.map(|Written(key)| key))
    }
}
