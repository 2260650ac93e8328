//! Registers: reads and writes of unique values.

use crate::{Client, Op, Shape, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};

/// `read` and `write value` on a few independent registers.
pub struct Register {
    next: i64,
    shape: Shape,
}

/// Few, so that operations meet; more than one, so that a long run stays checkable.
const KEYS: u64 = 3;

impl Register {
    /// With a single writer, only clients of node 0 write.
    pub fn new(shape: Shape) -> Self {
        Register { next: 0, shape }
    }
}

impl Workload for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        let key = (client.dice)(KEYS) as i64;
        let writes = match (self.shape.single_writer, client.node.0) {
            (true, 0) => 80,
            (true, _) => 0,
            (false, _) => 50,
        };
        if !client.percent(writes) {
            return Some(Op::keyed("read", key, Value::Nil));
        }
        self.next += 1;
        Some(Op::keyed("write", key, self.next))
    }

    fn bound_to_node(&self) -> bool {
        self.shape.single_writer
    }

    fn last(&mut self, up: &[NodeId]) -> Vec<(NodeId, Op)> {
        let reads = |&node: &NodeId| {
            (0..KEYS as i64).map(move |key| (node, Op::keyed("read", key, Value::Nil)))
        };
        up.iter().flat_map(reads).collect()
    }

    fn request(&self, op: &Op) -> Json {
        match op.f.as_str() {
            "write" => {
                json!({"type": "write", "key": op.key_json(), "value": Json::from(&op.value)})
            }
            _ => json!({"type": "read", "key": op.key_json()}),
        }
    }

    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String> {
        match op.f.as_str() {
            "write" => Ok(op.value.clone()),
            _ => field(reply, "value").map(Value::from),
        }
    }
}
