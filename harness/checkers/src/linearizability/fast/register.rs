//! A register whose writes are unique, in time linear in the history.
//!
//! A write and the reads of its value form a cluster. The history can be explained iff no read
//! precedes its write and the clusters' [zones](super::zones) have an order.

use super::zones::{Zone, line_up};
use super::{NONE, Shortcut};
use crate::linearizability::model::{Call, NEVER};
use rustc_hash::FxHashMap;

/// What a call did to the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// What it wrote or returned.
    pub value: u32,
    pub write: bool,
}

/// A value, from the first return to the last call of all that concerns it. Positions are one
/// more than those of the calls: the write of the first value is at 0.
#[derive(Clone, Copy)]
struct Cluster {
    first_return: u32,
    last_call: u32,
    /// The call of the write.
    written: u32,
    reads: u32,
}

impl Cluster {
    fn zone(&self) -> Zone {
        Zone { first_return: self.first_return, last_call: self.last_call }
    }
}

const UNWRITTEN: Cluster = Cluster { first_return: NEVER, last_call: 0, written: NEVER, reads: 0 };
/// By how many values the table grows.
const MORE: usize = 1024;

/// Checks a register that holds `initial` at first.
pub(crate) fn register<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    initial: u32,
    order: bool,
) -> Option<Shortcut<Op>> {
    if let Ok(answer) = zones(calls, &access, initial, order) {
        return answer;
    }
    // Few of the values are in these calls, so they get numbers of their own.
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    numbers.insert(initial, 0);
    for call in calls {
        let Access { value, .. } = access(&call.op)?;
        let next = numbers.len() as u32;
        numbers.entry(value).or_insert(next);
    }
    let access = |op: &Op| {
        let access = access(op)?;
        Some(Access { value: numbers.get(&access.value).copied().unwrap_or(NONE), ..access })
    };
    zones(calls, access, 0, order).ok().flatten()
}

/// A value has a number so great that a table of all values is not worth it.
struct Sparse;

/// The same, with a table of all values.
fn zones<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    initial: u32,
    order: bool,
) -> Result<Option<Shortcut<Op>>, Sparse> {
    let most = 4 * calls.len() + 64;
    if initial as usize > most {
        return Err(Sparse);
    }
    let mut clusters = vec![UNWRITTEN; initial as usize + 1];
    clusters[initial as usize] = Cluster { first_return: 0, written: 0, ..UNWRITTEN };
    let mut positions = 0;
    // Reads and writes come in no order that a processor could guess, so nothing branches on them.
    let mut inapplicable = false;
    for call in calls {
        let Some(Access { value, write }) = access(&call.op) else { return Ok(None) };
        if value as usize >= clusters.len() {
            if value as usize > most {
                return Err(Sparse);
            }
            clusters.resize((value as usize + 1).next_multiple_of(MORE), UNWRITTEN);
        }
        let cluster = &mut clusters[value as usize];
        inapplicable |= write & (cluster.written != NEVER) | !write & call.optional();
        cluster.written = if write { call.called + 1 } else { cluster.written };
        cluster.reads += u32::from(!write);
        cluster.first_return = cluster.first_return.min(call.returned.saturating_add(1));
        cluster.last_call = cluster.last_call.max(call.called + 1);
        let end = if call.optional() { call.called } else { call.returned };
        positions = positions.max(end as usize + 2);
    }
    if inapplicable {
        return Ok(None);
    }
    // Where each zone begins.
    let mut zones = vec![0; positions.max(1)];
    for (value, cluster) in clusters.iter().enumerate() {
        if cluster.first_return == NEVER {
            continue;
        }
        if cluster.first_return < cluster.written {
            // A read returned before its value was written, or it never was.
            return Ok(Shortcut::violation(extremes(calls, &access, value as u32, cluster)));
        }
        zones[cluster.zone().begin()] = value as u32 + 1;
    }
    let zone = |value: u32| clusters[value as usize].zone();
    Ok(match line_up(zones, zone) {
        Ok(sequence) => {
            let order = order.then(|| in_sequence(calls, &access, &clusters, sequence));
            Some(Shortcut::Linearizable(order))
        }
        Err((holder, value)) => {
            let mut witness = extremes(calls, &access, holder, &clusters[holder as usize]);
            witness.extend(extremes(calls, &access, value, &clusters[value as usize]));
            Shortcut::violation(witness)
        }
    })
}

/// The write of a value, the operation that returned first and the one called last.
fn extremes<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    value: u32,
    cluster: &Cluster,
) -> Vec<u32> {
    let extreme = |call: &Call<Op>| {
        access(&call.op).is_some_and(|access| {
            access.value == value
                && (access.write
                    || call.returned.saturating_add(1) == cluster.first_return
                    || call.called + 1 == cluster.last_call)
        })
    };
    (0..calls.len() as u32).filter(|i| extreme(&calls[*i as usize])).collect()
}

/// The clusters one after the other, in each the write and then the reads as they were called.
fn in_sequence<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    clusters: &[Cluster],
    mut sequence: Vec<u32>,
) -> Vec<u32> {
    // Where the write and the next read of each value go.
    let mut places = vec![[NONE; 2]; clusters.len()];
    let mut length = 0;
    for value in &sequence {
        let cluster = &clusters[*value as usize];
        let reads = length + u32::from(cluster.written != 0);
        places[*value as usize] = [length, reads];
        length = reads + cluster.reads;
    }
    // Fresh memory costs time, and this is not needed any more.
    sequence.clear();
    sequence.resize(length as usize, NONE);
    let mut order = sequence;
    for (i, call) in calls.iter().enumerate() {
        let Some(Access { value, write }) = access(&call.op) else { continue };
        let place = &mut places[value as usize][usize::from(!write)];
        // What nobody read and may never have happened has no place.
        if let Some(at) = order.get_mut(*place as usize) {
            *at = i as u32;
            *place += u32::from(!write);
        }
    }
    order
}
