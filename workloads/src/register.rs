//! Registers: reads and writes of unique values.

use crate::{Client, Op, Shape, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};

/// `read` and `write value` on a few independent registers, and on some that are left alone
/// after a while: what goes wrong with the last write to these shows in the end.
pub struct Register {
    next: i64,
    issued: i64,
    shape: Shape,
    /// In the end, replicas that have a copy of their own are asked for that.
    ending: bool,
}

/// Few, so that operations meet; more than one, so that a long run stays checkable.
const KEYS: u64 = 3;
/// After how many operations a register is left alone and another takes its place.
const TERM: i64 = 200;
/// How many of these are read once more in the end.
const LAST_KEYS: i64 = 30;

impl Register {
    /// The register that is not left alone yet.
    fn youngest(&self) -> i64 {
        KEYS as i64 + self.issued / TERM
    }

    /// With a single writer, only clients of node 0 write.
    pub fn new(shape: Shape) -> Self {
        Register { next: 0, issued: 0, shape, ending: false }
    }
}

impl Workload for Register {
    fn name(&self) -> &'static str {
        "register"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        self.issued += 1;
        let key = match (client.dice)(KEYS + 1) {
            KEYS => self.youngest(),
            key => key as i64,
        };
        let writes = match (self.shape.single_writer, client.node.0) {
            (true, 0) => 80,
            (true, _) => 0,
            // Reads find more in between if they are more.
            (false, _) => 30,
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
        self.ending = true;
        let (keys, youngest) = (KEYS as i64, self.youngest());
        let oldest = keys.max(youngest - LAST_KEYS);
        let reads = |&node: &NodeId| {
            let keys = (0..keys).chain(oldest..=youngest);
            keys.map(move |key| (node, Op::keyed("read", key, Value::Nil)))
        };
        up.iter().flat_map(reads).collect()
    }

    fn request(&self, op: &Op) -> Json {
        match op.f.as_str() {
            "write" => {
                json!({"type": "write", "key": op.key_json(), "value": Json::from(&op.value)})
            }
            _ if self.ending => json!({"type": "read", "key": op.key_json(), "own_copy": true}),
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
