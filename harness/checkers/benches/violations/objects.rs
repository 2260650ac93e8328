//! An object of each kind that performs operations one after the other, as a right one does.

use super::random::Random;
use schism_history::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a client asks for.
#[derive(Clone)]
pub struct Request {
    pub f: &'static str,
    pub key: Option<Value>,
    pub input: Value,
}

/// An object, or a copy of one as it was.
pub trait Object {
    /// What a client asks for next, given what it did last.
    fn request(&mut self, random: &mut Random, last: Option<&Request>) -> Request;
    /// What it returns: `None` if the client has to wait, `Err` if it is refused.
    fn perform(&mut self, process: u64, request: &Request) -> Option<Result<Value, &'static str>>;
    /// Whether a process may ask for nothing more after this, of which nobody will know.
    fn leave(&mut self, _process: u64, _request: &Request) -> bool {
        true
    }
    /// The object as it is.
    fn copy(&self) -> Box<dyn Object>;
}

fn request(f: &'static str, input: impl Into<Value>) -> Request {
    Request { f, key: None, input: input.into() }
}

fn int(n: u32) -> Value {
    Value::Int(n.into())
}

/// Registers, one for each key: written with few values or unique ones, compared and set,
/// appended to.
#[derive(Clone)]
pub struct Registers {
    /// How many keys; without one, there are no keys in the history.
    pub keys: u32,
    /// How many values, or as many as writes.
    pub values: Option<u32>,
    /// Of a hundred operations, how many are compare-and-set and how many append.
    pub cas: u32,
    pub append: u32,
    pub held: BTreeMap<u32, Value>,
    pub next: u32,
}

impl Registers {
    pub fn new(keys: u32, values: Option<u32>, cas: u32, append: u32) -> Registers {
        Registers { keys, values, cas, append, held: BTreeMap::new(), next: 0 }
    }

    fn value(&mut self, random: &mut Random) -> u32 {
        self.next += 1;
        self.values.map_or(self.next, |n| random.below(n))
    }

    fn key(key: Option<&Value>) -> u32 {
        key.and_then(Value::as_int).unwrap_or(0) as u32
    }
}

impl Object for Registers {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        let what = random.below(100);
        let request = if what < self.cas {
            let (old, new) = (self.value(random), self.value(random));
            request("cas", vec![int(old), int(new)])
        } else if what < self.cas + self.append {
            let token = self.value(random);
            request("append", format!("{token},").as_str())
        } else if random.below(2) == 0 {
            request("read", Value::Nil)
        } else {
            let value = self.value(random);
            let text = self.append > 0;
            let value = if text { format!("{value},").as_str().into() } else { int(value) };
            request("write", value)
        };
        let key = (self.keys > 0).then(|| int(random.below(self.keys)));
        Request { key, ..request }
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        let held = self.held.entry(Registers::key(request.key.as_ref())).or_default();
        Some(match request.f {
            "read" => Ok(held.clone()),
            "cas" => match request.input.as_list() {
                Some([old, new]) if old == held => {
                    *held = new.clone();
                    Ok(request.input.clone())
                }
                _ => Err("did not match"),
            },
            "append" => {
                let old = held.as_str().unwrap_or_default();
                *held = format!("{old}{}", request.input.as_str().unwrap_or_default())[..].into();
                Ok(request.input.clone())
            }
            _ => {
                *held = request.input.clone();
                Ok(request.input.clone())
            }
        })
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// Several registers read and written at once.
#[derive(Clone, Default)]
pub struct Multi {
    held: BTreeMap<u32, u32>,
    next: u32,
}

impl Object for Multi {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        let first = random.below(5);
        let other = (first + 1 + random.below(4)) % 5;
        let mut parts = Vec::new();
        for key in [first, other].into_iter().take(1 + random.below(2) as usize) {
            self.next += 1;
            parts.push(match random.below(2) {
                0 => vec!["read".into(), int(key), Value::Nil].into(),
                _ => vec!["write".into(), int(key), int(self.next % 10)].into(),
            });
        }
        request("txn", Value::List(parts))
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        let parts = request.input.as_list()?.iter().map(|part| {
            let [f, key, value] = part.as_list()? else { return None };
            let number = key.as_int()? as u32;
            let value = match f.as_str()? {
                "read" => self.held.get(&number).map_or(Value::Nil, |v| int(*v)),
                _ => {
                    self.held.insert(number, value.as_int()? as u32);
                    value.clone()
                }
            };
            Some(Value::List(vec![f.clone(), key.clone(), value]))
        });
        Some(Ok(Value::List(parts.collect::<Option<Vec<Value>>>()?)))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// A lock of any kind: so many permits, held by so many, with tokens.
#[derive(Clone)]
pub struct Lock {
    pub permits: usize,
    pub reentrant: bool,
    pub fenced: bool,
    holders: Vec<u64>,
    token: u32,
}

impl Lock {
    pub fn new(permits: usize, reentrant: bool, fenced: bool) -> Lock {
        Lock { permits, reentrant, fenced, holders: Vec::new(), token: 0 }
    }
}

impl Object for Lock {
    fn request(&mut self, random: &mut Random, last: Option<&Request>) -> Request {
        match last {
            // Twice, then given back twice.
            Some(last) if last.f == "acquire" && self.reentrant && last.input.is_nil() => {
                if random.below(2) == 0 { request("acquire", 2) } else { request("release", 1) }
            }
            Some(last) if last.f == "acquire" && last.input.as_int() == Some(2) => {
                request("release", 2)
            }
            Some(last) if last.f == "release" && last.input.as_int() == Some(2) => {
                request("release", 1)
            }
            Some(last) if last.f == "acquire" => request("release", Value::Nil),
            _ => request("acquire", Value::Nil),
        }
    }

    fn perform(&mut self, process: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        if request.f == "release" {
            if let Some(at) = self.holders.iter().position(|holder| *holder == process) {
                self.holders.swap_remove(at);
            }
            return Some(Ok(Value::Nil));
        }
        let own = self.reentrant && self.holders.contains(&process);
        if self.holders.len() >= self.permits && !own {
            return None;
        }
        self.holders.push(process);
        self.token += 1;
        Some(Ok(if self.fenced { int(self.token) } else { Value::Nil }))
    }

    /// Nobody gives back what it holds, so an acquisition did not happen, and what it holds
    /// besides keeps it.
    fn leave(&mut self, process: u64, request: &Request) -> bool {
        let taken = usize::from(request.f == "acquire");
        let held = self.holders.iter().filter(|holder| **holder == process).count();
        if held == taken {
            self.holders.retain(|holder| *holder != process);
        }
        held == taken
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// What a collection gives out first.
#[derive(Clone, Copy, PartialEq)]
pub enum First {
    In,
    Last,
    Greatest,
}

/// Queue, stack or priority queue.
#[derive(Clone)]
pub struct Collection {
    pub first: First,
    pub values: Option<u32>,
    items: VecDeque<u32>,
    next: u32,
}

impl Collection {
    pub fn new(first: First, values: Option<u32>) -> Collection {
        Collection { first, values, items: VecDeque::new(), next: 0 }
    }
}

impl Object for Collection {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        let (put, take) = match self.first {
            First::In => ("enqueue", "dequeue"),
            First::Last => ("push", "pop"),
            First::Greatest => ("insert", "delete-max"),
        };
        if random.below(100) < 50 {
            self.next += 1;
            request(put, int(self.values.map_or(self.next, |n| random.below(n))))
        } else {
            request(take, Value::Nil)
        }
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        if let Some(value) = request.input.as_int() {
            self.items.push_back(value as u32);
            return Some(Ok(request.input.clone()));
        }
        let taken = match self.first {
            First::In => self.items.pop_front(),
            First::Last => self.items.pop_back(),
            First::Greatest => {
                let greatest = (0..self.items.len()).max_by_key(|at| self.items[*at]);
                greatest.and_then(|at| self.items.remove(at))
            }
        };
        Some(Ok(taken.map_or(Value::Nil, int)))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// A set, with or without reads of the whole.
#[derive(Clone)]
pub struct Elements {
    pub whole: bool,
    pub elements: u32,
    held: BTreeSet<u32>,
}

impl Elements {
    pub fn new(whole: bool, elements: u32) -> Elements {
        Elements { whole, elements, held: BTreeSet::new() }
    }
}

impl Object for Elements {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        let element = int(random.below(self.elements));
        match random.below(4) {
            0 => request("add", element),
            1 => request("remove", element),
            2 if self.whole => request("read", Value::Nil),
            _ => request("contains", element),
        }
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        let element = request.input.as_int().unwrap_or_default() as u32;
        Some(Ok(match request.f {
            "add" => Value::Bool(self.held.insert(element)),
            "remove" => Value::Bool(self.held.remove(&element)),
            "contains" => Value::Bool(self.held.contains(&element)),
            _ => Value::Set(self.held.iter().map(|e| int(*e)).collect()),
        }))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// A number that is added to, or raised.
#[derive(Clone)]
pub struct Number {
    pub raised: bool,
    pub returns: bool,
    held: i64,
}

impl Number {
    pub fn new(raised: bool, returns: bool) -> Number {
        Number { raised, returns, held: 0 }
    }
}

impl Object for Number {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        if random.below(2) == 0 {
            return request("read", Value::Nil);
        }
        if self.raised {
            let raised = self.held + i64::from(random.below(7)) - 2;
            return request("write", raised.max(0));
        }
        let f = if self.returns { "add-and-get" } else { "add" };
        request(f, i64::from(random.below(5)) + 1)
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        let input = request.input.as_int().unwrap_or_default();
        match request.f {
            "read" => return Some(Ok(self.held.into())),
            "write" => self.held = self.held.max(input),
            _ => self.held += input,
        }
        let result = if request.f == "add-and-get" { self.held.into() } else { Value::Nil };
        Some(Ok(result))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// A log that is read as a whole now and then.
#[derive(Clone, Default)]
pub struct Log {
    held: Vec<Value>,
    next: u32,
}

impl Object for Log {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        if random.below(10) == 0 {
            return request("read", Value::Nil);
        }
        self.next += 1;
        request("append", int(self.next))
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        if request.f == "read" {
            return Some(Ok(Value::List(self.held.clone())));
        }
        self.held.push(request.input.clone());
        Some(Ok(request.input.clone()))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// Accounts of a bank.
#[derive(Clone)]
pub struct Accounts {
    held: Vec<i64>,
}

impl Accounts {
    pub fn new(accounts: usize) -> Accounts {
        Accounts { held: vec![10; accounts] }
    }
}

impl Object for Accounts {
    fn request(&mut self, random: &mut Random, _: Option<&Request>) -> Request {
        let count = self.held.len() as u32;
        if random.below(2) == 0 {
            return request("read", Value::Nil);
        }
        let from = random.below(count);
        let to = (from + 1 + random.below(count - 1)) % count;
        request("transfer", vec![int(from), int(to), int(1 + random.below(5))])
    }

    fn perform(&mut self, _: u64, request: &Request) -> Option<Result<Value, &'static str>> {
        let Some([from, to, amount]) = request.input.as_list() else {
            let entries = self.held.iter().zip(0..).map(|(held, at)| (int(at), (*held).into()));
            return Some(Ok(Value::Map(entries.collect())));
        };
        let (from, to, amount) = (from.as_int()?, to.as_int()?, amount.as_int()?);
        if self.held[from as usize] < amount {
            return Some(Err("not enough"));
        }
        self.held[from as usize] -= amount;
        self.held[to as usize] += amount;
        Some(Ok(request.input.clone()))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}

/// A generator of identifiers.
#[derive(Clone, Default)]
pub struct Ids {
    next: u32,
}

impl Object for Ids {
    fn request(&mut self, _: &mut Random, _: Option<&Request>) -> Request {
        request("generate", Value::Nil)
    }

    fn perform(&mut self, _: u64, _: &Request) -> Option<Result<Value, &'static str>> {
        self.next += 1;
        Some(Ok(int(self.next)))
    }

    fn copy(&self) -> Box<dyn Object> {
        Box::new(self.clone())
    }
}
