//! A register that keeps the greatest value written, in the time it takes to sort the values.
//!
//! The register only rises, so all that matters is when it reaches each value. It has done so by the
//! first return of anything that wrote or read that or more; not before a write of it was called,
//! if it was read; and not before the last call of a read of less. If no value must have been
//! reached before it could be, every operation finds its place: once its own value has been
//! reached, and as soon as it was called.

use super::{NONE, Shortcut, Witness};
use crate::linearizability::model::{Call, NEVER};
use crate::linearizability::models::MaxRegisterOp;

/// What there is of one value. Positions are one more than those of the calls: the first value is
/// there at 0.
struct Level {
    value: i64,
    /// The first call of a write, and which.
    written: (u32, u32),
    /// The first return of a read, and which.
    read_by: (u32, u32),
    /// The last call of a read, and which.
    read_at: (u32, u32),
    /// The first return of anything.
    done: (u32, u32),
    /// When it is reached.
    reached: u32,
}

impl Level {
    fn new(value: i64) -> Level {
        let never = (NEVER, NONE);
        Level { value, written: never, read_by: never, read_at: (0, NONE), done: never, reached: 0 }
    }

    fn is_read(&self) -> bool {
        self.read_at.1 != NONE
    }
}

/// Checks a register that holds `initial` at first.
pub(crate) fn maximum(
    calls: &[Call<MaxRegisterOp>],
    initial: i64,
    order: bool,
) -> Shortcut<MaxRegisterOp> {
    // What is written below the first value changes nothing.
    let value = |call: &Call<MaxRegisterOp>| match call.op {
        MaxRegisterOp::Write(value) => value.max(initial),
        MaxRegisterOp::Read(value) => value,
    };
    let reads = |call: &Call<MaxRegisterOp>| matches!(call.op, MaxRegisterOp::Read(_));
    let mut values: Vec<i64> = calls.iter().map(value).collect();
    values.push(initial);
    values.sort_unstable();
    values.dedup();
    let number = |call: &Call<MaxRegisterOp>| values.partition_point(|v| *v < value(call));
    let mut levels: Vec<Level> = values.iter().map(|value| Level::new(*value)).collect();
    for (i, call) in calls.iter().enumerate() {
        let level = &mut levels[number(call)];
        let (called, returned) = ((call.called + 1, i as u32), (call.returned, i as u32));
        if !reads(call) {
            level.written = level.written.min(called);
        }
        // A read that never returned tells nothing.
        if !call.optional() {
            let returned = (returned.0 + 1, returned.1);
            level.done = level.done.min(returned);
            if reads(call) {
                level.read_by = level.read_by.min(returned);
                level.read_at = level.read_at.max(called);
            }
        }
    }
    for level in levels.iter_mut().filter(|level| level.value == initial) {
        level.written = (0, NONE);
    }
    if let Some(witness) = reach(&mut levels, calls) {
        return Shortcut::Violation(witness);
    }
    Shortcut::Linearizable(order.then(|| {
        let mut placed: Vec<(u32, usize, bool, u32)> = Vec::with_capacity(calls.len());
        for (i, call) in calls.iter().enumerate() {
            let level = number(call);
            let needed = levels[level].is_read() && levels[level].written.1 == i as u32;
            if !call.optional() || needed && !reads(call) {
                let at = levels[level].reached.max(call.called + 1);
                placed.push((at, level, reads(call), i as u32));
            }
        }
        placed.sort_unstable();
        placed.into_iter().map(|(.., i)| i).collect()
    }))
}

/// Finds when each value is reached, or what cannot be.
fn reach(levels: &mut [Level], calls: &[Call<MaxRegisterOp>]) -> Option<Witness<MaxRegisterOp>> {
    // For each level, the first return of something as great or greater.
    let mut done = vec![(NEVER, NONE); levels.len()];
    let mut first = (NEVER, NONE);
    for (level, done) in levels.iter().zip(&mut done).rev() {
        first = first.min(level.done);
        *done = first;
    }
    let (mut reached, mut last_less) = (0, (0, NONE));
    for at in 0..levels.len() {
        let level = &levels[at];
        let done = done[at];
        if level.is_read() && level.read_by.0 < level.written.0 {
            // It was read before anybody had begun to write it.
            return Some(Witness::of(vec![level.read_by.1]));
        }
        if done.0 < last_less.0 {
            return Some(witness(levels, calls, done.1, last_less.1));
        }
        if level.is_read() && done.0 < level.written.0 {
            return Some(witness(levels, calls, done.1, level.read_at.1));
        }
        reached = reached.max(last_less.0);
        if level.is_read() {
            reached = reached.max(level.written.0);
        }
        last_less = last_less.max(level.read_at);
        levels[at].reached = reached;
    }
    None
}

/// A read that returned less than something that was over before the read began, or before
/// anybody had begun to write what it returned. The first writes of both values show that nothing
/// else is wrong.
fn witness(
    levels: &[Level],
    calls: &[Call<MaxRegisterOp>],
    over: u32,
    read: u32,
) -> Witness<MaxRegisterOp> {
    let mut witness = Witness::of(vec![over, read]);
    for i in [over, read] {
        let MaxRegisterOp::Read(value) = calls[i as usize].op else { continue };
        let level = levels.partition_point(|level| level.value < value);
        let write = levels[level].written.1;
        if write == NONE || witness.mandatory.contains(&write) {
            continue;
        }
        if calls[write as usize].optional() {
            witness.optional.push(write);
        } else {
            witness.mandatory.push(write);
        }
    }
    witness.mandatory.sort_unstable();
    witness
}
