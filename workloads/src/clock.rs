//! Clocks: every client keeps asking for the time.

use crate::{Client, Op, Workload, field};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// `read`, which returns `[time, error]`, both in nanoseconds.
pub struct Clock;

impl Workload for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn next(&mut self, _: &mut Client<'_>) -> Option<Op> {
        Some(Op::new("read", Value::Nil))
    }

    fn bound_to_node(&self) -> bool {
        true
    }

    fn request(&self, _: &Op) -> Json {
        json!({"type": "read"})
    }

    fn result(&mut self, _: &Op, reply: &Json) -> Result<Value, String> {
        Ok(Value::List(vec![field(reply, "time")?.into(), field(reply, "error")?.into()]))
    }
}
