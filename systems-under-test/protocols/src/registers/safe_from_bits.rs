//! A safe register out of bits (Lamport 1986).
//!
//! Model: fail-stop. Implements: a (1,N) safe register. Uses: (1,N) regular registers of one bit.
//!
//! The writer writes the bits of a value one after the other, those that change; a reader reads
//! them all. A reader who comes in between finds some bits of the old value and some of the new:
//! perhaps a value that nobody ever wrote. However good the bits are, the register is no more than
//! safe.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{ReadReturn, WriteReturn};
use schism_kernel::{Access, Algorithm, Cx, Many, Never, Register, Return};
use std::collections::VecDeque;

/// The bits of a number.
const BITS: u8 = 64;
/// The bit that says that there is a number.
const WRITTEN: u8 = BITS;

/// A safe register out of bits.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitByBit {
    /// What was last written.
    val: Option<i64>,
    towrite: VecDeque<(u8, bool)>,
    readval: u64,
    written: bool,
    read: u8,
}

impl Algorithm for BitByBit {
    type Implements = Register<i64>;
    type Uses = Many<u8, Register<bool>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: Access<i64>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ Write | v ⟩ do
            Write(v) => {
                let changed = v ^ self.val.unwrap_or(0);
                let bit = |bit: u8| (bit, v >> bit & 1 == 1);
                let changed = (0..BITS).rev().filter(|&bit| changed >> bit & 1 == 1).map(bit);
                self.towrite = changed.collect();
                if self.val.is_none() {
                    self.towrite.push_back((WRITTEN, true));
                }
                self.val = Some(v);
                self.write_next(cx);
            }
            // upon event ⟨ Read ⟩ do
            Read => {
                (self.readval, self.written, self.read) = (0, false, 0);
                for bit in 0..=WRITTEN {
                    cx.trigger((bit, Read));
                }
            }
        }
    }

    fn upon_indication(&mut self, (bit, event): (u8, Return<bool>), cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ bit, WriteReturn ⟩ do
            WriteReturn => self.write_next(cx),
            // upon event ⟨ bit, ReadReturn | b ⟩ do
            ReadReturn(b) => {
                let set = b.unwrap_or(false);
                match bit {
                    WRITTEN => self.written = set,
                    _ => self.readval |= u64::from(set) << bit,
                }
                self.read += 1;
                if self.read > WRITTEN {
                    let readval = self.readval.cast_signed();
                    cx.indicate(ReadReturn(self.written.then_some(readval)));
                }
            }
        }
    }
}

impl BitByBit {
    fn write_next(&mut self, cx: &mut Cx<'_, Self>) {
        match self.towrite.pop_front() {
            Some((bit, set)) => cx.trigger((bit, Write(set))),
            None => cx.indicate(WriteReturn),
        }
    }
}
