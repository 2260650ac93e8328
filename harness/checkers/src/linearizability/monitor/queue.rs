//! A queue whose values are unique, followed by what is inside.
//!
//! What is known to be wrong (see `fast/queue`): a value came out that nobody had put in or that
//! was out already; `u` went in before `v`, and out after it or not at all; or nothing was found
//! while something was inside all the time.
//!
//! A dequeue that is open may take anything that something called later has not overtaken. Each
//! remembers the greatest call among the enqueues of values that were out when it was called: what
//! was in for certain before that is none of its business. Values that were overtaken are
//! compared with the dequeues that may have taken them, which are fewer the longer a value has been
//! inside: if for some the n values longest inside have fewer than n of those, one was lost.
//! Dequeues of which nobody will know stay open until they are the only ones that can have taken
//! something.
//!
//! A value that is out, and whose enqueue has returned, is forgotten: whoever dequeues it again is
//! treated as if nobody had put it in, and whoever enqueues it again as if it were new.

use super::levels::Levels;
use super::rule::{End, Followed, Rule};
use crate::linearizability::model::{NEVER, Spec};
use crate::linearizability::models::{CollectionOp, FifoQueue};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A value that is inside, or was when its enqueue had not returned.
struct Inside {
    called: u32,
    returned: u32,
    out: bool,
}

/// A dequeue that may have taken something.
struct Dequeue {
    number: u32,
    called: u32,
    /// The greatest call of an enqueue of what was out then.
    overtaken: u32,
    lost: bool,
}

#[derive(Default)]
pub(super) struct Queue {
    values: FxHashMap<u32, Inside>,
    /// Those that are in for certain, by the return of their enqueues.
    inside: BTreeMap<u32, u32>,
    /// Enqueues that are open.
    enqueues: FxHashMap<u32, u32>,
    /// In the order of their calls.
    dequeues: Vec<Dequeue>,
    /// The greatest call of an enqueue of what is out.
    overtaken: u32,
    levels: Levels,
}

impl Queue {
    /// What can have taken a value that is in since then.
    fn takers(&self, since: u32) -> &[Dequeue] {
        let count = self.dequeues.partition_point(|dequeue| dequeue.overtaken <= since);
        &self.dequeues[..count]
    }

    /// A value that was lost.
    fn missing(&mut self, model: &FifoQueue) -> Followed {
        // What only a lost one can have taken is settled.
        while let Some((&since, &value)) = self.inside.first_key_value()
            && since < self.overtaken
            && let takers = self.takers(since)
            && !takers.is_empty()
            && takers.iter().all(|dequeue| dequeue.lost)
        {
            let called = self.dequeues.remove(0).called;
            self.inside.remove(&since);
            self.values.remove(&value);
            self.levels.settled(called);
            self.levels.left(called.max(since));
        }
        let overtaken = self.inside.iter().take_while(|(since, _)| **since < self.overtaken);
        for ((since, value), count) in overtaken.zip(1..) {
            if count > self.takers(*since).len() {
                let value = model.symbols.value(*value);
                return Followed::Wrong(format!(
                    "{value} was lost: it was in before another value was put in that is out, and \
                     no dequeue can have taken it"
                ));
            }
        }
        Followed::Well
    }

    fn found_nothing(&mut self) -> Followed {
        let open = self.dequeues.iter().filter(|dequeue| !dequeue.lost);
        let calls = open.map(|dequeue| dequeue.called);
        let oldest = calls.clone().next().unwrap_or(NEVER);
        let entered = self.inside.range(oldest..).map(|(since, _)| *since);
        match self.levels.judge(calls.chain(entered)) {
            Some(process) => Followed::Wrong(format!(
                "process {process}'s dequeue found nothing, but something was inside all the time"
            )),
            None => Followed::Well,
        }
    }

    /// Whether nothing but the order of values, which is known to be right, can be wrong.
    fn enqueued(&mut self, value: u32, end: &End<'_, CollectionOp>) -> Followed {
        let Some(inside) = self.values.get_mut(&value) else { return Followed::Lost };
        inside.returned = end.position;
        if inside.out {
            self.values.remove(&value);
        } else {
            self.inside.insert(end.position, value);
            self.levels.entered(end.position);
        }
        Followed::Well
    }

    fn dequeued(
        &mut self,
        model: &FifoQueue,
        value: u32,
        dequeue: &Dequeue,
        end: &End<'_, CollectionOp>,
    ) -> Followed {
        let describe = |op: &CollectionOp| model.describe(op);
        let Some(inside) = self.values.get_mut(&value).filter(|inside| !inside.out) else {
            return end.says(describe, "but nobody had put that in, or it was out already");
        };
        let Inside { called, returned, .. } = *inside;
        if returned < dequeue.overtaken {
            return end.says(describe, "but a value put in after that one was out before");
        }
        inside.out = true;
        self.overtaken = self.overtaken.max(called);
        if returned != NEVER || !self.enqueues.values().any(|open| *open == value) {
            self.values.remove(&value);
        }
        if returned != NEVER {
            self.inside.remove(&returned);
            self.levels.left(dequeue.called.max(returned));
        }
        self.missing(model)
    }
}

impl Rule<FifoQueue, CollectionOp> for Queue {
    fn called(&mut self, _: &FifoQueue, end: &End<'_, CollectionOp>) -> Followed {
        match end.op {
            Some(CollectionOp::Put(value)) => {
                let new = Inside { called: end.position, returned: NEVER, out: false };
                self.enqueues.insert(end.number, *value);
                match self.values.insert(*value, new) {
                    None => Followed::Well,
                    Some(_) => Followed::Lost,
                }
            }
            _ => {
                let (number, called, overtaken) = (end.number, end.position, self.overtaken);
                self.dequeues.push(Dequeue { number, called, overtaken, lost: false });
                self.levels.called(called);
                Followed::Well
            }
        }
    }

    fn returned(&mut self, model: &FifoQueue, end: &End<'_, CollectionOp>) -> Followed {
        if let Some(value) = self.enqueues.remove(&end.number) {
            if end.op.is_some() {
                return self.enqueued(value, end);
            }
            let out = self.values.remove(&value).is_some_and(|inside| inside.out);
            let value = model.symbols.value(value);
            let sentence = format!("{value} was dequeued, but its enqueue failed");
            return if out { Followed::Wrong(sentence) } else { Followed::Well };
        }
        let Some(at) = self.dequeues.iter().position(|dequeue| dequeue.number == end.number) else {
            return Followed::Lost;
        };
        let dequeue = self.dequeues.remove(at);
        self.levels.settled(dequeue.called);
        let followed = match end.op {
            Some(CollectionOp::Take(value)) => self.dequeued(model, *value, &dequeue, end),
            Some(CollectionOp::Empty) => {
                self.levels.found_nothing(dequeue.called, end.position, end.process);
                self.missing(model)
            }
            _ => self.missing(model),
        };
        match followed {
            Followed::Well => self.found_nothing(),
            other => other,
        }
    }

    fn lost(&mut self, model: &FifoQueue, end: &End<'_, CollectionOp>) -> Followed {
        if let Some(value) = self.enqueues.remove(&end.number) {
            if self.values.get(&value).is_some_and(|inside| inside.out) {
                self.values.remove(&value);
            }
            return Followed::Well;
        }
        if let Some(lost) = self.dequeues.iter_mut().find(|dequeue| dequeue.number == end.number) {
            lost.lost = true;
        }
        self.missing(model)
    }
}
