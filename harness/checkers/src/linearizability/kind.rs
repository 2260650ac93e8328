//! The names under which models are asked for, and their parameters.

use super::CheckError;
use schism_history::Value;
use std::fmt;

/// A model that comes with the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// `read`, `write`.
    Register,
    /// `read`, `write`, `cas`.
    CasRegister,
    /// A map of `read`, `write`, `cas`, `append`, `delete`, checked key by key.
    Kv,
    /// `read` and `write` of several registers at once.
    MultiRegister,
    /// `acquire`, `release`, without owners.
    Mutex,
    /// `acquire`, `release`: the owner may acquire again.
    ReentrantLock,
    /// `acquire` returns a growing token, `release`.
    FencedLock,
    /// `acquire`, `release` of a number of permits.
    Semaphore,
    /// `enqueue`, `dequeue`, first in, first out.
    FifoQueue,
    /// `push`, `pop`, last in, first out.
    Stack,
    /// `insert`, `delete-max`.
    PriorityQueue,
    /// `add`, `remove`, `contains`, `read` of the whole set.
    Set,
    /// `add`, `read`.
    Counter,
    /// `append`, `read` of the whole log.
    AppendLog,
    /// `transfer`, `read` of all balances.
    Bank,
    /// `generate` returns what nobody else was given.
    UniqueId,
    /// `write` keeps the greatest, `read`.
    MaxRegister,
    /// A register whose reads may also return what a write that overlaps them wrote.
    RegularRegister,
    /// A register whose reads may return anything while a write overlaps them.
    SafeRegister,
}

const ALL: [(Model, &str); 19] = [
    (Model::Register, "register"),
    (Model::CasRegister, "cas-register"),
    (Model::Kv, "kv"),
    (Model::MultiRegister, "multi-register"),
    (Model::Mutex, "mutex"),
    (Model::ReentrantLock, "reentrant-lock"),
    (Model::FencedLock, "fenced-lock"),
    (Model::Semaphore, "semaphore"),
    (Model::FifoQueue, "fifo-queue"),
    (Model::Stack, "stack"),
    (Model::PriorityQueue, "priority-queue"),
    (Model::Set, "set"),
    (Model::Counter, "counter"),
    (Model::AppendLog, "append-log"),
    (Model::Bank, "bank"),
    (Model::UniqueId, "unique-id"),
    (Model::MaxRegister, "max-register"),
    (Model::RegularRegister, "regular-register"),
    (Model::SafeRegister, "safe-register"),
];

impl Model {
    /// Every model, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Model> {
        ALL.iter().map(|(model, _)| *model)
    }

    /// The promise it stands for.
    pub fn property(self) -> &'static str {
        match self {
            Model::RegularRegister => "regular",
            Model::SafeRegister => "safe",
            _ => "linearizable",
        }
    }

    /// Its name, as the command line takes it.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(model, _)| *model == self).map_or("", |(_, name)| name)
    }
}

/// Which model to judge by, and where its object starts: `cas-register`, `semaphore:3`,
/// `register:0`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelKind {
    /// The model.
    pub model: Model,
    /// What the object holds at first: a register's value, a semaphore's permits, a counter's
    /// value, the balance of every account of a bank. `None` leaves it to the model: nil, one
    /// permit, 0, whatever the first read says.
    pub initial: Option<Value>,
}

impl From<Model> for ModelKind {
    fn from(model: Model) -> Self {
        ModelKind { model, initial: None }
    }
}

impl fmt::Display for ModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.model.name())?;
        match &self.initial {
            Some(value) => write!(f, ":{value}"),
            None => Ok(()),
        }
    }
}

impl ModelKind {
    /// Reads a model's name, with the first value of its object behind a colon if there is one.
    /// An unknown name is refused with the nearest ones.
    pub fn parse(text: &str) -> Result<ModelKind, CheckError> {
        let (name, initial) = match text.split_once(':') {
            Some((name, initial)) => (name, Some(initial)),
            None => (text, None),
        };
        let Some((model, _)) = ALL.iter().find(|(_, n)| *n == name) else {
            return Err(CheckError::UnknownModel { name: name.into(), nearest: nearest(name) });
        };
        let initial = initial.map(|text| match text.parse::<i64>() {
            Ok(number) => Value::Int(number),
            Err(_) if text == "nil" => Value::Nil,
            Err(_) => Value::from(text),
        });
        Ok(ModelKind { model: *model, initial })
    }
}

/// The names closest to what was asked for, or all of them if none is close.
fn nearest(name: &str) -> String {
    let mut ranked: Vec<(usize, &str)> =
        ALL.iter().map(|(_, known)| (distance(name, known), *known)).collect();
    ranked.sort();
    let close: Vec<&str> = ranked
        .iter()
        .filter(|(d, known)| *d <= 3 || known.contains(name) || name.contains(known))
        .map(|(_, known)| *known)
        .take(3)
        .collect();
    let names = if close.is_empty() { ALL.iter().map(|(_, n)| *n).collect() } else { close };
    names.join(", ")
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_parameters_are_read_back() {
        for model in Model::all() {
            assert_eq!(ModelKind::parse(model.name()).unwrap().model, model);
        }
        let kind = ModelKind::parse("semaphore:3").unwrap();
        assert_eq!(kind, ModelKind { model: Model::Semaphore, initial: Some(Value::Int(3)) });
        assert_eq!(kind.to_string(), "semaphore:3");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        let error = ModelKind::parse("cas-registr").unwrap_err().to_string();
        assert!(error.contains("cas-register"), "{error}");
        let error = ModelKind::parse("queue").unwrap_err().to_string();
        assert!(error.contains("fifo-queue"), "{error}");
        let error = ModelKind::parse("zzzzzzzzz").unwrap_err().to_string();
        assert!(error.contains("max-register") && error.contains("bank"), "{error}");
    }
}
