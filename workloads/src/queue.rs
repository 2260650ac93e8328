//! Queues, first in, first out: on the stores that keep one beside every key's value.

use crate::{Client, Op, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// `enqueue value` of unique values, and `dequeue`, on a few independent queues that grow and
/// shrink in turn: their order shows while they are long, and whether they are empty when they
/// are short.
#[derive(Default)]
pub struct Queue {
    next: i64,
    issued: i64,
    /// How many values came in and did not come out, for all that clients heard.
    inside: BTreeMap<i64, i64>,
}

/// Few, so that operations meet.
const KEYS: u64 = 2;
/// For how many operations queues grow, and then shrink.
const SWING: i64 = 60;
/// Of a hundred operations, how many put something in while queues grow, and while they shrink.
const PUTS: [u64; 2] = [60, 40];
/// How many values of each queue are taken out in the end, at most.
const LAST_VALUES: i64 = 60;

impl Workload for Queue {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        let puts = PUTS[(self.issued / SWING % 2) as usize];
        self.issued += 1;
        let key = (client.dice)(KEYS) as i64;
        if !client.percent(puts) {
            return Some(Op::keyed("dequeue", key, Value::Nil));
        }
        self.next += 1;
        Some(Op::keyed("enqueue", key, self.next))
    }

    fn last(&mut self, up: &[NodeId]) -> Vec<(NodeId, Op)> {
        // One more than there can be must find nothing.
        let count = |key: i64| self.inside.get(&key).map_or(1, |n| (*n).clamp(0, LAST_VALUES) + 1);
        let keys = (0..KEYS as i64).flat_map(|key| (0..count(key)).map(move |_| key));
        let nodes = up.iter().copied().cycle();
        keys.zip(nodes).map(|(key, node)| (node, Op::keyed("dequeue", key, Value::Nil))).collect()
    }

    fn request(&self, op: &Op) -> Json {
        let key = op.key_json();
        match op.f.as_str() {
            "enqueue" => json!({"type": "enqueue", "key": key, "value": Json::from(&op.value)}),
            _ => json!({"type": "dequeue", "key": key}),
        }
    }

    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String> {
        let value = match op.f.as_str() {
            "dequeue" => Value::from(field(reply, "value")?),
            _ => op.value.clone(),
        };
        let change = match op.f.as_str() {
            "enqueue" => 1,
            _ if value.is_nil() => 0,
            _ => -1,
        };
        if let Some(key) = op.key.as_ref().and_then(Value::as_int) {
            *self.inside.entry(key).or_default() += change;
        }
        Ok(value)
    }
}
