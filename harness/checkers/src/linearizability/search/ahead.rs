//! What the rules that look ahead need to know at every return, computed once.

use super::prepare::{NONE, Numbered, Prepared};
use super::space::Hints;
use crate::linearizability::model::NEVER;

/// Fills in what lies ahead of each layer.
pub(super) fn look_ahead(prepared: &mut Prepared, calls: &[Numbered], hints: &[Hints]) {
    let mut resets: Vec<u32> = calls
        .iter()
        .filter(|call| hints[call.class as usize].reset)
        .map(|call| call.called)
        .collect();
    resets.sort_unstable();
    // Pure operations in the order of their returns: return, call, class.
    let ops = &prepared.ops;
    let pures: Vec<(u32, u32, u32)> = prepared
        .layers
        .iter()
        .filter(|layer| ops[layer.due as usize].pure)
        .map(|layer| {
            let op = &ops[layer.due as usize];
            (layer.returned, op.called, op.class)
        })
        .collect();
    let (mut next_reset, mut upto) = (0, 0);
    for layer in &mut prepared.layers {
        while resets.get(next_reset).is_some_and(|call| *call < layer.returned) {
            next_reset += 1;
        }
        layer.next_reset = resets.get(next_reset).copied().unwrap_or(NEVER);
        while pures.get(upto).is_some_and(|(returned, ..)| *returned < layer.next_reset) {
            upto += 1;
        }
        // Those called before this return are pending, not ahead.
        layer.goal = pures[..upto]
            .iter()
            .rev()
            .take_while(|(returned, ..)| *returned > layer.returned)
            .find(|(_, called, _)| *called > layer.returned)
            .map_or(NONE, |(_, _, class)| *class);
    }
}

/// Fills in who sees what each layer leads to.
pub(super) fn look_around(prepared: &mut Prepared) {
    let Prepared { ops, layers, by_call, optional, sights, .. } = prepared;
    let of = |i: &u32| &ops[*i as usize];
    sights.extend(by_call.iter().map(of).filter(|op| !op.blind).map(|op| (op.called, op.class)));
    let optional = optional.iter().filter_map(|optional| optional.calls.first());
    let seeing = optional.filter(|(_, i)| !of(i).blind);
    prepared.optional_sight = seeing.map(|(called, _)| *called).min().unwrap_or(NEVER);
    let (mut overwrites, mut overwritten) = (by_call.iter().map(of).rev().peekable(), NEVER);
    for layer in layers.iter_mut().rev() {
        while let Some(op) = overwrites.next_if(|op| op.called > layer.returned) {
            if op.overwrite {
                overwritten = overwritten.min(op.returned);
            }
        }
        layer.overwritten = overwritten;
        layer.sights = sights.partition_point(|(called, _)| *called < layer.returned) as u32;
    }
}
