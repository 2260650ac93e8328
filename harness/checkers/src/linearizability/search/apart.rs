//! **Independence**: operations that can wait.
//!
//! Two operations neither of which changes what the other looks at can be exchanged wherever they
//! follow each other. So at each return it is enough to try some of the pending operations: the one
//! that is due; with one that the state accepts, all that do not go together with it; with one that
//! it does not accept, all that bring something it needs. Take any order from here on. Those
//! operations are all pending, and one of them comes first, at the latest the one that is due.
//! The state accepts it already: what it needs only they bring. And it goes together with all that
//! come before it in the order, which are pending, too, as nothing else comes before the one
//! that is due. So the order is as good with it in front.
//!
//! One that may never have happened would have to be followed by what notices it (see
//! [`expand`](super::expand)). Where such a one is among them, or had to be followed so, all are
//! tried. So are they where operations go unseen before others.

use super::expand::{Configuration, Graph};
use super::mask::Mask;
use super::prepare::Prepared;
use super::space::{NO_STATE, REJECT, STOP, Space};
use crate::linearizability::model::Keys;
use rustc_hash::FxHashMap;

/// All pending operations.
pub(super) const ALL: u64 = u64::MAX;

/// Parts of the state that a class of operations looks at, and that it may change. Parts are many
/// and bits are few: several parts may share one.
#[derive(Clone, Copy)]
struct Touch {
    sees: u64,
    changes: u64,
}

impl Touch {
    fn apart(self, other: Touch) -> bool {
        self.changes & other.sees == 0 && other.changes & self.sees == 0
    }
}

/// What each class touches.
pub(super) struct Apart(Vec<Touch>);

impl Apart {
    /// `None` if there is nothing to gain.
    pub(super) fn new(prepared: &Prepared, space: &Space<'_>) -> Option<Apart> {
        let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
        let mut bits = |keys: Keys| match keys {
            Keys::All => ALL,
            Keys::Some(keys) => keys.into_iter().fold(0, |bits, key| {
                let next = numbers.len() as u32;
                bits | 1 << (*numbers.entry(key).or_insert(next) % u64::BITS)
            }),
        };
        let touch = |class: u32| {
            let (sees, changes) = space.touches(class);
            Touch { sees: bits(sees), changes: bits(changes) }
        };
        let touches: Vec<Touch> = (0..prepared.pure.len() as u32).map(touch).collect();
        let worth = touches.iter().any(|touch| touch.changes != 0 && touch.sees != ALL);
        (worth && numbers.len() > 1).then_some(Apart(touches))
    }
}

impl Graph<'_, '_> {
    /// Those of the pending operations that need be tried, by their place.
    pub(super) fn tried<M: Mask>(&mut self, at: &Configuration<M>) -> u64 {
        let (Some(Apart(touches)), Some(needs)) = (&self.apart, &self.needs) else {
            return ALL;
        };
        let prepared = self.prepared;
        let (layer, pending) = (&prepared.layers[at.layer as usize], prepared.pending(at.layer));
        if at.unjustified != NO_STATE || pending.len() > u64::BITS as usize {
            return ALL;
        }
        let optional = prepared.optional.iter().filter(|o| {
            let next = o.calls.get(self.used.count(at.used, o.class));
            next.is_some_and(|(called, _)| *called < layer.returned)
        });
        let (mut tried, mut open, mut waiting) = (0u64, 0u64, 0u64);
        for (i, one) in pending.iter().enumerate() {
            let bit = u64::from(!at.done.has(one.slot)) << i;
            open |= bit;
            waiting |= if one.slot == layer.slot { bit } else { 0 };
        }
        while waiting != 0 {
            let class = pending[waiting.trailing_zeros() as usize].class;
            tried |= waiting & waiting.wrapping_neg();
            waiting &= waiting - 1;
            let touch = touches[class as usize];
            let next = self.space.step(at.state, class);
            let need = match next {
                STOP => return ALL,
                REJECT => needs.first(self.space, at.state, class),
                _ => None,
            };
            let tries = |other: u32| match need {
                Some(need) => needs.brings(other, need),
                None => !touch.apart(touches[other as usize]),
            };
            if optional.clone().any(|optional| tries(optional.class)) {
                return ALL;
            }
            let mut rest = open & !tried & !waiting;
            while rest != 0 {
                let at = rest.trailing_zeros();
                rest &= rest - 1;
                waiting |= u64::from(tries(pending[at as usize].class)) << at;
            }
        }
        tried
    }
}
