//! One entry of a key-value store. Each key is an object of its own.

use super::register::cas_result;
use super::{NIL, Symbols};
use crate::linearizability::fast::{self, Access, Found, Growth, Passage, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate, failed_without_reason};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, FailedCas, Options};
use schism_history::{Outcome, Value};

/// What can be done to an entry. Values are numbered by [`Symbols`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KvOp {
    /// Returned this; nil if there was no entry.
    Read(u32),
    /// Stored this; nil deletes the entry.
    Write(u32),
    /// Compared with the first, stored the second if equal; whether it did, if that is known.
    Cas(u32, u32, Option<bool>),
    /// Added this to the end of what was there: of a string or of a list.
    Append(u32),
    /// Returned this, of what the operations are about.
    Glimpse(Box<Value>),
    /// Returned something with this in it, which nobody wrote.
    Stray(Box<Value>),
}

/// One entry of a key-value store.
#[derive(Clone, Debug, Default)]
pub struct Kv {
    /// The values of the history.
    pub symbols: Symbols,
    /// What every entry holds at first.
    pub initial: Value,
    failed_cas: FailedCas,
}

/// Whether a read of `read` is right when the entry holds `state`: stores that have no word for
/// nothing return an empty string or list.
fn same(state: &Value, read: &Value) -> bool {
    state == read || (is_empty(state) && is_empty(read))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::Str(s) => s.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// Adds to what stands in the entry.
fn append(state: &mut Value, value: &Value) {
    match (&mut *state, value) {
        (Value::Str(text), Value::Str(more)) => text.push_str(more),
        (Value::Nil, Value::Str(_)) => *state = value.clone(),
        (Value::Nil, _) => *state = Value::List(vec![value.clone()]),
        (Value::List(items), _) => items.push(value.clone()),
        (other, _) => *state = Value::List(vec![other.clone(), value.clone()]),
    }
}

/// Whether appending to `state` may at some time give `read`.
fn may_grow_into(state: &Value, read: &Value) -> bool {
    match (state, read) {
        (Value::Str(state), Value::Str(read)) => read.starts_with(state.as_str()),
        (Value::List(state), Value::List(read)) => read.starts_with(state),
        (Value::Nil, _) => true,
        (state, Value::List(read)) => read.first() == Some(state),
        (state, read) => same(state, read),
    }
}

impl Kv {
    /// What an operation does that reads or writes an entry that holds nothing at first. A read may
    /// find a written nothing as well as that.
    pub(crate) fn access(&self, op: &KvOp) -> Option<Access> {
        let (KvOp::Read(value) | KvOp::Write(value)) = *op else { return None };
        let write = matches!(op, KvOp::Write(_));
        match is_empty(self.symbols.value(value)) {
            true if write => None,
            true => Some(Access { value: NIL, write }),
            false => Some(Access { value, write }),
        }
    }

    /// What an operation found and left. Nothing is written in several ways.
    fn passage(&self, op: &KvOp) -> Passage {
        let plain = |value| if is_empty(self.symbols.value(value)) { NIL } else { value };
        match *op {
            KvOp::Read(value) => Passage { found: Some(plain(value)), ..Passage::default() },
            KvOp::Write(value) => Passage { found: None, left: Some(plain(value)), certain: true },
            KvOp::Cas(old, new, matched) => Passage {
                found: (matched == Some(true)).then_some(plain(old)),
                left: (matched != Some(false)).then_some(plain(new)),
                certain: matched == Some(true),
            },
            KvOp::Append(_) | KvOp::Glimpse(_) | KvOp::Stray(_) => Passage::default(),
        }
    }

    /// What an operation does to an entry that is text.
    pub(crate) fn text<'a>(&'a self, op: &'a KvOp) -> Option<Growth<&'a str>> {
        let text = |value: u32| match self.symbols.value(value) {
            Value::Str(text) => Some(text.as_str()),
            value => is_empty(value).then_some(""),
        };
        match *op {
            KvOp::Read(value) => text(value).map(Growth::Read),
            KvOp::Write(value) => text(value).map(Growth::Write),
            KvOp::Append(value) => text(value).map(Growth::Append),
            KvOp::Cas(..) | KvOp::Glimpse(_) | KvOp::Stray(_) => None,
        }
    }

    /// What an operation does to an entry that is a list.
    pub(crate) fn list<'a>(&'a self, op: &'a KvOp) -> Option<Growth<&'a [Value]>> {
        match *op {
            KvOp::Read(value) => match self.symbols.value(value) {
                Value::List(items) => Some(Growth::Read(items)),
                value => is_empty(value).then_some(Growth::Read(&[])),
            },
            KvOp::Append(value) => match self.symbols.value(value) {
                // Behind other text it would not be an element.
                Value::Str(_) => None,
                value => Some(Growth::Append(std::slice::from_ref(value))),
            },
            KvOp::Write(_) | KvOp::Cas(..) | KvOp::Glimpse(_) | KvOp::Stray(_) => None,
        }
    }

    /// An entry over these values that holds this one at first.
    pub fn new(symbols: Symbols, initial: Value) -> Kv {
        Kv { symbols, initial, ..Kv::default() }
    }
}

impl Spec for Kv {
    type Op = KvOp;
    type State = Value;

    fn init(&self) -> Vec<Value> {
        vec![self.initial.clone()]
    }

    fn step(&self, state: &Value, op: &KvOp, _: &Deadline) -> Step<Value> {
        match *op {
            KvOp::Read(value) => {
                Step::when(same(state, self.symbols.value(value)), || state.clone())
            }
            KvOp::Write(value) => Step::To(self.symbols.value(value).clone()),
            KvOp::Cas(old, new, matched) => {
                let hit = state == self.symbols.value(old);
                Step::when(matched.is_none_or(|m| m == hit), || {
                    if hit { self.symbols.value(new).clone() } else { state.clone() }
                })
            }
            KvOp::Append(value) => {
                let mut next = state.clone();
                append(&mut next, self.symbols.value(value));
                Step::To(next)
            }
            KvOp::Glimpse(ref value) => Step::when(same(state, value), || state.clone()),
            KvOp::Stray(_) => Step::Reject,
        }
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o KvOp>,
        _: &Deadline,
    ) -> Option<usize> {
        let mut state = self.initial.clone();
        ops.position(|op| match op {
            KvOp::Read(value) => !same(&state, self.symbols.value(*value)),
            KvOp::Append(value) => {
                append(&mut state, self.symbols.value(*value));
                false
            }
            _ => match self.step(&state, op, &Deadline::never()) {
                Step::To(next) => {
                    state = next;
                    false
                }
                _ => true,
            },
        })
    }

    fn forget(&self, op: &KvOp) -> Option<KvOp> {
        match *op {
            KvOp::Read(_) | KvOp::Glimpse(_) | KvOp::Stray(_) => None,
            KvOp::Cas(old, new, _) => Some(KvOp::Cas(old, new, None)),
            KvOp::Write(_) | KvOp::Append(_) => Some(op.clone()),
        }
    }

    fn leaves(&self, op: &KvOp) -> Option<Value> {
        match *op {
            // Nothing is written in several ways.
            KvOp::Read(value) => Some(self.symbols.value(value).clone()).filter(|v| !is_empty(v)),
            KvOp::Write(value) | KvOp::Cas(_, value, Some(true)) => {
                Some(self.symbols.value(value).clone())
            }
            KvOp::Cas(..) | KvOp::Append(_) | KvOp::Glimpse(_) | KvOp::Stray(_) => None,
        }
    }

    fn pure(&self, op: &KvOp) -> bool {
        match op {
            KvOp::Read(_) | KvOp::Glimpse(_) | KvOp::Stray(_) | KvOp::Cas(_, _, Some(false)) => {
                true
            }
            KvOp::Write(_) | KvOp::Cas(..) | KvOp::Append(_) => false,
        }
    }

    fn overwrite(&self, op: &KvOp) -> bool {
        matches!(op, KvOp::Write(_))
    }

    fn total(&self, op: &KvOp) -> bool {
        matches!(op, KvOp::Write(_) | KvOp::Append(_) | KvOp::Cas(_, _, None))
    }

    fn reset(&self, op: &KvOp) -> bool {
        matches!(op, KvOp::Write(_) | KvOp::Cas(_, _, None | Some(true)))
    }

    fn looks_ahead(&self) -> bool {
        true
    }

    fn hopeless(&self, state: &Value, op: &KvOp) -> bool {
        let read = match op {
            KvOp::Read(value) => self.symbols.value(*value),
            KvOp::Glimpse(value) => value,
            KvOp::Stray(_) => return true,
            KvOp::Write(_) | KvOp::Cas(..) | KvOp::Append(_) => return false,
        };
        !same(state, read) && !may_grow_into(state, read)
    }

    fn state_bytes(&self, state: &Value) -> usize {
        size_of::<Value>()
            + match state {
                Value::Str(s) if s.is_heap_allocated() => s.capacity(),
                Value::List(items) => items.len() * size_of::<Value>(),
                _ => 0,
            }
    }

    fn shortcut(&self, calls: &[Call<KvOp>], order: bool) -> Option<Shortcut<Self::Op>> {
        if !self.initial.is_nil() {
            return None;
        }
        let appended = calls.iter().find_map(|call| match call.op {
            KvOp::Append(value) => Some(self.symbols.value(value)),
            _ => None,
        });
        match appended {
            None => fast::register(calls, |op| self.access(op), NIL, order)
                .or_else(|| fast::stale(calls, |op| self.passage(op), KvOp::Write, NIL)),
            Some(Value::Str(_)) => {
                let glimpse = |found: Found<&str>| match found {
                    Found::Of(parts) => KvOp::Glimpse(Box::new(parts.concat()[..].into())),
                    Found::Stray(rest) => KvOp::Stray(Box::new(rest.into())),
                };
                fast::appends(calls, |op| self.text(op), glimpse, order)
            }
            Some(_) => {
                let glimpse = |found: Found<&[Value]>| match found {
                    Found::Of(parts) => KvOp::Glimpse(Box::new(parts.concat().into())),
                    Found::Stray(rest) => KvOp::Stray(Box::new(rest[0].clone())),
                };
                fast::appends(calls, |op| self.list(op), glimpse, order)
            }
        }
    }

    fn why_not(&self, state: &Value, op: &KvOp) -> String {
        match op {
            KvOp::Glimpse(_) if is_empty(state) => "the value held none of these".into(),
            KvOp::Glimpse(_) => format!("of these, the value held {state}"),
            KvOp::Stray(value) => format!("nobody had written {value}"),
            KvOp::Cas(_, _, Some(false)) => format!("the value was {state}, which matches"),
            _ => format!("the value was {state}"),
        }
    }

    fn describe(&self, op: &KvOp) -> String {
        let show = |value: u32| self.symbols.value(value);
        match *op {
            KvOp::Read(value) => format!("read returned {}", show(value)),
            KvOp::Write(value) if show(value).is_nil() => "delete".into(),
            KvOp::Write(value) => format!("write of {}", show(value)),
            KvOp::Cas(old, new, Some(true)) => {
                format!("cas from {} to {} succeeded", show(old), show(new))
            }
            KvOp::Cas(old, new, Some(false)) => {
                format!("cas from {} to {} failed", show(old), show(new))
            }
            KvOp::Cas(old, new, None) => format!("cas from {} to {}", show(old), show(new)),
            KvOp::Append(value) => format!("append of {}", show(value)),
            KvOp::Glimpse(ref value) if is_empty(value) => "read returned none of these".into(),
            KvOp::Glimpse(ref value) => format!("read returned, of these, {value}"),
            KvOp::Stray(ref value) => format!("read returned something with {value} in it"),
        }
    }

    fn describe_state(&self, state: &Value) -> String {
        state.to_string()
    }
}

/// The field of a map value with this name.
fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Map(entries) => {
            entries.iter().find(|(k, _)| k.as_str() == Some(name)).map(|(_, v)| v)
        }
        _ => None,
    }
}

/// What an operation says apart from its key: the history's own key, `{key …, value …}`,
/// `[key value]`, or for reads the key alone.
fn payload<'a>(call: &RawCall<'a>, value: &'a Value) -> &'a Value {
    if call.key().is_some() {
        return value;
    }
    match value {
        Value::Map(_) => field(value, "value").unwrap_or(&Value::Nil),
        Value::List(items) => match &items[..] {
            [_, payload] => payload,
            _ => value,
        },
        _ => value,
    }
}

/// Both sides of a comparison, however they are written.
fn comparison<'a>(call: &RawCall<'a>) -> Option<(&'a Value, &'a Value)> {
    let input = call.input();
    if let (Some(old), Some(new)) = (
        field(input, "old").or_else(|| field(input, "from")),
        field(input, "new").or_else(|| field(input, "to")),
    ) {
        return Some((old, new));
    }
    if let (None, Some([_, old, new])) = (call.key(), input.as_list()) {
        return Some((old, new));
    }
    match payload(call, input).as_list() {
        Some([old, new]) => Some((old, new)),
        _ => None,
    }
}

impl Translate for Kv {
    const MODEL: Model = Model::Kv;

    fn starting(kind: &ModelKind, options: &Options) -> Result<Self, CheckError> {
        Ok(Kv {
            symbols: Symbols::default(),
            initial: kind.initial.clone().unwrap_or_default(),
            failed_cas: options.failed_cas,
        })
    }

    fn survey(&mut self, calls: &[RawCall<'_>]) -> Option<String> {
        failed_without_reason(calls, self.failed_cas)
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<KvOp>, Mismatch> {
        let happened = call.outcome() != Outcome::Fail;
        Ok(match call.f() {
            "read" | "r" | "get" => call.output().map(|output| {
                let read = match (call.key(), output) {
                    (None, Value::Map(_)) => payload(call, output),
                    (None, Value::List(items)) if items.len() == 2 && self.keyed(call, items) => {
                        &items[1]
                    }
                    _ => output,
                };
                KvOp::Read(self.symbols.number(read))
            }),
            "write" | "w" | "put" | "set" => {
                happened.then(|| KvOp::Write(self.symbols.number(payload(call, call.input()))))
            }
            "append" => {
                happened.then(|| KvOp::Append(self.symbols.number(payload(call, call.input()))))
            }
            "delete" | "del" | "remove" => happened.then_some(KvOp::Write(NIL)),
            "cas" | "compare-and-set" => {
                let Some((old, new)) = comparison(call) else {
                    return Err(Mismatch::input(
                        call,
                        "[old new] with a key, [key [old new]] or {key … old … new …}",
                    ));
                };
                let (old, new) = (self.symbols.number(old), self.symbols.number(new));
                cas_result(call, self.failed_cas).map(|hit| KvOp::Cas(old, new, hit))
            }
            _ => {
                let expected = "`read`, `write`, `cas`, `append`, `delete`";
                return Err(Mismatch::function(call, expected));
            }
        })
    }

    fn object<'a>(&self, call: &RawCall<'a>) -> Option<&'a Value> {
        call.key().or_else(|| match call.input() {
            value @ Value::Map(_) => field(value, "key"),
            Value::List(items) => items.first(),
            key => Some(key),
        })
    }
}

impl Kv {
    /// Whether a list of two that a read returned is `[key value]`.
    fn keyed(&self, call: &RawCall<'_>, items: &[Value]) -> bool {
        self.object(call) == items.first()
    }
}
