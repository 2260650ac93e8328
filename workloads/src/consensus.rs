//! Consensus: every node proposes its own value in every instance.

use crate::{Client, Op, Workload, field};
use schism_history::Value;
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// `propose value` in instance after instance. A node's clients share the instances among them,
/// so that each instance meets one proposal from every node.
#[derive(Default)]
pub struct Consensus {
    /// The next instance of each client.
    rounds: HashMap<u32, i64>,
    /// Whether only 0 and 1 are proposed.
    binary: bool,
}

impl Consensus {
    /// The same with nothing but 0 and 1 to propose: in one instance in four all the same.
    pub fn binary() -> Self {
        Consensus { binary: true, ..Consensus::default() }
    }
}

impl Workload for Consensus {
    fn name(&self) -> &'static str {
        if self.binary { "binary-consensus" } else { "consensus" }
    }

    fn next(&mut self, client: &mut Client<'_>) -> Option<Op> {
        let nodes = u32::from(client.nodes);
        let (stream, streams) = (client.client / nodes, (client.clients / nodes).max(1));
        if stream >= streams {
            // One client too many to have a whole set of peers.
            return None;
        }
        let round = self.rounds.entry(client.client).or_default();
        let instance = *round * i64::from(streams) + i64::from(stream);
        *round += 1;
        // Every node has the least value in its turn: which one crashes must not matter.
        let rank = (i64::from(client.node.0) + instance) % i64::from(nodes);
        let value = match (self.binary, instance % 4) {
            (false, _) => instance * i64::from(nodes) + rank + 1,
            (true, 3) => instance / 4 % 2,
            (true, _) => rank % 2,
        };
        Some(Op::keyed("propose", instance, value))
    }

    fn bound_to_node(&self) -> bool {
        true
    }

    fn request(&self, op: &Op) -> Json {
        json!({"type": "propose", "instance": op.key_json(), "value": Json::from(&op.value)})
    }

    fn result(&mut self, _: &Op, reply: &Json) -> Result<Value, String> {
        field(reply, "value").map(Value::from)
    }
}
