//! Zones on a line (Gibbons and Korach), which the checks of registers and of what grows share.
//!
//! Operations that must follow each other without any other in between form a cluster. From the
//! first return `f` to the last call `s` of a cluster, if `f < s`, nothing else had a place: a
//! *forward* zone. Else the cluster fits into any instant from `s` to `f`: a *backward* zone. The
//! clusters have an order iff no two forward zones overlap and no backward zone lies inside a
//! forward one.

use super::NONE;

/// The first return and the last call of a cluster. Positions are one more than those of the
/// calls, which leaves 0 for what was there at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone {
    pub first_return: u32,
    pub last_call: u32,
}

impl Zone {
    /// Where it begins: a forward zone at a return, a backward zone at a call.
    pub fn begin(self) -> usize {
        self.first_return.min(self.last_call) as usize
    }
}

/// Puts clusters in order. `starting` holds, at each position, the cluster whose zone begins there
/// plus one, or 0: memory full of zeros costs nothing until it is looked at. `Err` with two clusters
/// that have no order.
pub(super) fn line_up(
    mut starting: Vec<u32>,
    zone: impl Fn(u32) -> Zone,
) -> Result<Vec<u32>, (u32, u32)> {
    squeeze(&mut starting);
    let (mut end, mut holder) = (0, NONE);
    for &cluster in &starting {
        let zone = zone(cluster);
        let Zone { first_return, last_call } = zone;
        let forward = first_return < last_call;
        if (first_return.min(last_call) < end) & (forward | (first_return < end)) {
            return Err((holder, cluster));
        }
        (end, holder) = if forward { (last_call, cluster) } else { (end, holder) };
    }
    Ok(starting)
}

/// Leaves of a table what is not 0, less 1. What is cannot be guessed, so nothing branches on it.
pub(super) fn squeeze(table: &mut Vec<u32>) {
    let mut count = 0;
    for at in 0..table.len() {
        let entry = table[at];
        table[count] = entry.wrapping_sub(1);
        count += usize::from(entry != 0);
    }
    table.truncate(count);
}
