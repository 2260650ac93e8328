//! Identifiers that are given out once, followed by those that were.

use super::rule::{End, Followed, Rule};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{UniqueId, UniqueIdOp};
use rustc_hash::FxHashSet;

/// What has been given out.
#[derive(Default)]
pub(super) struct Given(FxHashSet<u32>);

impl Rule<UniqueId, UniqueIdOp> for Given {
    fn called(&mut self, _: &UniqueId, _: &End<'_, UniqueIdOp>) -> Followed {
        Followed::Well
    }

    fn returned(&mut self, model: &UniqueId, end: &End<'_, UniqueIdOp>) -> Followed {
        match end.op {
            Some(UniqueIdOp(id)) if !self.0.insert(*id) => {
                end.says(|op| model.describe(op), "but that had been given out before")
            }
            _ => Followed::Well,
        }
    }

    fn lost(&mut self, _: &UniqueId, _: &End<'_, UniqueIdOp>) -> Followed {
        Followed::Well
    }

    fn lasts(&self) -> bool {
        true
    }
}
