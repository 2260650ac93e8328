//! A linearizable key-value store, with Maelstrom's `lin-kv` bodies.

use crate::{Client, Op, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// `read`, `write value` and `cas [from, to]` over keys that are retired as they age, so that
/// each key's history stays short.
#[derive(Default)]
pub struct Kv {
    next: i64,
    issued: i64,
    newest: i64,
    /// What was last read or written, by key: compare-and-set guesses it.
    last: HashMap<i64, i64>,
}

/// How many keys are in use at any time.
const KEYS: u64 = 5;
/// How many operations a key sees before a fresh one takes its place.
const OPS_PER_KEY: i64 = 200;
/// How many of the youngest keys are read once more in the end.
const LAST_KEYS: i64 = 60;

impl Workload for Kv {
    fn name(&self) -> &'static str {
        "kv"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        self.issued += 1;
        let slot = (client.dice)(KEYS) as i64;
        let generation = (self.issued + slot * OPS_PER_KEY) / (OPS_PER_KEY * KEYS as i64);
        let key = generation * KEYS as i64 + slot;
        self.newest = self.newest.max(key);
        let kind = (client.dice)(100);
        self.next += 1;
        let op = match self.last.get(&key) {
            _ if kind < 40 => Op::keyed("read", key, Value::Nil),
            Some(&from) if kind >= 70 => {
                Op::keyed("cas", key, vec![Value::Int(from), Value::Int(self.next)])
            }
            _ => Op::keyed("write", key, self.next),
        };
        Some(op)
    }

    fn last(&mut self, up: &[NodeId]) -> Vec<(NodeId, Op)> {
        let oldest = (self.newest - LAST_KEYS).max(0);
        let keys = (oldest..=self.newest).filter(|key| self.last.contains_key(key));
        let nodes = up.iter().copied().cycle();
        keys.zip(nodes).map(|(key, node)| (node, Op::keyed("read", key, Value::Nil))).collect()
    }

    fn request(&self, op: &Op) -> Json {
        let key = op.key_json();
        match (op.f.as_str(), op.value.as_list()) {
            ("cas", Some([from, to])) => {
                json!({"type": "cas", "key": key, "from": Json::from(from), "to": Json::from(to)})
            }
            ("write", _) => json!({"type": "write", "key": key, "value": Json::from(&op.value)}),
            _ => json!({"type": "read", "key": key}),
        }
    }

    fn result_of_error(&self, op: &Op, code: i64) -> Option<Value> {
        // A key that does not exist is what a read of an unwritten key finds.
        (op.f == "read" && code == 20).then_some(Value::Nil)
    }

    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String> {
        let value = match op.f.as_str() {
            "read" => Value::from(field(reply, "value")?),
            _ => op.value.clone(),
        };
        let current = match &value {
            Value::List(pair) => pair.get(1).and_then(Value::as_int),
            other => other.as_int(),
        };
        if let (Some(key), Some(current)) = (op.key.as_ref().and_then(Value::as_int), current) {
            self.last.insert(key, current);
        }
        Ok(value)
    }
}
