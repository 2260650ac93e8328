//! A set without reads of the whole: each element is a bit that is set, cleared and looked at.
//!
//! The bit is flipped as late as can be: when an operation returns that needs the other value.
//! Then of the operations that can flip it, the one due first does. Whatever waits for the new
//! value is done at once. An operation that may never have happened can flip the bit or not, so it
//! is like one that never returns.

use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};

/// What a call did to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// Flipped its bit to this value.
    Flip(bool),
    /// Found its bit with this value.
    Find(bool),
}

/// An element: its bit, and lists of the calls that wait.
#[derive(Clone, Copy)]
struct Bit {
    value: bool,
    /// Those that can flip it to false and to true.
    flips: [u32; 2],
    /// Those that find it false and true.
    finds: [u32; 2],
}

/// Checks a set that is empty at first.
pub(crate) fn set<Op>(
    calls: &[Call<Op>],
    read: impl Fn(&Call<Op>) -> Option<(u32, Element)>,
    order: bool,
) -> Option<Shortcut<Op>> {
    let mut positions = 0;
    for call in calls {
        let end = if call.optional() { call.called } else { call.returned };
        positions = positions.max(end as usize + 1);
    }
    if calls.len() >= (NONE >> 1) as usize {
        return None;
    }
    let mut events = vec![NONE; positions];
    let mut ops: Vec<(u32, Element)> = Vec::with_capacity(calls.len());
    let mut elements = 0;
    for (i, call) in calls.iter().enumerate() {
        let op = read(call)?;
        elements = elements.max(op.0 as usize + 1);
        ops.push(op);
        events[call.called as usize] = (i as u32) << 1;
        if call.returned != NEVER {
            events[call.returned as usize] = (i as u32) << 1 | 1;
        }
    }
    let bit = Bit { value: false, flips: [NONE; 2], finds: [NONE; 2] };
    let mut sweep = Sweep {
        calls,
        bits: vec![bit; elements],
        next: vec![NONE; calls.len()],
        done: vec![false; calls.len()],
        order: order.then(|| Vec::with_capacity(calls.len())),
    };
    for event in events.into_iter().filter(|event| *event != NONE) {
        let i = event >> 1;
        let (element, op) = ops[i as usize];
        if event & 1 == 0 {
            sweep.called(i, element, op);
        } else if !sweep.done[i as usize] && !sweep.returned(i, element, op) {
            // Everything about this element so far; the search finds what matters of it.
            let returned = calls[i as usize].returned;
            let witness = (0..calls.len() as u32)
                .filter(|j| ops[*j as usize].0 == element)
                .filter(|j| calls[*j as usize].called < returned)
                .collect();
            return Shortcut::violation(witness);
        }
    }
    Some(Shortcut::Linearizable(sweep.order))
}

struct Sweep<'a, Op> {
    calls: &'a [Call<Op>],
    bits: Vec<Bit>,
    /// Links the calls of a list.
    next: Vec<u32>,
    done: Vec<bool>,
    order: Option<Vec<u32>>,
}

impl<Op> Sweep<'_, Op> {
    fn perform(&mut self, i: u32) {
        self.done[i as usize] = true;
        if let Some(order) = &mut self.order {
            order.push(i);
        }
    }

    fn called(&mut self, i: u32, element: u32, op: Element) {
        let bit = &mut self.bits[element as usize];
        let list = match op {
            Element::Flip(to) => &mut bit.flips[usize::from(to)],
            Element::Find(value) if value == bit.value => return self.perform(i),
            Element::Find(value) => &mut bit.finds[usize::from(value)],
        };
        self.next[i as usize] = *list;
        *list = i;
    }

    /// Whether an operation that is not done can be done by its return.
    fn returned(&mut self, i: u32, element: u32, op: Element) -> bool {
        match op {
            Element::Find(value) => self.flip(element, value),
            Element::Flip(to) => {
                if self.bits[element as usize].value == to && !self.flip(element, !to) {
                    return false;
                }
                self.take_out(element, to, i);
                self.perform(i);
                self.arrive(element, to);
                true
            }
        }
    }

    /// Flips the bit by the operation that is due first, if there is one.
    fn flip(&mut self, element: u32, to: bool) -> bool {
        let mut at = self.bits[element as usize].flips[usize::from(to)];
        let mut first = NONE;
        while at != NONE {
            if first == NONE
                || self.calls[at as usize].returned < self.calls[first as usize].returned
            {
                first = at;
            }
            at = self.next[at as usize];
        }
        if first == NONE {
            return false;
        }
        self.take_out(element, to, first);
        self.perform(first);
        self.arrive(element, to);
        true
    }

    fn take_out(&mut self, element: u32, to: bool, i: u32) {
        let after = self.next[i as usize];
        let list = &mut self.bits[element as usize].flips[usize::from(to)];
        if *list == i {
            *list = after;
            return;
        }
        let mut at = *list;
        while at != NONE {
            if self.next[at as usize] == i {
                self.next[at as usize] = after;
                return;
            }
            at = self.next[at as usize];
        }
    }

    /// The bit has a new value: all that wait for it are done.
    fn arrive(&mut self, element: u32, value: bool) {
        let bit = &mut self.bits[element as usize];
        bit.value = value;
        let mut at = std::mem::replace(&mut bit.finds[usize::from(value)], NONE);
        while at != NONE {
            let after = self.next[at as usize];
            self.perform(at);
            at = after;
        }
    }
}
