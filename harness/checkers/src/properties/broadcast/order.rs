//! FIFO order: each sender's messages are delivered in the order it broadcast them.
//!
//! If a process broadcasts m1 before m2 (in one life, on one instance), no honest process delivers
//! m2 unless it has delivered m1 before. Antecedent: a delivery of a message with a predecessor.
//! Stress: its predecessor was still under way to that process when it was broadcast, and links to
//! the process reordered or lost copies (without message records: a fault landed).

use super::super::link::out_of_order;
use super::super::payloads::{Bits, Payloads};
use super::super::run::{Breaches, Run};
use super::{rough, seen};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;

/// What one life of a sender broadcast on one instance, in order: record and message.
#[derive(Default)]
struct Sender {
    sent: Vec<(u64, u32)>,
}

/// How far one process has come with one sender.
#[derive(Clone, Copy, Default)]
struct Progress {
    contiguous: u32,
    last_delivery: u64,
}

/// Judges FIFO order.
pub(in super::super) fn fifo_order(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut places: Vec<(u32, u32)> = Vec::new();
    let mut delivered = Bits::new(run.nodes());
    let mut senders: Vec<Sender> = Vec::new();
    let mut sender_of: FxHashMap<(usize, usize), u32> = FxHashMap::default();
    let mut progress: FxHashMap<(u32, u32), Progress> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told) else { continue };
        if seen.number == places.len() {
            places.push((u32::MAX, 0));
        }
        if seen.broadcast {
            if places[seen.number].0 == u32::MAX {
                let sender = *sender_of.entry((told.life, seen.instance)).or_insert_with(|| {
                    senders.push(Sender::default());
                    senders.len() as u32 - 1
                });
                let sent = &mut senders[sender as usize].sent;
                places[seen.number] = (sender, sent.len() as u32);
                sent.push((told.index, seen.number as u32));
            }
            continue;
        }
        if !run.honest(told.node) || !run.honest(seen.origin) {
            continue;
        }
        let again = delivered.set(seen.number, told.node);
        let (sender, place) = places[seen.number];
        if again || sender == u32::MAX {
            continue;
        }
        let sent = &senders[sender as usize].sent;
        let progress = progress.entry((sender, told.node as u32)).or_default();
        if place > 0 {
            antecedents += 1;
            let overlapped = progress.last_delivery > sent[place as usize].0;
            let together = place != progress.contiguous || overlapped;
            stress += u64::from(together && rough(run, run.network.reorders_into(told.node)));
        }
        let next = |p: u32| sent.get(p as usize).map(|&(_, number)| number as usize);
        while next(progress.contiguous).is_some_and(|n| delivered.get(n, told.node)) {
            progress.contiguous += 1;
        }
        if place >= progress.contiguous {
            let missing = sent[progress.contiguous as usize].0;
            let later = sent[place as usize].0;
            breaches.add(|| out_of_order(run, &told, seen.origin, missing, later));
        }
        progress.last_delivery = told.index;
    }
    let stressor = "broadcast while their predecessor was under way over links that reorder";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}
