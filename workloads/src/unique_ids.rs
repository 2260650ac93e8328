//! Unique ids: every node makes identifiers that nobody else makes.

use crate::{Client, Op, Workload, field};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `generate`.
pub struct UniqueIds;

impl Workload for UniqueIds {
    fn name(&self) -> &'static str {
        "unique-ids"
    }

    fn next(&mut self, _: &mut Client<'_>) -> Option<Op> {
        Some(Op::new("generate", Value::Nil))
    }

    fn request(&self, _: &Op) -> Json {
        json!({"type": "generate"})
    }

    fn result(&mut self, _: &Op, reply: &Json) -> Result<Value, String> {
        field(reply, "id").map(Value::from)
    }
}
