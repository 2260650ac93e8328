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
pub(crate) enum Access {
    Read(u32),
    Write(u32),
}

/// A value, from the first return to the last call of all that concerns it. Positions are one
/// more than those of the calls: the write of the first value is at 0.
#[derive(Clone, Copy)]
struct Cluster {
    first_return: u32,
    last_call: u32,
    write: u32,
    reads: u32,
}

impl Cluster {
    fn zone(&self) -> Zone {
        Zone { first_return: self.first_return, last_call: self.last_call }
    }
}

const UNWRITTEN: Cluster = Cluster { first_return: NEVER, last_call: 0, write: NONE, reads: 0 };
/// The write of the first value.
const INITIAL: u32 = NONE - 1;

/// Checks a register that holds `initial` at first.
pub(crate) fn register<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    initial: u32,
    order: bool,
) -> Option<Shortcut<Op>> {
    let mut values = initial as usize + 1;
    for call in calls {
        let (Access::Read(value) | Access::Write(value)) = access(&call.op)?;
        values = values.max(value as usize + 1);
    }
    // Few of the values may be in these calls; then they get numbers of their own.
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    let few = values > 4 * calls.len() + 64;
    let mut number = |value: u32| {
        if !few {
            return value;
        }
        let next = numbers.len() as u32;
        *numbers.entry(value).or_insert(next)
    };
    let initial = number(initial);
    if few {
        for call in calls {
            let (Access::Read(value) | Access::Write(value)) = access(&call.op)?;
            number(value);
        }
        let numbered = |value: u32| numbers.get(&value).copied().unwrap_or(NONE);
        let access = |op: &Op| match access(op)? {
            Access::Read(value) => Some(Access::Read(numbered(value))),
            Access::Write(value) => Some(Access::Write(numbered(value))),
        };
        return zones(calls, access, initial, numbers.len(), order);
    }
    zones(calls, access, initial, values, order)
}

fn zones<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    initial: u32,
    values: usize,
    order: bool,
) -> Option<Shortcut<Op>> {
    let mut clusters = vec![UNWRITTEN; values];
    clusters[initial as usize] =
        Cluster { first_return: 0, last_call: 0, write: INITIAL, reads: 0 };
    let mut positions = 0;
    for (i, call) in calls.iter().enumerate() {
        let access = access(&call.op)?;
        let (Access::Read(value) | Access::Write(value)) = access;
        let cluster = &mut clusters[value as usize];
        match access {
            Access::Write(_) if cluster.write != NONE => return None,
            Access::Write(_) => cluster.write = i as u32,
            Access::Read(_) if call.optional() => return None,
            Access::Read(_) => cluster.reads += 1,
        }
        let returned = call.returned.saturating_add(1);
        cluster.first_return = cluster.first_return.min(returned);
        cluster.last_call = cluster.last_call.max(call.called + 1);
        let end = if call.optional() { call.called } else { call.returned };
        positions = positions.max(end as usize + 2);
    }
    // Where each zone begins.
    let mut zones = vec![NONE; positions.max(1)];
    for (value, cluster) in clusters.iter().enumerate() {
        let Cluster { first_return, write, .. } = *cluster;
        if first_return == NEVER {
            continue;
        }
        let written = match write {
            NONE => NEVER,
            INITIAL => 0,
            write => calls[write as usize].called + 1,
        };
        if first_return < written {
            // A read returned before its value was written, or it never was.
            return Shortcut::violation(extremes(calls, &access, value as u32, cluster));
        }
        zones[cluster.zone().begin()] = value as u32;
    }
    let zone = |value: u32| clusters[value as usize].zone();
    match line_up(&zones, zone, order) {
        Ok(sequence) => {
            let order = order.then(|| in_sequence(calls, &access, &clusters, &sequence));
            Some(Shortcut::Linearizable(order))
        }
        Err((holder, value)) => {
            let mut witness = extremes(calls, &access, holder, &clusters[holder as usize]);
            witness.extend(extremes(calls, &access, value, &clusters[value as usize]));
            Shortcut::violation(witness)
        }
    }
}

/// The write of a value, the operation that returned first and the one called last.
fn extremes<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    value: u32,
    cluster: &Cluster,
) -> Vec<u32> {
    let mut extremes: Vec<u32> = Vec::new();
    if (cluster.write as usize) < calls.len() {
        extremes.push(cluster.write);
    }
    for (i, call) in calls.iter().enumerate() {
        let Some(Access::Read(v) | Access::Write(v)) = access(&call.op) else { continue };
        if v == value
            && (call.returned.saturating_add(1) == cluster.first_return && !call.optional()
                || call.called + 1 == cluster.last_call)
        {
            extremes.push(i as u32);
        }
    }
    extremes
}

/// The clusters one after the other, in each the write and then the reads as they were called.
fn in_sequence<Op>(
    calls: &[Call<Op>],
    access: impl Fn(&Op) -> Option<Access>,
    clusters: &[Cluster],
    sequence: &[u32],
) -> Vec<u32> {
    // Where the next read of each value goes.
    let mut places = vec![NONE; clusters.len()];
    let mut length = 0;
    for value in sequence {
        let cluster = &clusters[*value as usize];
        let writes = u32::from(cluster.write != INITIAL);
        places[*value as usize] = length + writes;
        length += writes + cluster.reads;
    }
    let mut order = vec![NONE; length as usize];
    for (i, call) in calls.iter().enumerate() {
        if let Some(Access::Read(value)) = access(&call.op) {
            let place = &mut places[value as usize];
            order[*place as usize] = i as u32;
            *place += 1;
        }
    }
    for value in sequence {
        let Cluster { write, reads, .. } = clusters[*value as usize];
        if write != INITIAL {
            order[(places[*value as usize] - reads - 1) as usize] = write;
        }
    }
    order
}
