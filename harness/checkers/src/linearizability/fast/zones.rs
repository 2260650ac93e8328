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

/// Puts clusters in order. `starting` holds the cluster whose zone begins at each position. `Err`
/// with two that have none.
pub(super) fn line_up(
    starting: &[u32],
    zone: impl Fn(u32) -> Zone,
    order: bool,
) -> Result<Vec<u32>, (u32, u32)> {
    let mut sequence: Vec<u32> = Vec::new();
    let (mut end, mut holder) = (0, NONE);
    for (position, &cluster) in starting.iter().enumerate() {
        if cluster == NONE {
            continue;
        }
        let Zone { first_return, last_call } = zone(cluster);
        let forward = first_return < last_call;
        if (position as u32) < end && (forward || first_return < end) {
            return Err((holder, cluster));
        }
        if forward {
            (end, holder) = (last_call, cluster);
        }
        if order {
            sequence.push(cluster);
        }
    }
    Ok(sequence)
}
