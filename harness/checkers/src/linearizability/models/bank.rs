//! Accounts between which money moves.

use super::Symbols;
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};

/// What can be done to a bank. Accounts are numbered by [`Symbols`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BankOp {
    /// Moved money from the first account to the second.
    Transfer(u32, u32, i64),
    /// Returned these balances, by account in ascending order.
    Read(Vec<(u32, i64)>),
}

/// The balances, or only how they changed as long as nobody has read them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Balances {
    known: bool,
    accounts: Vec<(u32, i64)>,
}

/// Accounts between which money moves, none of which may be overdrawn.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    /// The accounts of the history.
    pub symbols: Symbols,
    /// The balance of every account at first; else the first read tells.
    pub initial: Option<i64>,
}

impl Bank {
    fn get(&self, state: &Balances, account: u32) -> i64 {
        match state.accounts.binary_search_by_key(&account, |(a, _)| *a) {
            Ok(at) => state.accounts[at].1,
            Err(_) if state.known => self.initial.unwrap_or(0),
            Err(_) => 0,
        }
    }

    fn set(state: &mut Balances, account: u32, balance: i64) {
        match state.accounts.binary_search_by_key(&account, |(a, _)| *a) {
            Ok(at) => state.accounts[at].1 = balance,
            Err(at) => state.accounts.insert(at, (account, balance)),
        }
    }

    fn show(&self, accounts: &[(u32, i64)]) -> String {
        let entries = accounts.iter().map(|(a, b)| (self.symbols.value(*a).clone(), (*b).into()));
        Value::Map(entries.collect()).to_string()
    }
}

impl Spec for Bank {
    type Op = BankOp;
    type State = Balances;

    fn init(&self) -> Vec<Balances> {
        vec![Balances { known: self.initial.is_some(), accounts: Vec::new() }]
    }

    fn step(&self, state: &Balances, op: &BankOp, _: &Deadline) -> Step<Balances> {
        match op {
            BankOp::Transfer(from, to, amount) => {
                if state.known && self.get(state, *from) < *amount {
                    return Step::Reject;
                }
                let mut next = state.clone();
                Bank::set(&mut next, *from, self.get(state, *from).wrapping_sub(*amount));
                let balance = self.get(&next, *to).wrapping_add(*amount);
                Bank::set(&mut next, *to, balance);
                Step::To(next)
            }
            BankOp::Read(balances) if state.known => {
                let right = balances.iter().all(|(a, balance)| self.get(state, *a) == *balance);
                Step::when(right, || state.clone())
            }
            BankOp::Read(balances) => {
                Step::To(Balances { known: true, accounts: balances.clone() })
            }
        }
    }

    fn forget(&self, op: &BankOp) -> Option<BankOp> {
        matches!(op, BankOp::Transfer(..)).then(|| op.clone())
    }

    fn leaves(&self, op: &BankOp) -> Option<Balances> {
        match op {
            // Of an account that is not there the balance is not known.
            BankOp::Read(balances) if balances.len() + 1 == self.symbols.len() => {
                Some(Balances { known: true, accounts: balances.clone() })
            }
            BankOp::Read(_) | BankOp::Transfer(..) => None,
        }
    }

    fn pure(&self, op: &BankOp) -> bool {
        self.initial.is_some() && matches!(op, BankOp::Read(_))
    }

    fn state_bytes(&self, state: &Balances) -> usize {
        size_of::<Balances>() + state.accounts.capacity() * size_of::<(u32, i64)>()
    }

    fn describe(&self, op: &BankOp) -> String {
        match op {
            BankOp::Transfer(from, to, amount) => {
                let (from, to) = (self.symbols.value(*from), self.symbols.value(*to));
                format!("transfer of {amount} from {from} to {to}")
            }
            BankOp::Read(balances) => format!("read returned {}", self.show(balances)),
        }
    }

    fn describe_state(&self, state: &Balances) -> String {
        match state.known {
            true if state.accounts.is_empty() => {
                format!("{} in every account", self.initial.unwrap_or(0))
            }
            true => self.show(&state.accounts),
            false => format!("unknown balances changed by {}", self.show(&state.accounts)),
        }
    }

    fn why_not(&self, state: &Balances, op: &BankOp) -> String {
        match op {
            BankOp::Transfer(from, _, _) => {
                format!("account {} held {}", self.symbols.value(*from), self.get(state, *from))
            }
            BankOp::Read(balances) => {
                let wrong = balances.iter().find(|(a, b)| self.get(state, *a) != *b);
                let account = wrong.map_or(0, |(a, _)| *a);
                format!("account {} held {}", self.symbols.value(account), self.get(state, account))
            }
        }
    }
}

impl Translate for Bank {
    const MODEL: Model = Model::Bank;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        let initial = match &kind.initial {
            None => None,
            Some(Value::Int(balance)) => Some(*balance),
            Some(other) => {
                return Err(CheckError::Initial {
                    model: kind.model.name(),
                    initial: other.to_string(),
                    expected: "the balance of every account, a whole number",
                });
            }
        };
        Ok(Bank { symbols: Symbols::default(), initial })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<BankOp>, Mismatch> {
        match call.f() {
            "transfer" => {
                let parts = transfer(call.input());
                let Some((from, to, amount)) = parts else {
                    return Err(Mismatch::input(
                        call,
                        "{from … to … amount …} or [from to amount]",
                    ));
                };
                let mut number = |name: &Value| self.symbols.number(&account(name));
                let (from, to) = (number(from), number(to));
                Ok((call.outcome() != Outcome::Fail).then_some(BankOp::Transfer(from, to, amount)))
            }
            "read" => {
                let Some(output) = call.output() else { return Ok(None) };
                let Value::Map(entries) = output else {
                    return Err(Mismatch::output(call, "a map from accounts to balances"));
                };
                let mut balances = Vec::with_capacity(entries.len());
                for (name, balance) in entries {
                    let Some(balance) = balance.as_int() else {
                        return Err(Mismatch::output(call, "balances that are whole numbers"));
                    };
                    balances.push((self.symbols.number(&account(name)), balance));
                }
                balances.sort_unstable();
                Ok(Some(BankOp::Read(balances)))
            }
            _ => Err(Mismatch::function(call, "`transfer`, `read`")),
        }
    }
}

/// An account by its name: JSON has only strings as the keys of a map, so that `"3"` is 3.
fn account(name: &Value) -> Value {
    match name.as_str().and_then(|text| text.parse::<i64>().ok()) {
        Some(number) => Value::Int(number),
        None => name.clone(),
    }
}

/// From, to and amount, as a map or as a list.
fn transfer(input: &Value) -> Option<(&Value, &Value, i64)> {
    match input {
        Value::Map(entries) => {
            let field =
                |name: &str| entries.iter().find(|(k, _)| k.as_str() == Some(name)).map(|(_, v)| v);
            Some((field("from")?, field("to")?, field("amount")?.as_int()?))
        }
        Value::List(items) => match &items[..] {
            [from, to, amount] => Some((from, to, amount.as_int()?)),
            _ => None,
        },
        _ => None,
    }
}
