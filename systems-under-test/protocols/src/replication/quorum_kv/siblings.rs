//! Siblings: writes that did not know of each other are kept side by side.
//!
//! Every write is a dot: the process that coordinated it, and its number among the writes of this
//! process to the key. What a replica knows of is the set of all dots it has heard of, a vector
//! with a number per process, since it hears of them in order; alive are those that no other is
//! known to have replaced. A read returns the values that are alive and this vector, and whoever
//! writes then hands the vector in: of what it covers, the new value takes the place. No clock is
//! looked at, so none can lose a write.

use super::{Meant, Versions};
use schism_kernel::ProcessId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Per process that has coordinated writes, how many of them are known.
pub type Context = BTreeMap<u16, u64>;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SiblingsQuestion {
    /// What is there?
    Read {
        /// Under which key.
        key: u64,
        /// Whether only the copy of the process that is asked is meant.
        #[serde(default)]
        own_copy: bool,
    },
    /// Put this in the place of what was read.
    Write {
        /// Under which key.
        key: u64,
        /// What to hold.
        value: i64,
        /// What came with the values that were read; nothing if none were.
        #[serde(default)]
        context: Vec<(u16, u64)>,
    },
}
use SiblingsQuestion::{Read, Write};

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SiblingsReply {
    /// These are there.
    ReadOk {
        /// The values, in ascending order.
        values: Vec<i64>,
        /// What they are known by: per process, how many of its writes.
        context: Vec<(u16, u64)>,
    },
    /// It was written.
    WriteOk,
}

/// Siblings, and the dots by which they are told apart. `WRONG` says what is wrong with them, if
/// anything is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Siblings<const WRONG: u8 = 0> {
    context: Context,
    alive: BTreeSet<Dot>,
}

/// A write: who coordinated it, which of its writes to the key it was, and the value.
type Dot = (u16, u64, i64);

impl Siblings {
    /// Defect: of values that are concurrent only the greatest is kept.
    pub const KEEPS_ONE: u8 = 1;
    /// Defect: what was replaced is not forgotten.
    pub const KEEPS_ALL: u8 = 2;
}

/// Whether a dot is one of those that are known.
fn knows(context: &Context, process: u16, number: u64) -> bool {
    context.get(&process).is_some_and(|&known| number <= known)
}

impl<const WRONG: u8> Versions for Siblings<WRONG> {
    type Question = SiblingsQuestion;
    type Reply = SiblingsReply;
    type Digest = Context;

    fn meant(question: &SiblingsQuestion) -> Meant {
        match *question {
            Read { key, own_copy: true } => Meant::ReadOwn(key),
            Read { key, .. } => Meant::Read(key),
            Write { key, .. } => Meant::Write(key),
        }
    }

    fn written(&self, question: &SiblingsQuestion, _: Duration, by: ProcessId) -> Self {
        let mut new = self.clone();
        let Write { value, context, .. } = question else { return new };
        let context = context.iter().copied().collect();
        new.merge(&Siblings { context, alive: BTreeSet::new() });
        let number = new.context.entry(by.0).or_default();
        *number += 1;
        new.alive.insert((by.0, *number, *value));
        new
    }

    fn read(&self) -> SiblingsReply {
        let mut values: Vec<i64> = self.alive.iter().map(|&(.., value)| value).collect();
        values.sort_unstable();
        let context = self.context.iter().map(|(&process, &known)| (process, known)).collect();
        SiblingsReply::ReadOk { values, context }
    }

    fn stored() -> SiblingsReply {
        SiblingsReply::WriteOk
    }

    fn merge(&mut self, other: &Self) {
        if WRONG != Siblings::KEEPS_ALL {
            // Who knows of a value and does not have it knows what has replaced it.
            let gone =
                |dot: &Dot| knows(&other.context, dot.0, dot.1) && !other.alive.contains(dot);
            self.alive.retain(|dot| !gone(dot));
        }
        let news = other.alive.iter().filter(|dot| !knows(&self.context, dot.0, dot.1));
        self.alive.extend(news);
        for (&process, &known) in &other.context {
            let ours = self.context.entry(process).or_default();
            *ours = known.max(*ours);
        }
        if WRONG == Siblings::KEEPS_ONE
            && let Some(greatest) = self.alive.iter().map(|&(.., value)| value).max()
        {
            self.alive.retain(|&(.., value)| value == greatest);
        }
    }

    fn digest(&self) -> Context {
        self.context.clone()
    }

    fn covers(one: &Context, other: &Context) -> bool {
        other.iter().all(|(&process, &known)| known == 0 || knows(one, process, known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(on: &Siblings, value: i64, context: &Context, by: u16) -> Siblings {
        let context = context.iter().map(|(&process, &known)| (process, known)).collect();
        let question = Write { key: 0, value, context };
        on.written(&question, Duration::ZERO, ProcessId(by))
    }

    fn values(of: &Siblings) -> Vec<i64> {
        let SiblingsReply::ReadOk { values, .. } = of.read() else { panic!("no values") };
        values
    }

    #[test]
    fn writes_that_do_not_know_of_each_other_stay_until_they_are_replaced() {
        let nothing = Context::new();
        let a = write(&Siblings::default(), 1, &nothing, 0);
        let mut b = write(&Siblings::default(), 2, &nothing, 1);
        b.merge(&a);
        assert_eq!(values(&b), [1, 2]);
        // A second one of the same process that has read nothing replaces nothing either.
        let again = write(&b, 3, &nothing, 1);
        assert_eq!(values(&again), [1, 2, 3]);
        let mut last = write(&again, 4, &b.digest(), 2);
        assert_eq!(values(&last), [3, 4]);
        last.merge(&a);
        assert_eq!(values(&last), [3, 4], "what was replaced stays away");
        assert!(Siblings::<0>::covers(&last.digest(), &b.digest()));
        assert!(!Siblings::<0>::covers(&b.digest(), &last.digest()));
    }

    #[test]
    fn merging_is_a_union_whatever_the_order() {
        let nothing = Context::new();
        let first = write(&Siblings::default(), 1, &nothing, 0);
        let left = write(&first, 2, &first.digest(), 1);
        let right = write(&first, 3, &first.digest(), 2);
        let merged = |a: &Siblings, b: &Siblings| {
            let mut merged = a.clone();
            merged.merge(b);
            merged
        };
        assert_eq!(merged(&left, &right), merged(&right, &left));
        assert_eq!(merged(&left, &left), left);
        assert_eq!(values(&merged(&merged(&left, &right), &first)), [2, 3]);
    }
}
