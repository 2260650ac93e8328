//! Values as small numbers, so that operations are compared and hashed in a few instructions.

use rustc_hash::FxHashMap;
use schism_history::Value;

/// The number of nil.
pub const NIL: u32 = 0;

/// Integers up to here are looked up in a table instead of being hashed.
const DIRECT: i64 = 1 << 22;
const ABSENT: u32 = u32::MAX;

/// A numbering of the values of a history, in the order of first appearance. Nil is 0.
#[derive(Clone, Debug)]
pub struct Symbols {
    values: Vec<Value>,
    numbers: FxHashMap<Value, u32>,
    integers: Vec<u32>,
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols { values: vec![Value::Nil], numbers: FxHashMap::default(), integers: Vec::new() }
    }
}

impl Symbols {
    /// The number of a value, given to it now if it has none.
    pub fn number(&mut self, value: &Value) -> u32 {
        match value {
            Value::Nil => NIL,
            Value::Int(i) if (0..DIRECT).contains(i) => {
                let i = *i as usize;
                if i >= self.integers.len() {
                    self.integers.resize((i + 1).next_power_of_two(), ABSENT);
                }
                if self.integers[i] == ABSENT {
                    self.integers[i] = self.values.len() as u32;
                    self.values.push(value.clone());
                }
                self.integers[i]
            }
            _ => {
                if let Some(number) = self.numbers.get(value) {
                    return *number;
                }
                let number = self.values.len() as u32;
                self.values.push(value.clone());
                self.numbers.insert(value.clone(), number);
                number
            }
        }
    }

    /// The number of a value, if it has one.
    pub fn known(&self, value: &Value) -> Option<u32> {
        match value {
            Value::Nil => Some(NIL),
            Value::Int(i) if (0..DIRECT).contains(i) => {
                self.integers.get(*i as usize).copied().filter(|number| *number != ABSENT)
            }
            _ => self.numbers.get(value).copied(),
        }
    }

    /// The value of a number.
    pub fn value(&self, number: u32) -> &Value {
        self.values.get(number as usize).unwrap_or(&Value::Nil)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value but nil.
    pub fn is_empty(&self) -> bool {
        self.values.len() == 1
    }
}
