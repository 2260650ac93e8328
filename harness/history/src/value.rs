//! Values that operations and events carry: what JSON and EDN have in common.

use compact_str::CompactString;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A value as it stands in a history.
///
/// Values compare and hash structurally, so that they can be keys, set members and parts of a
/// checker's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `null`, `nil`.
    #[default]
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(Real),
    /// A string.
    Str(CompactString),
    /// An EDN keyword, without its colon. JSON has none: it is written as a string there.
    Keyword(CompactString),
    /// A vector or list.
    List(Vec<Value>),
    /// A set, sorted and without duplicates.
    Set(Vec<Value>),
    /// A map, sorted by key and without duplicate keys.
    Map(Vec<(Value, Value)>),
}

/// A floating-point number compared by its bits, so that it can be a key.
#[derive(Clone, Copy, Debug)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Real {}
impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Value {
    /// A set of these items: sorted, each once.
    pub fn set(mut items: Vec<Value>) -> Value {
        items.sort_unstable();
        items.dedup();
        Value::Set(items)
    }

    /// A map of these entries: sorted by key, the last of those with the same key.
    pub fn map(mut entries: Vec<(Value, Value)>) -> Value {
        entries.reverse();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, kept| later.0 == kept.0);
        Value::Map(entries)
    }

    /// The whole number in here, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// The elements of a list or set.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string or keyword.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(s) | Value::Keyword(s) => Some(s),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Value::Int(i)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(s.into())
    }
}
impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::List(items)
    }
}
impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Value::Nil, Into::into)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Nil,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match n.as_i64() {
                Some(i) => Value::Int(i),
                None => Value::Real(Real(n.as_f64().unwrap_or(f64::NAN))),
            },
            Json::String(s) => Value::Str(s.as_str().into()),
            Json::Array(items) => Value::List(items.iter().map(Value::from).collect()),
            Json::Object(fields) => {
                let mut map: Vec<_> =
                    fields.iter().map(|(k, v)| (Value::from(k.as_str()), v.into())).collect();
                map.sort();
                Value::Map(map)
            }
        }
    }
}

impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        use serde_json::Value as Json;
        match value {
            Value::Nil => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(i) => Json::from(*i),
            Value::Real(r) => Json::from(r.0),
            Value::Str(s) | Value::Keyword(s) => Json::from(s.as_str()),
            Value::List(items) | Value::Set(items) => items.iter().map(Json::from).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(k, v)| match k {
                    Value::Str(s) | Value::Keyword(s) => (s.to_string(), Json::from(v)),
                    other => (other.to_string(), Json::from(v)),
                })
                .collect(),
        }
    }
}

/// Written the way a person reads it: `nil`, `7`, `"a"`, `[1 2]`, `#{1 2}`, `{:a 1}`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list(f: &mut fmt::Formatter<'_>, items: &[Value]) -> fmt::Result {
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(" ")?;
                }
                item.fmt(f)?;
            }
            Ok(())
        }
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Bool(b) => b.fmt(f),
            Value::Int(i) => i.fmt(f),
            Value::Real(r) => write!(f, "{:?}", r.0),
            Value::Str(s) => write!(f, "{:?}", s.as_str()),
            Value::Keyword(s) => write!(f, ":{s}"),
            Value::List(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Value::Set(items) => {
                f.write_str("#{")?;
                list(f, items)?;
                f.write_str("}")
            }
            Value::Map(entries) => {
                f.write_str("{")?;
                for (i, (k, v)) in entries.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{k} {v}")?;
                }
                f.write_str("}")
            }
        }
    }
}
