//! Events: things happen at every node, and messages tell the others of them.

use crate::{Client, Op, Workload};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `local` and `send to`.
pub struct Events;

impl Workload for Events {
    fn name(&self) -> &'static str {
        "events"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        // Nodes differ in how much happens at them, so that their counts run apart.
        if client.percent(20 + 60 * u64::from(client.node.0) / u64::from(client.nodes)) {
            return Some(Op::new("local", Value::Nil));
        }
        Some(Op::new("send", client.other()))
    }

    fn request(&self, op: &Op) -> Json {
        match op.f.as_str() {
            "send" => json!({"type": "send", "to": Json::from(&op.value)}),
            _ => json!({"type": "local"}),
        }
    }

    fn result(&mut self, op: &Op, _: &Json) -> Result<Value, String> {
        Ok(op.value.clone())
    }
}
