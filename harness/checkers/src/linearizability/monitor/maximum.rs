//! A register that keeps the greatest value written, followed by what may still be read.
//!
//! It only rises. A read returns no less than anything that was over when the read was called, and
//! nothing but what was written by an operation that was called when nothing as great was over:
//! who writes it later finds as much there already. Nothing else can be wrong (see
//! `fast/maximum.rs`: a value is reached before the first return of anything as great, after the
//! call of a write of it, and after the last call of a read of less).
//!
//! What is less than all that operations still open may return is forgotten. So as many values
//! are kept as there are operations open and operations lost.

use super::rule::{End, Followed, Rule};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{MaxRegister, MaxRegisterOp};
use std::collections::BTreeMap;

/// A value that the register may have reached.
#[derive(Default)]
struct Written {
    /// How many of those are open that write it and may have raised the register to it.
    open: u32,
    /// Whether one of them returned, or was lost.
    certain: bool,
    read: bool,
}

/// An operation that is open.
struct Open {
    /// The greatest value that was over when it was called.
    reached: i64,
    /// What it may raise the register to.
    raises: Option<i64>,
}

pub(super) struct Maximum {
    /// The greatest value of anything that is over.
    reached: i64,
    written: BTreeMap<i64, Written>,
    /// Operations that are open, by number.
    open: BTreeMap<u32, Open>,
}

impl Maximum {
    /// A register that holds `initial` at first.
    pub fn new(initial: i64) -> Maximum {
        let first = Written { certain: true, ..Written::default() };
        let written = BTreeMap::from([(initial, first)]);
        Maximum { reached: initial, written, open: BTreeMap::new() }
    }

    /// Forgets what nobody can read any more.
    fn forget(&mut self) {
        if self.written.len() > 2 * self.open.len() + 16 {
            let least = self.open.values().map(|open| open.reached).min().unwrap_or(self.reached);
            self.written.retain(|value, written| *value >= least || written.open > 0);
        }
    }
}

impl Rule<MaxRegister, MaxRegisterOp> for Maximum {
    fn called(&mut self, _: &MaxRegister, end: &End<'_, MaxRegisterOp>) -> Followed {
        let raises = match end.op {
            Some(MaxRegisterOp::Write(value)) if *value > self.reached => Some(*value),
            _ => None,
        };
        if let Some(value) = raises {
            self.written.entry(value).or_default().open += 1;
        }
        self.open.insert(end.number, Open { reached: self.reached, raises });
        self.forget();
        Followed::Well
    }

    fn returned(&mut self, model: &MaxRegister, end: &End<'_, MaxRegisterOp>) -> Followed {
        let Some(open) = self.open.remove(&end.number) else { return Followed::Lost };
        let describe = |op: &MaxRegisterOp| model.describe(op);
        if let Some((value, written)) =
            open.raises.and_then(|value| Some((value, self.written.get_mut(&value)?)))
        {
            written.open -= 1;
            written.certain |= end.op.is_some();
            if written.open == 0 && !written.certain {
                let read = written.read;
                self.written.remove(&value);
                if read {
                    return Followed::Wrong(format!(
                        "{value} was read, but nobody wrote it: its write failed"
                    ));
                }
            }
        }
        match end.op {
            None => return Followed::Well,
            Some(MaxRegisterOp::Write(value)) => self.reached = self.reached.max(*value),
            Some(MaxRegisterOp::Read(value)) if *value < open.reached => {
                let but = format!("but {} had been reached before it began", open.reached);
                return end.says(describe, &but);
            }
            Some(MaxRegisterOp::Read(value)) => {
                let Some(written) = self.written.get_mut(value) else {
                    let but = "but nobody had begun to write that before as much was there";
                    return end.says(describe, but);
                };
                written.read = true;
                self.reached = self.reached.max(*value);
            }
        }
        Followed::Well
    }

    fn lost(&mut self, _: &MaxRegister, end: &End<'_, MaxRegisterOp>) -> Followed {
        let raises = self.open.remove(&end.number).and_then(|open| open.raises);
        if let Some(written) = raises.and_then(|value| self.written.get_mut(&value)) {
            written.open -= 1;
            written.certain = true;
        }
        Followed::Well
    }

    fn lasts(&self) -> bool {
        true
    }
}
