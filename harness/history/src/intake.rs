//! Where records of text formats become a history.
//!
//! Foreign histories are looser than ours: indexes or times may be missing, independent objects
//! may hide in the value, the nemesis may stand among the clients. The parsers of JSON lines and
//! EDN hand in what they found; what it means is decided here, once for both.

use crate::nemesis::Nemesis;
use crate::rules::Rules;
use crate::{Broken, Entry, History, Keyed, Nanos, NodeId, OpEvent, OpKind, Record, Value, Worker};
use compact_str::CompactString;
use std::collections::HashMap;

/// An operation's end as a parser found it.
#[derive(Default)]
pub(crate) struct FoundOp {
    pub(crate) index: Option<i64>,
    pub(crate) time: Option<i64>,
    pub(crate) process: Option<Value>,
    pub(crate) kind: Option<Value>,
    pub(crate) f: Option<CompactString>,
    pub(crate) key: Option<Value>,
    pub(crate) value: Value,
    pub(crate) error: Option<CompactString>,
    pub(crate) node: Option<NodeId>,
}

/// Why a record was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is not what it should be.
    Malformed(String),
    /// It may not follow the records before it.
    Broken(Broken),
    /// It is the one whose place is sought.
    Sought,
}

impl From<Broken> for Refused {
    fn from(broken: Broken) -> Self {
        Refused::Broken(broken)
    }
}

fn malformed<T>(problem: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Malformed(problem.into()))
}

/// Collects records into a history.
pub(crate) struct Intake {
    pub(crate) history: History,
    /// How many records were left out because a history has no place for them.
    pub(crate) skipped: u64,
    keyed: Keyed,
    /// The index of a record whose place is sought.
    pub(crate) sought: Option<u64>,
    rules: Rules,
    nemesis: Nemesis,
    /// The key of each process's open operation, where keys come out of values.
    keys: HashMap<Worker, Value>,
    next_index: u64,
    /// The time of the last record; none before the first.
    last_time: Option<Nanos>,
}

impl Intake {
    pub(crate) fn new(keyed: Keyed) -> Intake {
        Intake {
            history: History::default(),
            skipped: 0,
            keyed,
            sought: None,
            rules: Rules::default(),
            nemesis: Nemesis::default(),
            keys: HashMap::new(),
            next_index: 0,
            last_time: None,
        }
    }

    /// Takes a record. A missing (or negative) index is the next one; a missing time is just after
    /// the record before; a time that runs backwards is raised, as the order of the records is the
    /// truth and clocks read by different threads are not.
    pub(crate) fn record(
        &mut self,
        index: Option<i64>,
        time: Option<i64>,
        entry: Entry,
    ) -> Result<(), Refused> {
        let index = index.and_then(|i| u64::try_from(i).ok()).unwrap_or(self.next_index);
        if self.sought == Some(index) {
            return Err(Refused::Sought);
        }
        let time = match (time, self.last_time) {
            (Some(time), last) => u64::try_from(time).unwrap_or(0).max(last.unwrap_or(0)),
            (None, last) => last.map_or(0, |last| last.saturating_add(1)),
        };
        let record = Record { index, time, entry };
        self.rules.follow(&record)?;
        self.next_index = index.saturating_add(1);
        self.last_time = Some(time);
        self.history.records.push(record);
        Ok(())
    }

    /// Takes an operation's end, or what stands in its place.
    pub(crate) fn op(&mut self, op: FoundOp) -> Result<(), Refused> {
        let kind = match op.kind {
            Some(kind) => match op_kind(&kind) {
                Some(kind) => kind,
                None => {
                    return malformed(format!(
                        "expected type invoke, ok, fail or info, found {kind}"
                    ));
                }
            },
            None => return malformed("an operation without a type: invoke, ok, fail or info"),
        };
        let process = match op.process {
            Some(Value::Int(process)) => match Worker::try_from(process) {
                Ok(process) => process,
                Err(_) => return malformed(format!("expected a process from 0, found {process}")),
            },
            // Whoever is not a number is not a client.
            Some(Value::Keyword(name) | Value::Str(name)) => {
                let f = op.f.as_deref().unwrap_or_default();
                let nemesis = bare(&name) == "nemesis";
                return match nemesis.then(|| self.nemesis.acts(f, &op.value)).flatten() {
                    Some(fault) => self.record(op.index, op.time, Entry::Fault(fault)),
                    None => self.skip(op.index),
                };
            }
            Some(other) => {
                return malformed(format!(
                    "expected a process, a number or nemesis, found {other}"
                ));
            }
            None => return malformed("an operation without a process"),
        };
        let Some(f) = op.f else { return malformed("an operation without a function, f") };
        let (key, value) = match self.keyed {
            Keyed::Field => (op.key, op.value),
            Keyed::None => (None, op.value),
            Keyed::Tuple => self.untie(process, kind, op.value)?,
        };
        let entry = OpEvent { process, kind, f, key, value, error: op.error, node: op.node };
        self.record(op.index, op.time, Entry::Op(entry))
    }

    /// Leaves a record out; its index is used up all the same.
    fn skip(&mut self, index: Option<i64>) -> Result<(), Refused> {
        self.skipped += 1;
        if index.is_none() {
            self.next_index = self.next_index.saturating_add(1);
        }
        Ok(())
    }

    /// Takes the key out of a value that is a pair of both.
    fn untie(
        &mut self,
        process: Worker,
        kind: OpKind,
        value: Value,
    ) -> Result<(Option<Value>, Value), Refused> {
        let (key, value) = match value {
            Value::List(pair) => match <[Value; 2]>::try_from(pair) {
                Ok([key, value]) => (key, value),
                Err(list) => {
                    let list = Value::List(list);
                    return malformed(format!("expected a value [key value], found {list}"));
                }
            },
            // A completion that has lost its value is still of the key that was invoked.
            Value::Nil if kind != OpKind::Invoke => {
                (self.keys.get(&process).cloned().unwrap_or_default(), Value::Nil)
            }
            other => return malformed(format!("expected a value [key value], found {other}")),
        };
        if kind == OpKind::Invoke {
            self.keys.insert(process, key.clone());
        }
        Ok((Some(key), value))
    }
}

/// A name without the colon of a keyword that was written as a string.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix(':').unwrap_or(name)
}

fn op_kind(value: &Value) -> Option<OpKind> {
    Some(match bare(value.as_str()?) {
        "invoke" => OpKind::Invoke,
        "ok" => OpKind::Ok,
        "fail" => OpKind::Fail,
        "info" => OpKind::Info,
        _ => return None,
    })
}
