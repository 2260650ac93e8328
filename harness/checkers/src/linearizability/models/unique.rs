//! Identifiers that are given out once.

use super::Symbols;
use crate::linearizability::fast::{self, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use rustc_hash::FxHashSet;
use schism_history::Value;

/// An identifier was given out. Numbered by [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UniqueIdOp(pub u32);

/// A generator of identifiers.
#[derive(Clone, Debug, Default)]
pub struct UniqueId {
    /// The identifiers of the history.
    pub symbols: Symbols,
}

impl Spec for UniqueId {
    type Op = UniqueIdOp;
    /// Those given out, in ascending order.
    type State = Vec<u32>;

    fn init(&self) -> Vec<Vec<u32>> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Vec<u32>, op: &UniqueIdOp, _: &Deadline) -> Step<Vec<u32>> {
        match state.binary_search(&op.0) {
            Ok(_) => Step::Reject,
            Err(at) => {
                let mut next = state.clone();
                next.insert(at, op.0);
                Step::To(next)
            }
        }
    }

    fn forget(&self, _: &UniqueIdOp) -> Option<UniqueIdOp> {
        None
    }

    fn shortcut(&self, calls: &[Call<UniqueIdOp>], _: bool) -> Option<Shortcut<Self::Op>> {
        fast::unique(calls)
    }

    fn first_rejected<'o>(
        &self,
        mut ops: impl Iterator<Item = &'o UniqueIdOp>,
        _: &Deadline,
    ) -> Option<usize> {
        let mut given = FxHashSet::default();
        ops.position(|op| !given.insert(op.0))
    }

    fn state_bytes(&self, state: &Vec<u32>) -> usize {
        size_of::<Vec<u32>>() + state.capacity() * size_of::<u32>()
    }

    fn describe(&self, op: &UniqueIdOp) -> String {
        format!("generate returned {}", self.symbols.value(op.0))
    }

    fn describe_state(&self, state: &Vec<u32>) -> String {
        Value::Set(state.iter().map(|v| self.symbols.value(*v).clone()).collect()).to_string()
    }

    fn why_not(&self, _: &Vec<u32>, op: &UniqueIdOp) -> String {
        format!("{} was given out already", self.symbols.value(op.0))
    }
}

impl Translate for UniqueId {
    const MODEL: Model = Model::UniqueId;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(UniqueId::default())
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<UniqueIdOp>, Mismatch> {
        match call.f() {
            "generate" | "next" => {
                Ok(call.output().map(|value| UniqueIdOp(self.symbols.number(value))))
            }
            _ => Err(Mismatch::function(call, "`generate`")),
        }
    }
}
