//! Links: every client sends unique payloads to random other nodes.

use crate::{Client, Op, Workload};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `send [to, payload]`.
#[derive(Default)]
pub struct Link {
    next: i64,
}

impl Workload for Link {
    fn name(&self) -> &'static str {
        "link"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        self.next += 1;
        Some(Op::new("send", vec![Value::Int(client.other()), Value::Int(self.next)]))
    }

    fn request(&self, op: &Op) -> Json {
        let parts = op.value.as_list().unwrap_or_default();
        let part = |i: usize| parts.get(i).and_then(Value::as_int).unwrap_or_default();
        json!({"type": "send", "to": part(0), "value": part(1)})
    }

    fn result(&mut self, op: &Op, _: &Json) -> Result<Value, String> {
        Ok(op.value.clone())
    }
}
