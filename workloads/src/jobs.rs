//! Jobs: every client submits jobs that nobody else submits.

use crate::{Client, Op, Workload};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `submit job`.
#[derive(Default)]
pub struct Jobs {
    next: i64,
}

impl Workload for Jobs {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn next(&mut self, _: &mut Client<'_>) -> Option<Op> {
        self.next += 1;
        Some(Op::new("submit", self.next))
    }

    fn request(&self, op: &Op) -> Json {
        json!({"type": "submit", "job": Json::from(&op.value)})
    }

    fn result(&mut self, op: &Op, _: &Json) -> Result<Value, String> {
        Ok(op.value.clone())
    }
}
