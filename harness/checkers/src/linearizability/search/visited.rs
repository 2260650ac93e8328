//! Configurations that have been visited, and **dominance** among them.
//!
//! Two configurations at the same layer, in the same state, with the same obligations taken care
//! of, may differ in what they have left: operations that may never have happened, and pending
//! overwrites. Whatever one can do, another can that has used no more of the former, taken no more
//! of the latter and owes no more of them. So of each kind only the best are kept, and one that is
//! no better than one of those is not visited.
//!
//! A table with open addressing.

use super::expand::Configuration;
use super::mask::Mask;
use super::space::{BLIND, NO_STATE};
use super::used::Used;

const FREE: u32 = u32::MAX;
const END: u32 = u32::MAX;
const SMALLEST: usize = 64;
/// How many insertions may come between two looks at the memory held.
const SOON: usize = 1024;

/// What makes two configurations comparable.
#[derive(Clone, Debug)]
struct Slot<M> {
    layer: u32,
    state: u32,
    unjustified: u32,
    /// The first of those that are best in this slot but the one below.
    more: u32,
    done: M,
    best: Spent<M>,
}

/// What a configuration has spent.
#[derive(Clone, Debug)]
struct Spent<M> {
    overwrites: M,
    fresh: M,
    used: u32,
}

impl<M: Mask> Spent<M> {
    fn within(&self, other: &Self, used: &Used) -> bool {
        self.overwrites.within(&other.overwrites)
            && self.fresh.within(&other.fresh)
            && used.within(self.used, other.used)
    }
}

/// The configurations visited.
pub(super) struct Visited<M> {
    slots: Vec<Slot<M>>,
    more: Vec<(Spent<M>, u32)>,
    taken: usize,
    dominance: bool,
    heap: usize,
}

impl<M: Mask> Visited<M> {
    pub fn new(dominance: bool) -> Self {
        let slots = vec![Self::free(); SMALLEST];
        Visited { slots, more: Vec::new(), taken: 0, dominance, heap: 0 }
    }

    fn free() -> Slot<M> {
        let best = Spent { overwrites: M::none(), fresh: M::none(), used: 0 };
        Slot { layer: FREE, state: 0, unjustified: 0, more: END, done: M::none(), best }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<M>>()
            + self.more.capacity() * size_of::<(Spent<M>, u32)>()
            + self.heap
    }

    /// Bytes that the next insertions may need at once, on top of those held.
    pub fn growth(&self) -> usize {
        let soon = (self.taken + SOON) * 8 >= self.slots.len() * 5;
        let slots = if soon { 2 * self.slots.len() * size_of::<Slot<M>>() } else { 0 };
        let more = if self.more.len() + SOON >= self.more.capacity() {
            2 * self.more.len() * size_of::<(Spent<M>, u32)>()
        } else {
            0
        };
        slots + more
    }

    fn full(&self) -> bool {
        self.taken * 8 >= self.slots.len() * 5
    }

    /// Whether the configuration must be visited. `overwrites` are the pending operations at each
    /// layer that may go unseen.
    pub fn insert(&mut self, at: &Configuration<M>, overwrites: &[M], used: &Used) -> bool {
        let overwrites = overwrites.get(at.layer as usize);
        let state = if at.blind { BLIND } else { at.state };
        let (done, spent) = if let Some(overwrites) = overwrites {
            let spent = Spent {
                overwrites: at.done.both(overwrites),
                fresh: at.fresh.clone(),
                used: at.used,
            };
            (at.done.except(overwrites), spent)
        } else {
            let spent = Spent { overwrites: M::none(), fresh: at.fresh.clone(), used: at.used };
            (at.done.clone(), spent)
        };
        if at.unjustified != NO_STATE && self.dominance {
            // One that owes no justification can do whatever one that does can do.
            let slot = self.find(at.layer, state, NO_STATE, &done);
            if self.slots[slot].layer == at.layer && self.dominated(slot, &spent, used) {
                return false;
            }
        }
        let slot = self.find(at.layer, state, at.unjustified, &done);
        if self.slots[slot].layer == at.layer {
            return self.improve(slot, spent, used);
        }
        self.heap += done.heap() + spent.overwrites.heap() + spent.fresh.heap();
        self.slots[slot] = Slot {
            layer: at.layer,
            state,
            unjustified: at.unjustified,
            more: END,
            done,
            best: spent,
        };
        self.taken += 1;
        if self.full() {
            self.grow();
        }
        true
    }

    fn dominated(&self, slot: usize, spent: &Spent<M>, used: &Used) -> bool {
        let slot = &self.slots[slot];
        if !self.dominance {
            return slot.best.used == spent.used && slot.best.fresh == spent.fresh;
        }
        if slot.best.within(spent, used) {
            return true;
        }
        let mut at = slot.more;
        while at != END {
            let (other, next) = &self.more[at as usize];
            if other.within(spent, used) {
                return true;
            }
            at = *next;
        }
        false
    }

    /// Adds to those that are best, if it is.
    fn improve(&mut self, slot: usize, spent: Spent<M>, used: &Used) -> bool {
        if self.dominance {
            if self.dominated(slot, &spent, used) {
                return false;
            }
            let slot = &mut self.slots[slot];
            if slot.more == END && spent.within(&slot.best, used) {
                slot.best = spent;
                return true;
            }
            self.heap += spent.overwrites.heap() + spent.fresh.heap();
            self.more.push((spent, slot.more));
            slot.more = self.more.len() as u32 - 1;
            return true;
        }
        let same = |other: &Spent<M>| other.used == spent.used && other.fresh == spent.fresh;
        let mut at = self.slots[slot].more;
        let mut known = same(&self.slots[slot].best);
        while !known && at != END {
            let (other, next) = &self.more[at as usize];
            known = same(other);
            at = *next;
        }
        if !known {
            let slot = &mut self.slots[slot];
            self.more.push((spent, slot.more));
            slot.more = self.more.len() as u32 - 1;
        }
        !known
    }

    /// The slot that holds this, or that it belongs into.
    #[inline(always)]
    fn find(&self, layer: u32, state: u32, unjustified: u32, done: &M) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash(layer, state, unjustified, done) & mask;
        loop {
            let slot = &self.slots[at];
            if slot.layer == FREE {
                return at;
            }
            if slot.layer == layer
                && slot.state == state
                && slot.unjustified == unjustified
                && slot.done == *done
            {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let larger = vec![Self::free(); self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.layer != FREE {
                let at = self.find(slot.layer, slot.state, slot.unjustified, &slot.done);
                self.slots[at] = slot;
            }
        }
    }
}

#[inline(always)]
fn hash<M: Mask>(layer: u32, state: u32, unjustified: u32, done: &M) -> usize {
    let place = u64::from(layer) << 32 | u64::from(state);
    let a = place ^ 0x9e37_79b9_7f4a_7c15;
    let b = done.hash() ^ u64::from(unjustified).rotate_left(40) ^ 0xd6e8_feb8_6659_fd93;
    let product = u128::from(a).wrapping_mul(u128::from(b));
    let folded = product as u64 ^ (product >> 64) as u64;
    let mixed =
        (folded ^ place.wrapping_mul(0x2545_f491_4f6c_dd1d)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 24) as usize
}
