//! Calls that can be judged apart from each other.
//!
//! Linearizability is local: a history is linearizable if what happened to each object is. Within
//! an object, operations whose keys are never connected by one operation are as good as objects.

use super::hints::glance;
use super::model::{Call, Keys, Spec};
use rustc_hash::FxHashMap;

/// The calls of each part, by their index, in the order given. Parts come in the order of their
/// first call. Keys that are found to lie are not believed, and told of; those of a `tested` model are
/// not looked at.
pub(crate) fn partition<M: Spec>(
    model: &M,
    calls: &[Call<M::Op>],
    tested: bool,
    notes: &mut Vec<String>,
) -> Vec<Vec<u32>> {
    let objects = calls.iter().map(|call| call.object as usize + 1).max().unwrap_or(0);
    // An object with an operation on everything is a part as a whole.
    let mut whole = vec![false; objects];
    let mut keyed = false;
    for call in calls {
        if !whole[call.object as usize] {
            let all = model.keys(&call.op) == Keys::All;
            whole[call.object as usize] = all;
            keyed |= !all;
        }
    }
    if keyed
        && !tested
        && let Some(lie) = glance(model, calls, true)
    {
        notes.push(format!("{lie}; every object was judged as a whole"));
        (whole, keyed) = (vec![true; objects], false);
    }
    if objects == 1 && whole[0] {
        return vec![(0..calls.len() as u32).collect()];
    }
    let groups = if keyed { connected(model, calls, &whole) } else { Vec::new() };
    let mut numbers: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut of_whole = vec![u32::MAX; objects];
    let mut parts: Vec<Vec<u32>> = Vec::new();
    for (i, call) in calls.iter().enumerate() {
        let part = if whole[call.object as usize] {
            &mut of_whole[call.object as usize]
        } else {
            numbers.entry((call.object, groups[i])).or_insert(u32::MAX)
        };
        if *part == u32::MAX {
            *part = parts.len() as u32;
            parts.push(Vec::new());
        }
        parts[*part as usize].push(i as u32);
    }
    parts
}

/// For every call a number that it shares with those it is connected to by keys.
fn connected<M: Spec>(model: &M, calls: &[Call<M::Op>], whole: &[bool]) -> Vec<u32> {
    let mut numbers: FxHashMap<(u32, u64), u32> = FxHashMap::default();
    let mut parents: Vec<u32> = Vec::new();
    let mut first = vec![u32::MAX; calls.len()];
    for (i, call) in calls.iter().enumerate() {
        if whole[call.object as usize] {
            continue;
        }
        let Keys::Some(keys) = model.keys(&call.op) else { continue };
        for key in keys {
            let number = *numbers.entry((call.object, key)).or_insert_with(|| {
                parents.push(parents.len() as u32);
                parents.len() as u32 - 1
            });
            if first[i] == u32::MAX {
                first[i] = number;
            } else {
                let (a, b) = (root(&mut parents, first[i]), root(&mut parents, number));
                parents[a.max(b) as usize] = a.min(b);
            }
        }
    }
    first.into_iter().map(|n| if n == u32::MAX { n } else { root(&mut parents, n) }).collect()
}

fn root(parents: &mut [u32], mut at: u32) -> u32 {
    while parents[at as usize] != at {
        parents[at as usize] = parents[parents[at as usize] as usize];
        at = parents[at as usize];
    }
    at
}
