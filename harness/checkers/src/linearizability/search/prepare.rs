//! What the search needs to know at every return, computed once.
//!
//! Operations that returned are *due* one after the other, in the order of their returns; the
//! search is at layer `l` when all due before the `l`th return have been put in order. Pending at
//! a layer are the operations called before its return whose own return is not earlier. They are
//! kept in small slots that are used again, so that masks stay as narrow as the concurrency.

use super::ahead::{look_ahead, look_around};
use super::space::{Hints, Space};
use crate::linearizability::model::NEVER;
use crate::linearizability::options::Deadline;
use rustc_hash::FxHashMap;

/// No slot.
pub(super) const NO_SLOT: u16 = u16::MAX;
/// No class, no operation.
pub(super) const NONE: u32 = u32::MAX;

/// A call with its class, as the search wants it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    /// The class of its operation.
    pub class: u32,
    /// The position of its invocation.
    pub called: u32,
    /// The position of its return, or [`NEVER`].
    pub returned: u32,
}

/// An operation of the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub class: u32,
    pub called: u32,
    pub returned: u32,
    pub slot: u16,
    pub pure: bool,
    pub overwrite: bool,
    /// Whether it may go unseen before an overwrite.
    pub fades: bool,
    /// Whether it is accepted whatever the state, and what is hopeless stays so until an
    /// overwrite.
    pub blind: bool,
}

/// A pending operation, at one layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub operation: u32,
    pub class: u32,
    pub slot: u16,
    /// The slot of the one of the same class that is due before it.
    pub like: u16,
}

/// A return.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    /// The operation that returns.
    pub due: u32,
    /// Its position.
    pub returned: u32,
    pub slot: u16,
    /// Whether it may go unseen before an overwrite.
    pub(super) fades: bool,
    /// Where the pending operations that may change the state begin; they end where the pure ones
    /// begin, and those end where the next layer begins.
    mutators: u32,
    pures: u32,
    /// Where the operations called since the last return begin.
    called: u32,
    /// The call of the first resetting operation called after this return.
    pub(super) next_reset: u32,
    /// The class of the last pure operation called after this return that returns before that
    /// reset: all in between must lead to a state that accepts it.
    pub(super) goal: u32,
    /// The first return of an overwrite called after this return.
    pub(super) overwritten: u32,
    /// Where the sights called after this return begin.
    pub(super) sights: u32,
}

/// Operations of one class that may never have happened: the positions of their calls and their
/// numbers, in that order.
#[derive(Clone, Debug)]
pub(crate) struct Optional {
    pub class: u32,
    pub reset: bool,
    pub calls: Vec<(u32, u32)>,
}

/// A history, ready to be searched.
pub(crate) struct Prepared {
    pub ops: Vec<Operation>,
    pub layers: Vec<Layer>,
    pending: Vec<Pending>,
    /// Operations that returned, in the order of their calls.
    pub(super) by_call: Vec<u32>,
    /// By the first call of each class.
    pub optional: Vec<Optional>,
    /// Whether a class resets.
    pub(super) resets: Vec<bool>,
    /// Whether a class is pure.
    pub(super) pure: Vec<bool>,
    /// The most slots in use at once.
    pub width: usize,
    /// Whether any operation may go unseen before another.
    pub overwrites: bool,
    /// Whether states are worth a look at who will see them.
    pub blinding: bool,
    /// Operations that are not blind: the positions of their calls and their classes.
    pub(super) sights: Vec<(u32, u32)>,
    /// The first call of one of those that may never have happened.
    pub optional_sight: u32,
}

impl Prepared {
    pub(crate) fn mutators(&self, layer: u32) -> &[Pending] {
        let layer = &self.layers[layer as usize];
        &self.pending[layer.mutators as usize..layer.pures as usize]
    }

    pub(super) fn pures(&self, layer: u32) -> &[Pending] {
        let end = match self.layers.get(layer as usize + 1) {
            Some(next) => next.mutators as usize,
            None => self.pending.len(),
        };
        &self.pending[self.layers[layer as usize].pures as usize..end]
    }

    /// All pending ones, those that may change the state first.
    pub(super) fn pending(&self, layer: u32) -> &[Pending] {
        let end = match self.layers.get(layer as usize + 1) {
            Some(next) => next.mutators as usize,
            None => self.pending.len(),
        };
        &self.pending[self.layers[layer as usize].mutators as usize..end]
    }

    /// Those called since the return before.
    pub(super) fn called(&self, layer: u32) -> &[u32] {
        let end = match self.layers.get(layer as usize + 1) {
            Some(next) => next.called as usize,
            None => self.by_call.len(),
        };
        &self.by_call[self.layers[layer as usize].called as usize..end]
    }

    /// The first of those called after the return of the layer.
    pub(super) fn next_called(&self, layer: u32, most: usize) -> impl Iterator<Item = u32> + '_ {
        let begin = self
            .layers
            .get(layer as usize + 1)
            .map_or(self.by_call.len(), |layer| layer.called as usize);
        self.by_call[begin..].iter().take(most).copied()
    }

    /// Those that are not blind, called after the return of the layer.
    pub(super) fn sights(&self, layer: u32) -> &[(u32, u32)] {
        &self.sights[self.layers[layer as usize].sights as usize..]
    }

    /// Where an operation is due that changes nothing, tries first what may let it happen.
    pub(crate) fn help_first(&mut self, space: &mut Space<'_>) {
        for layer in &self.layers {
            let due = &self.ops[layer.due as usize];
            let mutators = &mut self.pending[layer.mutators as usize..layer.pures as usize];
            if due.pure && mutators.len() > 1 {
                mutators.sort_by_key(|pending| !space.may_follow(due.class, pending.class));
            }
        }
    }

    pub(super) fn next_reset(&self, layer: u32) -> u32 {
        self.layers[layer as usize].next_reset
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.ops.capacity() * size_of::<Operation>()
            + self.layers.capacity() * size_of::<Layer>()
            + self.pending.capacity() * size_of::<Pending>()
            + self.by_call.capacity() * 4
            + self.sights.capacity() * 8
            + self.optional.iter().map(|o| o.calls.capacity() * 8 + 48).sum::<usize>()
    }
}

/// Prepares the calls of one object. `None` if more operations are pending at once than can be
/// numbered, or the deadline passes.
pub(crate) fn prepare(
    calls: &[Numbered],
    hints: &[Hints],
    return_order: bool,
    lookahead: bool,
    deadline: &Deadline,
) -> Option<Prepared> {
    let in_time = || (!deadline.timed_out()).then_some(());
    in_time()?;
    let mut by_call: Vec<u32> = (0..calls.len() as u32).collect();
    if !calls.is_sorted_by_key(|call| call.called) {
        by_call.sort_unstable_by_key(|i| calls[*i as usize].called);
    }
    in_time()?;
    let by_return = by_return(calls);
    in_time()?;
    let overwrites = calls.iter().any(|call| hints[call.class as usize].overwrite);
    let mut ops: Vec<Operation> = calls
        .iter()
        .map(|call| {
            let Hints { pure, overwrite, total, reset } = hints[call.class as usize];
            let Numbered { class, called, returned } = *call;
            let fades = overwrites && total && !pure;
            let blind = overwrite || total && !reset && !pure;
            Operation { class, called, returned, slot: NO_SLOT, pure, overwrite, fades, blind }
        })
        .collect();
    in_time()?;
    let optional = optional(calls, hints, &by_call);
    in_time()?;
    by_call.retain(|i| calls[*i as usize].returned != NEVER);

    let mut layers: Vec<Layer> = Vec::with_capacity(by_return.len());
    let mut pending: Vec<Pending> = Vec::with_capacity(by_return.len() * 4);
    let mut slots = Slots::default();
    let (mut mutators, mut pures): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut like = vec![(NONE, NO_SLOT); hints.len()];
    let mut next_call = 0;
    let key = |i: u32| {
        if return_order { calls[i as usize].returned } else { calls[i as usize].called }
    };
    for (layer, &due) in by_return.iter().enumerate() {
        if layer % 8192 == 8191 && deadline.expired() {
            return None;
        }
        let returned = calls[due as usize].returned;
        let called = next_call as u32;
        while let Some(&i) =
            by_call.get(next_call).filter(|i| calls[**i as usize].called < returned)
        {
            ops[i as usize].slot = slots.take()?;
            let list = if ops[i as usize].pure { &mut pures } else { &mut mutators };
            let at = list.iter().rposition(|j| key(*j) <= key(i)).map_or(0, |at| at + 1);
            list.insert(at, i);
            next_call += 1;
        }
        let first = pending.len() as u32;
        for &i in &mutators {
            let Operation { class, slot, .. } = ops[i as usize];
            let (seen_at, before) = &mut like[class as usize];
            let like = if *seen_at == layer as u32 { *before } else { NO_SLOT };
            (*seen_at, *before) = (layer as u32, slot);
            pending.push(Pending { operation: i, class, slot, like });
        }
        if !return_order {
            like_in_return_order(&mut pending[first as usize..], &ops);
        }
        let pures_from = pending.len() as u32;
        pending.extend(pures.iter().map(|&i| {
            let Operation { class, slot, .. } = ops[i as usize];
            Pending { operation: i, class, slot, like: NO_SLOT }
        }));
        let Operation { slot, fades, pure, .. } = ops[due as usize];
        layers.push(Layer {
            due,
            returned,
            slot,
            fades,
            mutators: first,
            pures: pures_from,
            called,
            next_reset: NEVER,
            goal: NONE,
            overwritten: NEVER,
            sights: 0,
        });
        let list = if pure { &mut pures } else { &mut mutators };
        list.retain(|j| *j != due);
        slots.give_back(slot);
    }
    let resets = hints.iter().map(|hint| hint.reset).collect();
    let pure = hints.iter().map(|hint| hint.pure).collect();
    let blinding = lookahead && overwrites && ops.iter().any(|op| op.blind && !op.overwrite);
    let mut prepared = Prepared {
        ops,
        layers,
        pending,
        by_call,
        optional,
        resets,
        pure,
        width: slots.width,
        overwrites,
        blinding,
        sights: Vec::new(),
        optional_sight: NEVER,
    };
    if lookahead {
        look_ahead(&mut prepared, calls, hints);
    }
    if blinding {
        look_around(&mut prepared);
    }
    Some(prepared)
}

/// Of those of one class, links each to the one due before it.
fn like_in_return_order(pending: &mut [Pending], ops: &[Operation]) {
    for at in 0..pending.len() {
        let returned = |p: &Pending| ops[p.operation as usize].returned;
        let own = returned(&pending[at]);
        let before = pending
            .iter()
            .filter(|other| other.class == pending[at].class && returned(other) < own)
            .max_by_key(|other| returned(other));
        pending[at].like = before.map_or(NO_SLOT, |other| other.slot);
    }
}

/// Operations that returned, in the order of their returns. Positions are nearly dense in a
/// history of one object, so that they can be counted instead of compared.
fn by_return(calls: &[Numbered]) -> Vec<u32> {
    let returned = || calls.iter().map(|call| call.returned).filter(|r| *r != NEVER);
    let (Some(first), Some(last)) = (returned().min(), returned().max()) else {
        return Vec::new();
    };
    let span = (last - first) as usize + 1;
    if span <= 16 * calls.len() {
        let mut at = vec![NONE; span];
        for (i, call) in calls.iter().enumerate() {
            if call.returned != NEVER {
                at[(call.returned - first) as usize] = i as u32;
            }
        }
        at.retain(|i| *i != NONE);
        return at;
    }
    let mut order: Vec<u32> =
        (0..calls.len() as u32).filter(|i| calls[*i as usize].returned != NEVER).collect();
    order.sort_unstable_by_key(|i| calls[*i as usize].returned);
    order
}

/// Operations that may never have happened, by class. Pure ones say nothing.
fn optional(calls: &[Numbered], hints: &[Hints], by_call: &[u32]) -> Vec<Optional> {
    let mut optional: Vec<Optional> = Vec::new();
    let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
    for &i in by_call {
        let call = &calls[i as usize];
        let Hints { pure, reset, .. } = hints[call.class as usize];
        if call.returned != NEVER || pure {
            continue;
        }
        let number = *numbers.entry(call.class).or_insert_with(|| {
            optional.push(Optional { class: call.class, reset, calls: Vec::new() });
            optional.len() - 1
        });
        optional[number].calls.push((call.called, i));
    }
    optional
}

/// Slots in use.
#[derive(Default)]
struct Slots {
    free: Vec<u16>,
    width: usize,
}

impl Slots {
    fn take(&mut self) -> Option<u16> {
        if let Some(slot) = self.free.pop() {
            return Some(slot);
        }
        let slot = u16::try_from(self.width).ok().filter(|slot| *slot != NO_SLOT)?;
        self.width += 1;
        Some(slot)
    }

    fn give_back(&mut self, slot: u16) {
        self.free.push(slot);
    }
}
