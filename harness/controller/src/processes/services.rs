//! The services Maelstrom offers to nodes: key-value stores of three strengths, and timestamps.
//!
//! `lin-kv` is linearizable. `seq-kv` is sequentially consistent: a read may see any state that
//! is not older than the client's last, while a request that changes something happens now.
//! `lww-kv` is five replicas that gossip at random and let the last writer win. `lin-tso` counts.

use schism_nemesis::Rng;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// The services, by their number in the run.
pub(super) const NAMES: [&str; 4] = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];

/// How many past states `seq-kv` remembers.
const PAST: usize = 32;
/// How many replicas `lww-kv` has.
const REPLICAS: usize = 5;

/// A key's values; keys are any JSON, told apart by how it is written.
type Store = BTreeMap<String, Value>;

/// All of them.
pub(super) struct Services {
    linearizable: Store,
    sequential: Sequential,
    eventual: Eventual,
    timestamp: u64,
    rng: Rng,
}

impl Services {
    pub fn new(seed: u64) -> Services {
        Services {
            linearizable: Store::new(),
            sequential: Sequential::default(),
            eventual: Eventual::default(),
            timestamp: 0,
            rng: Rng::new(seed, &[0x7365_7276_6963_6573]),
        }
    }

    /// The number of the service with this name.
    pub fn find(name: &[u8]) -> Option<u8> {
        NAMES.iter().position(|n| n.as_bytes() == name).map(|at| at as u8)
    }

    /// Answers a request; the body of the answer.
    pub fn answer(&mut self, service: u8, client: &str, request: &Value) -> Value {
        let mut answer = match (service, Request::read(request)) {
            (3, _) if request["type"] == "ts" => {
                self.timestamp += 1;
                json!({"type": "ts_ok", "ts": self.timestamp - 1})
            }
            (0, Ok(request)) => apply(&mut self.linearizable, &request),
            (1, Ok(request)) => self.sequential.answer(client, &request, &mut self.rng),
            (2, Ok(request)) => self.eventual.answer(&request, &mut self.rng),
            (_, Ok(_)) => error(10, format!("{} only answers ts", NAMES[3])),
            (_, Err(answer)) => answer,
        };
        if let (Some(id), Some(fields)) = (request.get("msg_id"), answer.as_object_mut()) {
            fields.insert("in_reply_to".into(), id.clone());
        }
        answer
    }
}

fn error(code: u16, text: String) -> Value {
    json!({"type": "error", "code": code, "text": text})
}

/// A request to a store.
struct Request<'a> {
    key: String,
    what: What<'a>,
}

enum What<'a> {
    Read,
    Write(&'a Value),
    Cas { from: &'a Value, to: &'a Value, create: bool },
}

impl<'a> Request<'a> {
    fn read(body: &'a Value) -> Result<Request<'a>, Value> {
        let kind = body["type"].as_str().unwrap_or_default();
        let field = |name: &str| {
            body.get(name).ok_or_else(|| error(12, format!("{kind} lacks the field {name:?}")))
        };
        let what = match kind {
            "read" => What::Read,
            "write" => What::Write(field("value")?),
            "cas" => What::Cas {
                from: field("from")?,
                to: field("to")?,
                create: body["create_if_not_exists"] == true,
            },
            _ => return Err(error(10, format!("no service knows the request {kind:?}"))),
        };
        Ok(Request { key: field("key")?.to_string(), what })
    }
}

/// What a request does to the value of its key, and the answer.
fn change(old: Option<&Value>, what: &What) -> (Option<Value>, Value) {
    let missing = || error(20, "key does not exist".into());
    match (what, old) {
        (What::Read, Some(value)) => (None, json!({"type": "read_ok", "value": value})),
        (What::Read, None) => (None, missing()),
        (What::Write(value), _) => (Some((*value).clone()), json!({"type": "write_ok"})),
        (What::Cas { create: false, .. }, None) => (None, missing()),
        (What::Cas { from, to, .. }, old) => match old.filter(|old| old != from) {
            None => (Some((*to).clone()), json!({"type": "cas_ok"})),
            Some(old) => (None, error(22, format!("current value {old} is not {from}"))),
        },
    }
}

fn apply(store: &mut Store, request: &Request) -> Value {
    let (new, answer) = change(store.get(&request.key), &request.what);
    if let Some(new) = new {
        store.insert(request.key.clone(), new);
    }
    answer
}

/// Past changes, and how far each client has come.
#[derive(Default)]
struct Sequential {
    now: Store,
    /// The last changes: the key, and its value before.
    past: VecDeque<(String, Option<Value>)>,
    /// How many changes there were.
    changes: u64,
    seen: HashMap<String, u64>,
}

impl Sequential {
    fn answer(&mut self, client: &str, request: &Request, rng: &mut Rng) -> Value {
        let oldest = self.changes - self.past.len() as u64;
        let seen = self.seen.get(client).copied().unwrap_or(0).max(oldest);
        let state = seen + rng.below(self.changes - seen + 1);
        let (new, answer) = change(self.value_at(state, &request.key), &request.what);
        // Changing the past would change what others have seen since.
        let (state, answer) = match new {
            None => (state, answer),
            Some(_) => {
                let answer = self.change(request);
                (self.changes, answer)
            }
        };
        self.seen.insert(client.to_owned(), state);
        answer
    }

    fn change(&mut self, request: &Request) -> Value {
        let old = self.now.get(&request.key).cloned();
        let (new, answer) = change(old.as_ref(), &request.what);
        if let Some(new) = new {
            self.now.insert(request.key.clone(), new);
            self.past.push_back((request.key.clone(), old));
            self.changes += 1;
            if self.past.len() > PAST {
                self.past.pop_front();
            }
        }
        answer
    }

    /// A key's value after so many changes: what the first later change of it replaced.
    fn value_at(&self, state: u64, key: &str) -> Option<&Value> {
        let later = (self.changes - state) as usize;
        let mut since = self.past.iter().skip(self.past.len() - later);
        match since.find(|(changed, _)| changed == key) {
            Some((_, old)) => old.as_ref(),
            None => self.now.get(key),
        }
    }
}

/// Replicas whose values carry Lamport timestamps.
#[derive(Default)]
struct Eventual {
    replicas: [Replica; REPLICAS],
}

#[derive(Default)]
struct Replica {
    clock: u64,
    values: BTreeMap<String, (u64, Value)>,
}

impl Eventual {
    fn answer(&mut self, request: &Request, rng: &mut Rng) -> Value {
        let mut one = || rng.below(REPLICAS as u64) as usize;
        let (from, to, asked) = (one(), one(), one());
        if from != to {
            let gossip = std::mem::take(&mut self.replicas[from]);
            self.replicas[to].merge(&gossip);
            self.replicas[from] = gossip;
        }
        let replica = &mut self.replicas[asked];
        let old = replica.values.get(&request.key).map(|(_, value)| value);
        let (new, answer) = change(old, &request.what);
        if let Some(new) = new {
            replica.values.insert(request.key.clone(), (replica.clock, new));
            replica.clock += 1;
        }
        answer
    }
}

impl Replica {
    fn merge(&mut self, other: &Replica) {
        self.clock = self.clock.max(other.clock);
        for (key, theirs) in &other.values {
            let text = |value: &Value| value.to_string();
            // Equal timestamps must not let replicas disagree for ever, so the text decides.
            let newer = |ours: &(u64, Value)| match theirs.0.cmp(&ours.0) {
                Ordering::Equal => text(&theirs.1) > text(&ours.1),
                order => order == Ordering::Greater,
            };
            if self.values.get(key).is_none_or(newer) {
                self.values.insert(key.clone(), theirs.clone());
            }
        }
    }
}

/// The line of a message from a service, its type first like in those of our own nodes.
pub(super) fn line(service: u8, dest: &str, body: &Value) -> (Vec<u8>, usize) {
    let mut fields = body.as_object().cloned().unwrap_or_else(Map::new);
    let kind = fields.remove("type").unwrap_or_default();
    let rest = Value::Object(fields).to_string();
    let comma = if rest.len() > 2 { "," } else { "" };
    let body = format!(r#"{{"type":{kind}{comma}{}"#, &rest[1..]);
    let src = NAMES[usize::from(service)];
    (format!(r#"{{"src":"{src}","dest":"{dest}","body":{body}}}"#).into_bytes(), body.len())
}

#[cfg(test)]
#[path = "services_tests.rs"]
mod tests;
