//! A set, followed element by element.
//!
//! As long as nobody reads the whole, each element is an object of its own, and what can be
//! explained of each can be explained of all. A read of the whole looks up every element at once.
//! What it says of each must be explained too; what it says of several at once is not looked at.
//!
//! Only elements on which something is pending are followed, by the few ways there are. Of the
//! others it is enough to know which of them are in.

use super::Alarm;
use super::rule::{End, Followed, Rule};
use super::ways::{Object, work_off};
use crate::linearizability::model::Spec;
use crate::linearizability::models::{Set, SetOp};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Ways that are kept of an element.
const WAYS: usize = 2_000;

/// A read of the whole that is open.
struct Whole {
    number: u32,
    called: u32,
    process: u64,
}

#[derive(Default)]
pub(super) struct Elements {
    /// Elements on which something is pending.
    busy: BTreeMap<u32, Object<Set>>,
    /// Those of the others that are in.
    held: FxHashSet<u32>,
    /// Those that were too hard to follow.
    lost: FxHashSet<u32>,
    /// What the operations that are open and concern one element are about.
    open: FxHashMap<u32, u32>,
    /// In the order of their calls.
    whole: Vec<Whole>,
    /// Whether the whole has been read.
    read: bool,
}

impl Elements {
    /// An element on which an operation begins.
    fn wake(&mut self, element: u32) -> &mut Object<Set> {
        let (held, whole) = (&mut self.held, &self.whole);
        self.busy.entry(element).or_insert_with(|| {
            let state = if held.remove(&element) { vec![element] } else { Vec::new() };
            let mut object = Object::starting(vec![state]);
            for Whole { number, called, process } in whole {
                object.begin(*number, None, *called, *process);
            }
            object
        })
    }

    /// Something is known of an operation on an element.
    fn settle(
        &mut self,
        model: &Set,
        element: u32,
        op: Option<SetOp>,
        returned: Option<(u32, u64)>,
        end: &End<'_, SetOp>,
    ) -> Followed {
        let Some(object) = self.busy.get_mut(&element) else { return Followed::Well };
        object.settle(end.number, op, returned);
        if let Some(alarm) = work_off(model, object, WAYS) {
            return Followed::Wrong(alarm.sentence);
        }
        if !object.followed {
            self.busy.remove(&element);
            self.lost.insert(element);
        } else if let Some(state) = object.rests() {
            if !state.is_empty() {
                self.held.insert(element);
            }
            self.busy.remove(&element);
        }
        Followed::Well
    }

    /// Something is known of a read of the whole: what it found, if it found something.
    fn found(
        &mut self,
        model: &Set,
        elements: Option<&[u32]>,
        returned: Option<(u32, u64)>,
        end: &End<'_, SetOp>,
    ) -> Followed {
        if let Some(elements) = elements {
            let asleep = |e: &&u32| !self.busy.contains_key(e) && !self.lost.contains(e);
            let mut missing = None;
            let (mut found, mut strange) = (0, None);
            for element in elements.iter().filter(asleep) {
                found += 1;
                if !self.held.contains(element) {
                    strange = strange.or(Some(*element));
                }
            }
            if strange.is_none() && found < self.held.len() {
                // The smallest, as they come in no order.
                let lacking = |e: &&u32| elements.binary_search(e).is_err();
                missing = self.held.iter().filter(lacking).min().copied();
            }
            let but = match (strange, missing) {
                (Some(element), _) => Some((element, "was not in the set at any time")),
                (_, Some(element)) => Some((element, "was in the set all the time")),
                _ => None,
            };
            if let Some((element, but)) = but {
                let but = format!("but {} {but} since it began", model.symbols.value(element));
                return end.says(|op| model.describe(op), &but);
            }
        }
        let busy: Vec<u32> = self.busy.keys().copied().collect();
        for element in busy {
            let found = |all: &[u32]| SetOp::Contains(element, all.binary_search(&element).is_ok());
            let followed = self.settle(model, element, elements.map(found), returned, end);
            if followed != Followed::Well {
                return followed;
            }
        }
        Followed::Well
    }

    fn ended(
        &mut self,
        model: &Set,
        end: &End<'_, SetOp>,
        returned: Option<(u32, u64)>,
    ) -> Followed {
        if let Some(element) = self.open.remove(&end.number) {
            return self.settle(model, element, end.op.cloned(), returned, end);
        }
        let Some(at) = self.whole.iter().position(|one| one.number == end.number) else {
            return Followed::Well;
        };
        self.whole.remove(at);
        let elements = match end.op {
            Some(SetOp::Read(elements)) => Some(&elements[..]),
            _ => None,
        };
        self.found(model, elements, returned, end)
    }
}

impl Rule<Set, SetOp> for Elements {
    fn called(&mut self, model: &Set, end: &End<'_, SetOp>) -> Followed {
        let (number, called, process) = (end.number, end.position, end.process);
        let Some(element) = model.element(end.asked) else {
            self.read = true;
            self.whole.push(Whole { number, called, process });
            for object in self.busy.values_mut() {
                object.begin(number, None, called, process);
            }
            return Followed::Well;
        };
        if !self.lost.contains(&element) {
            self.open.insert(number, element);
            self.wake(element).begin(number, end.op.cloned(), called, process);
        }
        Followed::Well
    }

    fn returned(&mut self, model: &Set, end: &End<'_, SetOp>) -> Followed {
        self.ended(model, end, Some((end.position, end.record)))
    }

    fn lost(&mut self, model: &Set, end: &End<'_, SetOp>) -> Followed {
        self.ended(model, end, None)
    }

    fn poll(&self, model: &Set) -> Option<Alarm> {
        self.busy.values().find_map(|object| object.poll(model, WAYS))
    }

    fn tells_all(&self) -> bool {
        !self.read && self.lost.is_empty()
    }
}
