//! How values are serialized: compactly in our own file, as plain JSON elsewhere.
//!
//! JSON has no sets, no keywords, no NaN and only strings for keys. So that a history survives the
//! detour, a set is written `{"#set": [..]}`, a map with other keys `{"#map": [[key, value], ..]}`
//! and a number JSON lacks `{"#real": "NaN"}`. Keywords become strings, which is what people who
//! read JSON expect of them. (What is *sent* to a system under test is plain JSON: there
//! `serde_json::Value::from` applies, which drops these distinctions.)

use crate::{Real, Value};
use compact_str::CompactString;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::cell::Cell;
use std::fmt;

/// Values nested deeper are refused, before they exhaust the stack. Text formats stop earlier, so
/// whatever they import can be recorded.
const DEEPEST: usize = 200;

const SET: &str = "#set";
const MAP: &str = "#map";
const REAL: &str = "#real";

/// The compact form: serde's derived one.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Value")]
enum Compact {
    Nil,
    Bool(bool),
    Int(i64),
    Real(Real),
    Str(CompactString),
    Keyword(CompactString),
    List(Vec<Value>),
    Set(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

thread_local! {
    /// How deep the compact value being written or read is nested.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn deeper<T, E>(
    compact: impl FnOnce() -> Result<T, E>,
    refuse: impl Fn(&str) -> E,
) -> Result<T, E> {
    let depth = DEPTH.get();
    if depth == DEEPEST {
        return Err(refuse("a value is nested too deeply"));
    }
    DEPTH.set(depth + 1);
    let result = compact();
    DEPTH.set(depth);
    result
}

impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Real, D::Error> {
        f64::deserialize(deserializer).map(Real)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return deeper(
                || Compact::serialize(self, serializer),
                |what| ser::Error::custom(what),
            );
        }
        match self {
            Value::Nil => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(i) => serializer.serialize_i64(*i),
            Value::Real(Real(x)) if x.is_finite() => serializer.serialize_f64(*x),
            Value::Real(Real(x)) => marked(serializer, REAL, &x.to_string()),
            Value::Str(s) | Value::Keyword(s) => serializer.serialize_str(s),
            Value::List(items) => serializer.collect_seq(items),
            Value::Set(items) => marked(serializer, SET, items),
            Value::Map(entries) if plain_keys(entries) => {
                serializer.collect_map(entries.iter().map(|(k, v)| (k.as_str(), v)))
            }
            Value::Map(entries) => marked(serializer, MAP, entries),
        }
    }
}

fn marked<S: Serializer>(
    serializer: S,
    mark: &str,
    content: &(impl Serialize + ?Sized),
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(mark, content)?;
    map.end()
}

/// Whether the keys make a JSON object that reads back as this map.
fn plain_keys(entries: &[(Value, Value)]) -> bool {
    let (mut strings, mut keywords) = (false, false);
    for (key, _) in entries {
        match key {
            Value::Str(_) => strings = true,
            Value::Keyword(_) => keywords = true,
            _ => return false,
        }
        if key.as_str().is_some_and(|k| k.starts_with('#')) {
            return false;
        }
    }
    !(strings && keywords)
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Json);
        }
        deeper(|| Compact::deserialize(deserializer), |what| de::Error::custom(what))
    }
}

/// Builds a value from JSON.
struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(i))
    }

    fn visit_u64<E: de::Error>(self, i: u64) -> Result<Value, E> {
        // Two large numbers rounded to one real would look equal to a checker.
        i64::try_from(i)
            .map(Value::Int)
            .map_err(|_| E::custom(format!("whole number {i} is beyond 64 bits with sign")))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        Ok(Value::Real(Real(x)))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::Str(s.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Most lists are short: collected on the stack, they take one allocation of their size.
        let mut items = SmallVec::<[Value; 4]>::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        let mut list = Vec::with_capacity(items.len());
        list.extend(items.drain(..));
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<CompactString>()? {
            let value = match (entries.is_empty(), key.as_str()) {
                (true, SET) => Value::set(map.next_value()?),
                (true, MAP) => Value::map(map.next_value()?),
                (true, REAL) => {
                    let text: CompactString = map.next_value()?;
                    let x = text.parse();
                    Value::Real(Real(x.map_err(|_| {
                        de::Error::custom(format!("`{REAL}` expects a number, found {text:?}"))
                    })?))
                }
                _ => {
                    entries.push((Value::Str(key), map.next_value()?));
                    continue;
                }
            };
            return match map.next_key::<CompactString>()? {
                None => Ok(value),
                Some(_) => Err(de::Error::custom(format!("`{key}` must be the only key"))),
            };
        }
        Ok(Value::map(entries))
    }
}
