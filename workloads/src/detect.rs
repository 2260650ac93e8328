//! Detectors: nobody asks anything; what the nodes tell of each other is judged.

use crate::{Client, Op, Workload};
use schism_history::Value;
use serde_json::{Value as Json, json};

/// No operations at all.
pub struct Detect;

impl Workload for Detect {
    fn name(&self) -> &'static str {
        "detect"
    }

    fn next(&mut self, _: &mut Client<'_>) -> Option<Op> {
        None
    }

    fn request(&self, _: &Op) -> Json {
        json!({"type": "read"})
    }

    fn result(&mut self, _: &Op, _: &Json) -> Result<Value, String> {
        Ok(Value::Nil)
    }
}
