//! Siblings: writes that replace what was read, and what was written at the same time beside it.

use crate::register::Register;
use crate::{Client, Op, Shape, Workload, field};
use schism_history::{NodeId, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// `read`, which returns a list of values, and `write [value, replaced...]`. What a write replaces
/// was read by somebody, not always lately.
pub struct Siblings {
    register: Register,
    /// By key, what was read last: the values, and the context that came with them.
    read: BTreeMap<i64, (Vec<Value>, Json)>,
    /// The context that goes with the writing of a value.
    contexts: BTreeMap<i64, Json>,
}

/// How many writes in a hundred know nothing of what is there.
const BLIND: u64 = 20;

impl Siblings {
    /// Keys as of registers.
    pub fn new(shape: Shape) -> Self {
        let (read, contexts) = (BTreeMap::new(), BTreeMap::new());
        Siblings { register: Register::new(shape), read, contexts }
    }
}

impl Workload for Siblings {
    fn name(&self) -> &'static str {
        "siblings"
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        let mut op = self.register.next(client)?;
        if let ("write", Value::Int(value)) = (op.f.as_str(), op.value.clone()) {
            let key = op.key.as_ref().and_then(Value::as_int).unwrap_or_default();
            let known = self.read.get(&key).filter(|_| !client.percent(BLIND));
            let (replaced, context) = known.cloned().unwrap_or((Vec::new(), json!([])));
            self.contexts.insert(value, context);
            op.value = Value::List(std::iter::once(Value::Int(value)).chain(replaced).collect());
        }
        Some(op)
    }

    fn last(&mut self, up: &[NodeId]) -> Vec<(NodeId, Op)> {
        self.register.last(up)
    }

    fn request(&self, op: &Op) -> Json {
        let Some(value) = written(&op.value) else { return self.register.request(op) };
        let context = self.contexts.get(&value).cloned().unwrap_or(json!([]));
        json!({"type": "write", "key": op.key_json(), "value": value, "context": context})
    }

    fn result(&mut self, op: &Op, reply: &Json) -> Result<Value, String> {
        if let Some(value) = written(&op.value) {
            self.contexts.remove(&value);
            return Ok(op.value.clone());
        }
        let values = Value::from(field(reply, "values")?);
        let Value::List(list) = &values else { return Err("`values` as a list".into()) };
        let key = op.key.as_ref().and_then(Value::as_int).unwrap_or_default();
        self.read.insert(key, (list.clone(), field(reply, "context")?.clone()));
        Ok(values)
    }
}

/// The value that a write writes.
fn written(value: &Value) -> Option<i64> {
    match value {
        Value::List(list) => list.first()?.as_int(),
        _ => None,
    }
}
