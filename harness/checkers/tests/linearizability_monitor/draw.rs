//! Histories of clients that use an object of any kind.

use super::random::Random;
use schism_checkers::linearizability::ModelKind;
use schism_history::{Entry, History, OpEvent, OpKind, Record, Value};
use std::collections::VecDeque;

/// What a history is drawn from.
#[derive(Clone, Copy)]
pub struct Drawn {
    pub model: &'static str,
    pub operations: usize,
    pub clients: u64,
    /// Of a hundred operations, how many crash, and how many are refused.
    pub crashed: u32,
    pub refused: u32,
    /// Of a hundred results, how many are wrong.
    pub wrong: u32,
    /// How many values there are; as many as are written, if none.
    pub values: Option<u32>,
}

/// An object of any kind, told of what its clients do.
#[derive(Default)]
struct Object {
    items: VecDeque<i64>,
    /// What was appended, by key.
    texts: [Vec<i64>; 3],
    held: [i64; 3],
    written: i64,
    given: i64,
    most: i64,
}

impl Object {
    fn asks(&mut self, drawn: &Drawn, random: &mut Random) -> (&'static str, Option<Value>, Value) {
        let puts = random.below(100) < 50;
        self.written += 1;
        let value = drawn.values.map_or(self.written, |n| i64::from(random.below(n)) + 1);
        let key = drawn.model.starts_with("kv").then(|| Value::Int(random.below(3).into()));
        let value = Value::Int(value);
        let (f, input) = match (drawn.model, puts) {
            ("set" | "set read", true) if random.below(2) == 0 => ("remove", value),
            ("set" | "set read", true) => ("add", value),
            ("set read", false) if random.below(3) == 0 => ("read", Value::Nil),
            ("set" | "set read", false) => ("contains", value),
            ("unique-id", _) => ("generate", Value::Nil),
            ("fifo-queue", true) => ("enqueue", value),
            ("fifo-queue", false) => ("dequeue", Value::Nil),
            ("stack", true) => ("push", value),
            ("stack", false) => ("pop", Value::Nil),
            // Older values are greater as often as not.
            ("priority-queue", true) => ("insert", mixed(&value)),
            ("priority-queue", false) => ("delete-max", Value::Nil),
            ("counter", true) => ("add", Value::Int(random.below(3).into())),
            ("counter down", true) => ("add", Value::Int(i64::from(random.below(5)) - 2)),
            ("counter get", true) => ("add-and-get", Value::Int(random.below(3).into())),
            ("append-log" | "kv list", true) => ("append", value),
            ("kv text", true) if random.below(3) > 0 => ("append", text(&value)),
            ("kv text", true) => ("write", text(&value)),
            // Mostly not much more or less than what is there.
            ("max-register", true) => {
                ("write", Value::Int((self.most + i64::from(random.below(7)) - 2).max(1)))
            }
            ("multi-register" | "multi-register:nil", _) => ("txn", transaction(random)),
            ("bank:10" | "bank", true) => {
                let from = random.below(3);
                let to = (from + 1 + random.below(2)) % 3;
                let numbers = [from, to, random.below(4)];
                let numbers = numbers.map(|number| Value::Int(number.into()));
                ("transfer", Value::List(numbers.into()))
            }
            (_, true) => ("write", value),
            (_, false) => ("read", Value::Nil),
        };
        (f, key, input)
    }

    /// What the parts of a transaction find and leave.
    fn performs(&mut self, parts: &[Value]) -> Value {
        let perform = |part: &Value| {
            let [f, key, value] = part.as_list().unwrap() else { return Value::Nil };
            let held = &mut self.held[key.as_int().unwrap() as usize];
            match f.as_str() {
                Some("write") => *held = value.as_int().unwrap(),
                _ if *held == 0 => return part.clone(),
                _ => return Value::List(vec![f.clone(), key.clone(), Value::Int(*held)]),
            }
            part.clone()
        };
        Value::List(parts.iter().map(perform).collect())
    }

    fn answers(&mut self, drawn: &Drawn, f: &str, key: Option<&Value>, input: &Value) -> Value {
        let key = key.and_then(Value::as_int).unwrap_or(0) as usize;
        let held = &mut self.held[key];
        let some = |value: i64| if value == 0 { Value::Nil } else { Value::Int(value) };
        match (f, input.as_int()) {
            ("read", _) if drawn.model == "set read" => {
                return Value::List(self.items.iter().map(|item| Value::Int(*item)).collect());
            }
            ("txn", _) => return self.performs(input.as_list().unwrap()),
            ("transfer", _) => {
                let parts = input.as_list().unwrap().iter().map(|part| part.as_int().unwrap());
                let [from, to, amount] = parts.collect::<Vec<_>>()[..] else { unreachable!() };
                // `held` is what came in or went out.
                let amount = amount.min(10 + self.held[from as usize]);
                self.held[from as usize] -= amount;
                self.held[to as usize] += amount;
                let parts = [from, to, amount].map(Value::Int);
                return Value::List(parts.into());
            }
            ("read", _) if drawn.model.starts_with("bank") => {
                let entries = self.held.iter().zip(0i64..);
                let entries = entries.map(|(held, at)| (Value::Int(at), Value::Int(10 + held)));
                return Value::Map(entries.collect());
            }
            ("read", _) if drawn.model == "max-register" => return Value::Int(self.most),
            ("write", Some(value)) if drawn.model == "max-register" => {
                self.most = self.most.max(value);
            }
            ("read", _) if matches!(drawn.model, "append-log" | "kv list" | "kv text") => {
                return drawn.list(self.texts[key].iter());
            }
            ("append", _) => self.texts[key].push(number(input)),
            ("write", None) => self.texts[key] = vec![number(input)],
            ("add" | "add-and-get", Some(delta)) if drawn.model.starts_with("counter") => {
                self.most += delta;
                return if f == "add" { Value::Nil } else { Value::Int(self.most) };
            }
            ("read", _) if drawn.model.starts_with("counter") => return Value::Int(self.most),
            ("enqueue" | "push" | "insert", Some(value)) => self.items.push_back(value),
            ("pop", _) => return self.items.pop_back().map_or(Value::Nil, Value::Int),
            ("delete-max", _) => {
                let greatest = (0..self.items.len()).max_by_key(|at| self.items[*at]);
                let taken = greatest.and_then(|at| self.items.remove(at));
                return taken.map_or(Value::Nil, Value::Int);
            }
            ("generate", _) => {
                self.given += 1;
                return Value::Int(self.given);
            }
            ("add", Some(value)) if self.items.contains(&value) => return Value::Bool(false),
            ("add", Some(value)) => {
                self.items.push_back(value);
                return Value::Bool(true);
            }
            ("remove", Some(value)) => {
                let there = self.items.contains(&value);
                self.items.retain(|item| *item != value);
                return Value::Bool(there);
            }
            ("contains", Some(value)) => return Value::Bool(self.items.contains(&value)),
            ("dequeue", _) => return self.items.pop_front().map_or(Value::Nil, Value::Int),
            ("read", _) => return some(*held),
            (_, Some(value)) => *held = value,
            (_, None) => {}
        }
        input.clone()
    }

    /// Something else that was there or will be.
    fn lies(&self, drawn: &Drawn, f: &str, answer: Value, random: &mut Random) -> Value {
        let told = matches!(f, "read" | "dequeue" | "pop" | "delete-max" | "add-and-get")
            || matches!(f, "contains" | "generate" | "txn")
            || matches!(answer, Value::Bool(_));
        if !told || random.below(100) >= drawn.wrong {
            return answer;
        }
        if let Value::Map(entries) = &answer {
            let mut entries = entries.clone();
            let at = random.below(3) as usize;
            let wrong = entries[at].1.as_int().unwrap() + i64::from(random.below(3)) - 1;
            entries[at].1 = Value::Int(wrong);
            return Value::Map(entries);
        }
        if let ("txn", Value::List(parts)) = (f, &answer) {
            let lie = |part: &Value| match part.as_list() {
                Some([f, key, _]) if f.as_str() == Some("read") => {
                    let value = Value::Int(i64::from(random.below(3)) + 1);
                    Value::List(vec![f.clone(), key.clone(), value])
                }
                _ => part.clone(),
            };
            return Value::List(parts.iter().map(lie).collect());
        }
        if let ("read", "append-log" | "kv list" | "kv text" | "set read") = (f, drawn.model) {
            let mut items = self.texts[random.below(3) as usize].clone();
            items.extend(self.items.iter().filter(|_| drawn.model == "set read"));
            match random.below(3) {
                0 => {
                    items.pop();
                }
                1 => items.push(self.written - i64::from(random.below(4))),
                _ if items.len() > 1 => items.swap(0, 1),
                _ => {}
            }
            return drawn.list(items.iter());
        }
        match i64::from(random.below(12)) {
            _ if matches!(answer, Value::Bool(_)) => Value::Bool(random.below(2) == 0),
            ago if drawn.model == "max-register" => Value::Int((self.most - ago + 3).max(0)),
            ago if drawn.model.starts_with("counter") => Value::Int(self.most - ago / 2 + 3),
            0 => Value::Nil,
            ago if f == "delete-max" => mixed(&Value::Int((self.written - ago + 2).max(1))),
            ago => Value::Int((self.written - ago + 2).max(1)),
        }
    }
}

/// A number for each, in another order.
fn mixed(value: &Value) -> Value {
    let value = value.as_int().unwrap_or(0);
    Value::Int(value % 7 * 1_000 + value)
}

/// One or two parts of one or two registers.
fn transaction(random: &mut Random) -> Value {
    let first = random.below(3);
    let keys = [first, (first + 1 + random.below(2)) % 3];
    let part = |key: u32| match random.below(2) {
        0 => Value::List(vec!["read".into(), Value::Int(key.into()), Value::Nil]),
        _ => {
            let value = Value::Int(i64::from(random.below(3)) + 1);
            Value::List(vec!["write".into(), Value::Int(key.into()), value])
        }
    };
    let count = 1 + keys[1] as usize % 2;
    Value::List(keys.into_iter().take(count).map(part).collect())
}

/// What is appended to text.
fn text(value: &Value) -> Value {
    format!("{value},").as_str().into()
}

/// Which value text is.
fn number(value: &Value) -> i64 {
    let text = value.as_str().and_then(|text| text.trim_end_matches(',').parse().ok());
    value.as_int().or(text).unwrap_or(0)
}

impl Drawn {
    /// The model it is watched by.
    pub fn kind(&self) -> ModelKind {
        let kind = self.model.split(' ').next().unwrap();
        ModelKind::parse(if self.model == "max-register" { "max-register:0" } else { kind })
            .unwrap()
    }

    /// What a read finds that holds these.
    fn list<'a>(&self, items: impl Iterator<Item = &'a i64>) -> Value {
        match self.model {
            "kv text" => items.map(|item| format!("{item},")).collect::<String>().as_str().into(),
            _ => Value::List(items.map(|item| Value::Int(*item)).collect()),
        }
    }
}

/// What a client is doing.
#[derive(Clone)]
enum Client {
    Idle,
    Asked(&'static str, Option<Value>, Value),
    Answered(&'static str, Option<Value>, Value, OpKind, Value),
}

pub fn draw(drawn: &Drawn, seed: u64) -> History {
    let mut random = Random::new(seed);
    let (mut object, mut records, mut begun) = (Object::default(), Vec::new(), 0);
    let mut clients: Vec<(u64, Client)> =
        (0..drawn.clients).map(|process| (process, Client::Idle)).collect();
    let mut next = drawn.clients;
    let busy = |clients: &[(u64, Client)]| clients.iter().any(|(_, c)| !matches!(c, Client::Idle));
    while begun < drawn.operations || busy(&clients) {
        let at = random.below(clients.len() as u32) as usize;
        let (process, client) = clients[at].clone();
        let mut tell = |kind, f: &str, key, value| {
            let index = records.len() as u64;
            let f = f.into();
            let event = OpEvent { process, kind, f, key, value, error: None, node: None };
            records.push(Record { index, time: index, entry: Entry::Op(event) });
        };
        clients[at].1 = match client {
            Client::Idle if begun < drawn.operations => {
                begun += 1;
                let (f, key, input) = object.asks(drawn, &mut random);
                tell(OpKind::Invoke, f, key.clone(), input.clone());
                Client::Asked(f, key, input)
            }
            Client::Idle => Client::Idle,
            Client::Asked(f, key, input) => {
                let fate = random.below(100);
                let happens = fate >= drawn.refused
                    && (fate.is_multiple_of(2) || fate >= drawn.refused + drawn.crashed);
                // One that is refused did not happen, or so it says.
                let happens = happens || random.below(100) < drawn.wrong;
                let answer = if happens {
                    object.answers(drawn, f, key.as_ref(), &input)
                } else {
                    input.clone()
                };
                let answer = object.lies(drawn, f, answer, &mut random);
                let kind = match fate {
                    _ if fate < drawn.refused => OpKind::Fail,
                    _ if fate < drawn.refused + drawn.crashed => OpKind::Info,
                    _ => OpKind::Ok,
                };
                Client::Answered(f, key, input, kind, answer)
            }
            Client::Answered(f, key, input, kind, answer) => {
                tell(kind, f, key, if kind == OpKind::Ok { answer } else { input });
                if kind == OpKind::Info {
                    (clients[at].0, next) = (next, next + 1);
                }
                Client::Idle
            }
        };
    }
    History { records, ..History::default() }
}
