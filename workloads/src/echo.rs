//! Echo: the node says what it is told.

use crate::{Client, Op, Workload, field};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `echo text`.
#[derive(Default)]
pub struct Echo {
    next: u64,
}

impl Workload for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn next(&mut self, _: &mut Client<'_>) -> Option<Op> {
        self.next += 1;
        Some(Op::new("echo", format!("please echo {}", self.next).as_str()))
    }

    fn request(&self, op: &Op) -> Json {
        json!({"type": "echo", "echo": Json::from(&op.value)})
    }

    fn result(&mut self, _: &Op, reply: &Json) -> Result<Value, String> {
        field(reply, "echo").map(Value::from)
    }
}
