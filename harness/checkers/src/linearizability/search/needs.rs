//! **Needs**: operations for which something must come first that does not come any more.
//!
//! A model may tell what must come first if a state does not accept an operation, and which
//! operations bring that: a write of the value that was read, the release of a lock by the one that
//! holds it. From then on no state accepts the operation until one that brings it was taken. So if
//! all those pending have been taken and no other is called before the operation returns, there is
//! no way on: neither from here nor from wherever else the state lacks the same.
//!
//! It costs little where orders are many, and more than it brings where overwrites make most of them
//! alike; there it comes with [`supply`](super::supply), when a search has turned out hard.

use super::expand::{Configuration, Graph};
use super::mask::Mask;
use super::prepare::{Operation, Prepared};
use super::space::Space;
use crate::linearizability::graphs::{list_bytes, table_bytes};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// Needs by number.
type List = SmallVec<[u32; 4]>;

/// A need that nothing in the history brings.
const NEVER_BROUGHT: u32 = u32::MAX;
/// How many operations to come are looked at.
const AHEAD: usize = 8;

/// Who brings something.
#[derive(Default)]
struct Bringers {
    /// When those are called that returned, in order.
    called: Vec<u32>,
    /// Those that may never have happened, by their place among the optional ones.
    optional: Vec<u32>,
}

/// What each class brings.
pub(super) struct Needs {
    numbers: FxHashMap<u64, u32>,
    brings: Vec<List>,
    bringers: Vec<Bringers>,
}

impl Needs {
    pub(super) fn new(prepared: &Prepared, space: &Space<'_>) -> Needs {
        let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
        let mut brings: Vec<List> = Vec::with_capacity(prepared.pure.len());
        for class in 0..prepared.pure.len() as u32 {
            let number = |need| {
                let next = numbers.len() as u32;
                *numbers.entry(need).or_insert(next)
            };
            brings.push(space.brings(class).into_iter().map(number).collect());
        }
        let mut bringers: Vec<Bringers> = Vec::new();
        bringers.resize_with(numbers.len(), Bringers::default);
        for i in &prepared.by_call {
            let op = &prepared.ops[*i as usize];
            for need in &brings[op.class as usize] {
                bringers[*need as usize].called.push(op.called);
            }
        }
        for (i, optional) in (0u32..).zip(&prepared.optional) {
            for need in &brings[optional.class as usize] {
                bringers[*need as usize].optional.push(i);
            }
        }
        Needs { numbers, brings, bringers }
    }

    fn number(&self, need: u64) -> u32 {
        self.numbers.get(&need).copied().unwrap_or(NEVER_BROUGHT)
    }

    /// The first thing that a class needs in a state, if any is known.
    pub(super) fn first(&self, space: &mut Space<'_>, state: u32, class: u32) -> Option<u32> {
        space.needs(state, class).first().map(|need| self.number(*need))
    }

    /// Whether a class brings something.
    pub(super) fn brings(&self, class: u32, need: u32) -> bool {
        self.brings[class as usize].contains(&need)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let called: usize = self.bringers.iter().map(|b| b.called.capacity() * 4).sum();
        called + table_bytes(&self.numbers) + list_bytes(&self.brings)
    }
}

impl Graph<'_, '_> {
    /// Whether something that is pending, or comes soon, needs what is not brought any more.
    pub(super) fn needy<M: Mask>(&mut self, at: &Configuration<M>) -> bool {
        let Some(needs) = &self.needs else { return false };
        let prepared = self.prepared;
        let now = prepared.layers[at.layer as usize].returned;
        let mutators = prepared.mutators(at.layer);
        let pending = prepared.pending(at.layer).iter().filter(|p| !at.done.has(p.slot));
        let soon = prepared.next_called(at.layer, AHEAD);
        let mut ended = None;
        for operation in pending.map(|pending| pending.operation).chain(soon) {
            let Operation { class, returned, .. } = prepared.ops[operation as usize];
            if self.space.total(class) || ended.is_some_and(|ended| ended < returned) {
                continue;
            }
            let missing = |need: &u64| {
                let need = needs.number(*need);
                let Some(bringers) = needs.bringers.get(need as usize) else { return true };
                let taken = |slot| at.done.has(slot);
                let pending = mutators.iter().any(|other| {
                    needs.brings(other.class, need)
                        && !taken(other.slot)
                        && other.operation != operation
                });
                let next = bringers.called.partition_point(|called| *called < now);
                let called = bringers.called.get(next).is_some_and(|called| *called < returned);
                if pending || called {
                    return false;
                }
                let optional = bringers.optional.iter().any(|i| {
                    let optional = &prepared.optional[*i as usize];
                    let next = self.used.count(at.used, optional.class);
                    optional.calls.get(next).is_some_and(|(called, _)| *called < returned)
                });
                !optional
            };
            if self.space.needs(at.state, class).iter().any(missing) {
                // Of all that have no place, the first one shows best how far there is a way.
                ended = Some(returned);
            }
        }
        self.ended = self.ended.max(ended);
        ended.is_some()
    }
}
