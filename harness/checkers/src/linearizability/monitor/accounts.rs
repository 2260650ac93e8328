//! A bank, followed account by account and as a whole.
//!
//! An account is a counter: what it can have come to is known (see [`sums`](super::sums)), if it is
//! known what it held at first. Besides, nothing is won or lost: whoever reads all accounts finds as
//! much in all of them together as anybody else. That a transfer concerns two accounts at once is not
//! looked at beyond that, nor that none is overdrawn: what this says is wrong is wrong, but it does not
//! tell of everything.

use super::rule::{End, Followed, Rule};
use super::sums::Range;
use crate::linearizability::model::Spec;
use crate::linearizability::models::{Bank, BankOp};
use std::collections::BTreeMap;

pub(super) struct Accounts {
    /// What every account held at first, if that is known.
    initial: Option<i64>,
    accounts: BTreeMap<u32, Range>,
    /// Reads that are open, and where they were called.
    reads: BTreeMap<u32, u32>,
    /// What some read of all accounts found, and in which.
    total: Option<(Vec<u32>, i128)>,
}

impl Accounts {
    /// A bank whose accounts hold that at first.
    pub fn new(initial: Option<i64>) -> Accounts {
        let (accounts, reads) = (BTreeMap::new(), BTreeMap::new());
        Accounts { initial, accounts, reads, total: None }
    }

    fn account(&mut self, account: u32) -> &mut Range {
        let (reads, initial) = (&self.reads, self.initial.unwrap_or(0));
        self.accounts.entry(account).or_insert_with(|| {
            let mut range = Range::new(initial);
            for (number, called) in reads {
                range.begin(*number, *called, None);
            }
            range
        })
    }

    /// A read of these balances. `Err` with what is wrong.
    fn read(
        &mut self,
        model: &Bank,
        balances: &[(u32, i64)],
        number: u32,
        now: u32,
    ) -> Result<(), String> {
        for (account, balance) in balances {
            let known = self.initial.is_some();
            let range = self.account(*account);
            if known && let Err(but) = range.end(number, now, Some(*balance)) {
                let name = model.symbols.value(*account);
                return Err(format!("{but} in account {name}"));
            }
        }
        self.reads.remove(&number);
        self.accounts.values_mut().for_each(|range| range.lose(number));
        let names: Vec<u32> = balances.iter().map(|(account, _)| *account).collect();
        if !names.iter().eq(self.accounts.keys()) {
            return Ok(());
        }
        let sum: i128 = balances.iter().map(|(_, balance)| i128::from(*balance)).sum();
        let before = match (self.initial, &self.total) {
            (Some(initial), _) => Some(i128::from(initial) * names.len() as i128),
            (None, Some((same, total))) if *same == names => Some(*total),
            _ => None,
        };
        if let Some(before) = before.filter(|before| *before != sum) {
            return Err(format!("but all accounts together held {before}, not {sum}"));
        }
        self.total = Some((names, sum));
        Ok(())
    }
}

impl Rule<Bank, BankOp> for Accounts {
    fn called(&mut self, _: &Bank, end: &End<'_, BankOp>) -> Followed {
        let (number, called) = (end.number, end.position);
        let Some(BankOp::Transfer(from, to, amount)) = end.op else {
            self.accounts.values_mut().for_each(|range| {
                range.begin(number, called, None);
            });
            self.reads.insert(number, called);
            return Followed::Well;
        };
        let Some(less) = amount.checked_neg() else { return Followed::Lost };
        if from == to {
            self.account(*from);
            return Followed::Well;
        }
        let sayable = self.account(*from).begin(number, called, Some(less))
            && self.account(*to).begin(number, called, Some(*amount));
        if sayable { Followed::Well } else { Followed::Lost }
    }

    fn returned(&mut self, model: &Bank, end: &End<'_, BankOp>) -> Followed {
        let (number, now) = (end.number, end.position);
        match end.op {
            Some(BankOp::Read(balances)) => {
                if let Err(but) = self.read(model, balances, number, now) {
                    return end.says(|op| model.describe(op), &but);
                }
            }
            Some(BankOp::Transfer(from, to, _)) => {
                for account in [from, to] {
                    if let Some(Err(but)) =
                        self.accounts.get_mut(account).map(|range| range.end(number, now, None))
                    {
                        return end.says(|op| model.describe(op), &but);
                    }
                }
            }
            None => {
                self.reads.remove(&number);
                self.accounts.values_mut().for_each(|range| range.take_back(number));
            }
        }
        Followed::Well
    }

    fn lost(&mut self, _: &Bank, end: &End<'_, BankOp>) -> Followed {
        self.reads.remove(&end.number);
        self.accounts.values_mut().for_each(|range| range.lose(end.number));
        Followed::Well
    }

    fn tells_all(&self) -> bool {
        false
    }
}
