//! A set without reads of the whole: each element is a bit that is set, cleared and looked at.
//!
//! The bit is flipped as late as can be: when an operation returns that needs the other value.
//! Then of the operations that can flip it, the one due first does, after whatever waits for the
//! value that goes. Most often only the one that returns waits, and it can be done. An operation
//! that may never have happened can flip the bit or not, so it is like one that never returns.

use super::zones::squeeze;
use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};

/// What a call did to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub element: u32,
    /// The value its bit has afterwards.
    pub value: bool,
    /// Whether it had the other before.
    pub flips: bool,
}

impl Touch {
    /// The value its bit must have before.
    fn needs(self) -> bool {
        self.value != self.flips
    }
}

/// What a call did, in one number, with whether another on the same element was called before it
/// returned, and whether it is done.
#[derive(Clone, Copy)]
struct Packed(u32);

impl Packed {
    const VALUE: u32 = 1;
    const FLIPS: u32 = 2;
    const MET: u32 = 4;
    const DONE: u32 = 8;

    fn new(Touch { element, value, flips }: Touch, met: bool) -> Packed {
        let flag = |flag: u32, set: bool| flag * u32::from(set);
        let flags = flag(Self::VALUE, value) | flag(Self::FLIPS, flips) | flag(Self::MET, met);
        Packed(element << 4 | flags)
    }

    fn is(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    fn touch(self) -> Touch {
        let (value, flips) = (self.is(Self::VALUE), self.is(Self::FLIPS));
        Touch { element: self.0 >> 4, value, flips }
    }
}

/// An element: its bit, and the first calls of lists of those that are not done.
#[derive(Clone, Copy)]
struct Bit {
    value: bool,
    /// Those that return, and the position at which the first was called.
    waiting: u32,
    called: u32,
    /// Those that may never have happened and can flip it to false and to true.
    spare: [u32; 2],
}

const UNTOUCHED: Bit = Bit { value: false, waiting: NONE, called: NEVER, spare: [NONE; 2] };

/// Checks a set that is empty at first, whose calls are given in their order.
pub(crate) fn set<Op>(
    calls: &[Call<Op>],
    touch: impl Fn(&Call<Op>) -> Option<Touch>,
    order: bool,
) -> Option<Shortcut<Op>> {
    let most = (16 * calls.len() + 1024).min((NONE >> 4) as usize);
    let mut returns = vec![0; 2 * calls.len()];
    let mut sweep = Sweep {
        calls,
        touches: vec![Packed(0); calls.len()],
        bits: Vec::new(),
        next: vec![NONE; calls.len()],
        order: order.then(|| Vec::with_capacity(calls.len())),
        pending: Vec::new(),
    };
    // Backwards, so that lists begin with what was called first.
    let mut after = NONE;
    for (i, call) in calls.iter().enumerate().rev() {
        let touch = touch(call)?;
        let element = touch.element as usize;
        if element >= sweep.bits.len() {
            if element > most {
                return None;
            }
            sweep.bits.resize((element + 1).next_power_of_two(), UNTOUCHED);
        }
        if std::mem::replace(&mut after, call.called) <= call.called {
            return None;
        }
        let bit = &mut sweep.bits[element];
        sweep.touches[i] = Packed::new(touch, bit.called < call.returned);
        if !call.optional() {
            let position = call.returned as usize;
            if position >= returns.len() {
                returns.resize((position + 1).next_power_of_two(), 0);
            }
            returns[position] = i as u32 + 1;
            sweep.next[i] = std::mem::replace(&mut bit.waiting, i as u32);
            bit.called = call.called;
        } else if touch.flips {
            let spare = &mut bit.spare[usize::from(touch.value)];
            sweep.next[i] = std::mem::replace(spare, i as u32);
        }
    }
    squeeze(&mut returns);
    for i in returns {
        if !sweep.returned(i) {
            // Everything about this element so far; the search finds what matters of it.
            let returned = calls[i as usize].returned;
            let element = sweep.touch(i).element;
            let witness = (0..calls.len() as u32)
                .filter(|j| sweep.touch(*j).element == element)
                .filter(|j| calls[*j as usize].called < returned)
                .collect();
            return Shortcut::violation(witness);
        }
    }
    Some(Shortcut::Linearizable(sweep.order))
}

struct Sweep<'a, Op> {
    calls: &'a [Call<Op>],
    /// What each call did.
    touches: Vec<Packed>,
    bits: Vec<Bit>,
    /// Links the calls of a list.
    next: Vec<u32>,
    order: Option<Vec<u32>>,
    /// Those that wait for an element at the moment.
    pending: Vec<u32>,
}

impl<Op> Sweep<'_, Op> {
    fn touch(&self, i: u32) -> Touch {
        self.touches[i as usize].touch()
    }

    /// Whether the first of a list was called by now.
    fn called(&self, first: u32, now: u32) -> bool {
        first != NONE && self.calls[first as usize].called < now
    }

    fn perform(&mut self, i: u32) {
        let Touch { element, value, .. } = self.touch(i);
        self.bits[element as usize].value = value;
        self.touches[i as usize].0 |= Packed::DONE;
        if let Some(order) = &mut self.order {
            order.push(i);
        }
    }

    /// Whether an operation that returns now is done or can be.
    fn returned(&mut self, i: u32) -> bool {
        let packed = self.touches[i as usize];
        let touch = packed.touch();
        let bit = self.bits[touch.element as usize];
        if bit.waiting == i && bit.value == touch.needs() && !packed.is(Packed::MET) {
            self.bits[touch.element as usize].waiting = self.next[i as usize];
            self.perform(i);
            return true;
        }
        if packed.is(Packed::DONE) {
            return true;
        }
        let now = self.calls[i as usize].returned;
        // Several wait.
        let mut pending = std::mem::take(&mut self.pending);
        let mut rest = bit.waiting;
        while self.called(rest, now) {
            pending.push(rest);
            rest = self.next[rest as usize];
        }
        let done = self.settle(i, touch, now, &mut pending);
        for other in pending.drain(..).rev() {
            self.next[other as usize] = std::mem::replace(&mut rest, other);
        }
        self.bits[touch.element as usize].waiting = rest;
        self.pending = pending;
        done
    }

    /// Whether an operation can be done with those that wait with it.
    fn settle(&mut self, i: u32, touch: Touch, now: u32, pending: &mut Vec<u32>) -> bool {
        let needs = touch.needs();
        if self.bits[touch.element as usize].value != needs {
            let due = |j: &&u32| self.calls[**j as usize].returned;
            let flips = |j: &&u32| {
                let other = self.touch(**j);
                other.flips && other.value == needs
            };
            let first = pending.iter().filter(flips).min_by_key(due).copied();
            let spare = self.bits[touch.element as usize].spare[usize::from(needs)];
            let Some(first) = first.or(Some(spare).filter(|spare| self.called(*spare, now))) else {
                return false;
            };
            if first == spare {
                let spare = self.next[spare as usize];
                self.bits[touch.element as usize].spare[usize::from(needs)] = spare;
            }
            self.flip(first, pending);
        }
        if touch.flips {
            self.flip(i, pending);
        } else {
            self.perform(i);
            pending.retain(|other| *other != i);
        }
        true
    }

    /// Flips a bit, after all that wait for the value it has.
    fn flip(&mut self, i: u32, pending: &mut Vec<u32>) {
        let after = self.touch(i).value;
        pending.retain(|other| {
            let touch = self.touch(*other);
            let before = !touch.flips && touch.value != after;
            if before {
                self.perform(*other);
            }
            !before && *other != i
        });
        self.perform(i);
    }
}
