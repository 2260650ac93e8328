//! Broadcast: every client broadcasts unique payloads; in the end every node is read.

use crate::{Client, Op, Shape, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};

/// `broadcast payload` and `read`.
pub struct Broadcast {
    next: i64,
    shape: Shape,
    rests: u64,
}

/// How much longer clients rest that broadcast slowly.
const SLOW: u64 = 20;

impl Broadcast {
    /// Reads are mixed in only if asked for: what a node has delivered grows without end.
    pub fn new(shape: Shape) -> Self {
        Broadcast { next: 0, shape, rests: 1 }
    }

    /// The same with few broadcasts, for protocols whose messages grow with every one.
    pub fn slow(self) -> Self {
        Broadcast { rests: SLOW, ..self }
    }
}

impl Workload for Broadcast {
    fn name(&self) -> &'static str {
        if self.rests > 1 { "slow-broadcast" } else { "broadcast" }
    }

    fn rests(&self) -> u64 {
        self.rests
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        if self.shape.reads && client.percent(20) {
            return Some(Op::new("read", Value::Nil));
        }
        self.next += 1;
        Some(Op::new("broadcast", self.next))
    }

    fn last(&mut self, up: &[NodeId]) -> Vec<(NodeId, Op)> {
        up.iter().map(|&node| (node, Op::new("read", Value::Nil))).collect()
    }

    fn request(&self, op: &Op) -> Json {
        match op.f.as_str() {
            "broadcast" => json!({"type": "broadcast", "message": Json::from(&op.value)}),
            _ => json!({"type": "read"}),
        }
    }

    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String> {
        match op.f.as_str() {
            "broadcast" => Ok(op.value.clone()),
            _ => {
                let messages = field(reply, "messages")?;
                messages.is_array().then(|| messages.into()).ok_or("`messages` as a list".into())
            }
        }
    }
}
