//! Broadcast: one process tells all.
//!
//! Events: `broadcast` {value} and `deliver` {peer: origin, value}. Payloads are unique per origin
//! and instance; instances are independent broadcasts. [`delivery`] holds the promises about
//! whether a message arrives, [`order`], [`causal`] and [`total`] those about the order in which
//! messages do, [`byzantine`] those that bind a lying sender, and [`set`] judges foreign nodes, which tell no events, by their final reads.

pub(super) mod byzantine;
pub(super) mod causal;
pub(super) mod delivery;
pub(super) mod order;
pub(super) mod set;
pub(super) mod total;

use super::payloads::Payloads;
use super::run::{Run, Told};

/// A broadcast or a delivery, and the number of the message.
pub(super) struct Seen {
    /// Whether this is the broadcast.
    pub(super) broadcast: bool,
    /// Who broadcast the message, as far as the event says.
    pub(super) origin: usize,
    /// The message.
    pub(super) number: usize,
    /// Its instance, densely numbered.
    pub(super) instance: usize,
}

/// What an event says about a message, if it is a broadcast or a delivery. A delivery without a
/// peer stands for one's own message.
#[inline]
pub(super) fn seen<'h>(payloads: &mut Payloads<'h>, told: &Told<'h>) -> Option<Seen> {
    let event = told.event;
    let (broadcast, origin) = match event.kind.as_str() {
        "broadcast" => (true, told.node),
        "deliver" => (false, event.peer.map_or(told.node, |p| usize::from(p.0))),
        _ => return None,
    };
    let channel = payloads.channel(origin, 0, event.instance);
    let number = payloads.number(channel, &event.value);
    Some(Seen { broadcast, origin, number, instance: (channel >> 32) as usize })
}

/// Whether deliveries at a node had to cope with reordered, lost or repeated copies; without
/// message records, whether a fault landed.
fn rough(run: &Run<'_>, into: bool) -> bool {
    if run.network.recorded() { into } else { run.spells.any() }
}
