//! Registers that are read and written together, followed one by one.
//!
//! Whatever can be explained of all can be explained of each, by what every operation did to it.
//! That several registers are dealt with at once is not looked at: what this says is wrong is
//! wrong, but it does not tell of everything.
//!
//! If nobody said what registers held at first, a check takes it from the reads of the whole history
//! (see [`multi`](crate::linearizability::models)). So once a read finds what nobody has tried to
//! write, nothing can be said before the run is over.

use super::Alarm;
use super::rule::{End, Followed, Rule};
use super::ways::{Object, work_off};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{MultiOp, MultiRegister, Part};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Ways that are kept of a register.
const WAYS: usize = 500;

#[derive(Default)]
pub(super) struct Keys {
    registers: BTreeMap<u32, Object<MultiRegister>>,
    /// What operations that are open are about.
    open: FxHashMap<u32, SmallVec<[u32; 4]>>,
    /// What was tried to write, unless it is known what was there at first.
    tried: FxHashSet<Part>,
}

impl Keys {
    fn ended(
        &mut self,
        model: &MultiRegister,
        end: &End<'_, MultiOp>,
        returned: Option<(u32, u64)>,
    ) -> Followed {
        let keys = self.open.remove(&end.number).unwrap_or_default();
        let about = end.op.map(|op| model.parts(op)).unwrap_or_default();
        let asked = |part: &u64| keys.iter().any(|key| u64::from(*key) == *part);
        if !about.iter().all(asked) {
            return Followed::Lost;
        }
        let found_first = |part: &Part| match *part {
            Part::Read(key, value) => {
                value != model.initial
                    && model.may_begin_with(value)
                    && !self.tried.contains(&Part::Write(key, value))
            }
            Part::Write(..) => false,
        };
        if end.op.is_some_and(|op| op.iter().any(found_first)) {
            return Followed::Unsayable;
        }
        for key in keys {
            let Some(register) = self.registers.get_mut(&key) else { continue };
            let op = end.op.and_then(|op| model.narrow(op, key.into()));
            register.settle(end.number, op, returned);
            if let Some(alarm) = work_off(model, register, WAYS) {
                return Followed::Wrong(alarm.sentence);
            }
        }
        Followed::Well
    }
}

impl Rule<MultiRegister, MultiOp> for Keys {
    fn called(&mut self, model: &MultiRegister, end: &End<'_, MultiOp>) -> Followed {
        let keys = model.keys_of(end.asked);
        for key in &keys {
            let register = self.registers.entry(*key);
            let register = register.or_insert_with(|| Object::starting(model.init()));
            let op = end.op.and_then(|op| model.narrow(op, (*key).into()));
            register.begin(end.number, op, end.position, end.process);
        }
        self.open.insert(end.number, keys);
        let unsure = |part: &&Part| matches!(part, Part::Write(_, v) if model.may_begin_with(*v));
        self.tried.extend(end.op.into_iter().flatten().filter(unsure));
        Followed::Well
    }

    fn returned(&mut self, model: &MultiRegister, end: &End<'_, MultiOp>) -> Followed {
        self.ended(model, end, Some((end.position, end.record)))
    }

    fn lost(&mut self, model: &MultiRegister, end: &End<'_, MultiOp>) -> Followed {
        self.ended(model, end, None)
    }

    fn poll(&self, model: &MultiRegister) -> Option<Alarm> {
        self.registers.values().find_map(|register| register.poll(model, WAYS))
    }

    fn tells_all(&self) -> bool {
        false
    }
}
