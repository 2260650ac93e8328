//! The last write wins, as far as clocks agree on which one it was.

use super::{Meant, Versions};
use crate::services::{RegisterQuestion as Question, RegisterReply as Reply};
use schism_kernel::ProcessId;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When, by the coordinator's clock, and who the coordinator was.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub Duration, pub u16);

/// A value and its stamp, or nothing under the lowest stamp.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct LastWrite(Stamp, Option<i64>);

impl Versions for LastWrite {
    type Question = Question;
    type Reply = Reply;
    type Digest = Stamp;

    fn meant(question: &Question) -> Meant {
        match *question {
            Question::Read { key, own_copy: true } => Meant::ReadOwn(key),
            Question::Read { key, .. } => Meant::Read(key),
            Question::Write { key, .. } => Meant::Write(key),
        }
    }

    fn written(&self, question: &Question, at: Duration, by: ProcessId) -> Self {
        let value = match *question {
            Question::Write { value, .. } => Some(value),
            Question::Read { .. } => self.1,
        };
        LastWrite(Stamp(at, by.0), value)
    }

    fn read(&self) -> Reply {
        Reply::ReadOk { value: self.1 }
    }

    fn stored() -> Reply {
        Reply::WriteOk
    }

    fn merge(&mut self, other: &Self) {
        *self = (*self).max(*other);
    }

    fn digest(&self) -> Stamp {
        self.0
    }

    fn covers(one: &Stamp, other: &Stamp) -> bool {
        one >= other
    }
}
