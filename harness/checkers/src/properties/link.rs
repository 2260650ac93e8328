//! Point-to-point links: what one process sends to another.
//!
//! Events: `send` {peer: destination, value} and `deliver` {peer: origin, value}; payloads are
//! unique per link and instance.
//!
//! * **stubborn delivery**: what a correct process sends to a correct one is delivered again and
//!   again for ever. On a finite run: at least once more after every fault was undone. Antecedent:
//!   such a send. Stress: its link lost something.
//! * **reliable delivery**: what a correct process sends to a correct one is eventually delivered.
//!   Antecedent and stress as above.
//! * **no duplication**: no life of a process delivers a message twice. Antecedent: a delivery.
//!   Stress: its link duplicated or lost copies (what is lost is sent again).
//! * **no creation**: what is delivered from an honest process was sent by it before, to this
//!   destination. Antecedent and stress: a delivery; in a run with liars, a delivery after the first
//!   of them turned.
//! * **authenticity**: the same on a network that may forge; stress only from the first fault on.
//! * **fifo order**: a message is delivered only after all that its sender sent earlier, in the
//!   same life, to the same destination. Antecedent: a delivery of a message with a predecessor.
//!   Stress: both were under way together on a link that reordered or lost copies.
//!
//! Without message records, a fault that landed stands for the bad link.

use super::payloads::{Bits, Payloads};
use super::run::{Breaches, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Nanos, ProtocolEvent};

/// Where a message was first mentioned, and what is known of it.
struct Sending<'h> {
    event: &'h ProtocolEvent,
    index: u64,
    src: usize,
    dest: usize,
}

/// Source and destination of a send or deliver event, if it is one and names its peer.
fn ends(told: &Told<'_>) -> Option<(bool, usize, usize)> {
    let peer = usize::from(told.event.peer?.0);
    match told.event.kind.as_str() {
        "send" => Some((true, told.node, peer)),
        "deliver" => Some((false, peer, told.node)),
        _ => None,
    }
}

fn bad_link(run: &Run<'_>, bad: bool) -> bool {
    if run.network.recorded() { bad } else { run.spells.any() }
}

/// Judges stubborn delivery.
pub(super) fn stubborn_delivery(run: &Run<'_>) -> Finding {
    eventually_delivered(run, run.heal().map_or(0, |(index, _)| index))
}

/// Judges reliable delivery.
pub(super) fn reliable_delivery(run: &Run<'_>) -> Finding {
    eventually_delivered(run, 0)
}

/// Every send between correct processes must be delivered at `since` or later, in time.
fn eventually_delivered(run: &Run<'_>, since: u64) -> Finding {
    let mut payloads = Payloads::default();
    let mut sendings: Vec<Sending<'_>> = Vec::new();
    let mut delivered: Vec<Option<Nanos>> = Vec::new();
    for told in run.events() {
        let Some((sent, src, dest)) = ends(&told) else { continue };
        let channel = payloads.channel(src, dest, told.event.instance);
        let number = payloads.number(channel, &told.event.value);
        if number == sendings.len() {
            let index = if sent { told.index } else { u64::MAX };
            sendings.push(Sending { event: told.event, index, src, dest });
            delivered.push(None);
        } else if sent && sendings[number].index == u64::MAX {
            sendings[number].index = told.index;
        }
        if !sent && told.index >= since && run.in_time(told.index) {
            delivered[number].get_or_insert(told.time);
        }
    }
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut settled = None;
    for (sending, delivered) in sendings.iter().zip(delivered) {
        let &Sending { event, index, src, dest } = sending;
        if !run.in_time(index) || !run.correct(src) || !run.correct(dest) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(bad_link(run, run.network.lossy(src, dest)));
        settled = settled.max(delivered);
        if delivered.is_none() {
            breaches.add(|| {
                let after = if since == 0 { "" } else { " after the faults were undone" };
                let text = format!(
                    "{} sent {} to {} at {}, which never delivered it{after}; both are correct",
                    name(src),
                    event.value,
                    name(dest),
                    run.at(index),
                );
                (text, vec![index])
            });
        }
    }
    let kept = breaches.is_empty();
    let mut finding = run.verdict(
        Status::NotByDeadline,
        breaches,
        antecedents,
        stress,
        "on a link that lost messages",
    );
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// Judges no duplication.
pub(super) fn no_duplication(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut delivered = Bits::new(run.lives());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((false, src, dest)) = ends(&told) else { continue };
        if !run.honest(dest) {
            continue;
        }
        let channel = payloads.channel(src, dest, told.event.instance);
        let number = payloads.number(channel, &told.event.value);
        antecedents += 1;
        stress += u64::from(bad_link(run, run.network.repeats(src, dest)));
        if delivered.set(number, told.life) {
            breaches.add(|| delivered_again(run, &told));
        }
    }
    let stressor = "on a link that duplicated or lost copies";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Finds the first delivery that `again` repeats, and says so.
pub(super) fn delivered_again(run: &Run<'_>, again: &Told<'_>) -> (String, Vec<u64>) {
    let event = again.event;
    let first = run
        .events()
        .find(|t| t.life == again.life && t.event == event)
        .map_or(u64::MAX, |t| t.index);
    let text = format!(
        "{} delivered {}{} at {} and again at {}",
        name(again.node),
        event.value,
        event.peer.map_or(String::new(), |p| format!(" from {p}")),
        run.at(first),
        run.at(again.index),
    );
    (text, vec![first, again.index])
}

/// Judges no creation.
pub(super) fn no_creation(run: &Run<'_>) -> Finding {
    sent_before(run, run.has_liars(), "that could have been made up")
}

/// Judges authenticity.
pub(super) fn authenticity(run: &Run<'_>) -> Finding {
    sent_before(run, true, "after a fault had begun that could forge")
}

/// What is delivered from the honest was sent; it counts as stress from the first fault on, or
/// always.
fn sent_before(run: &Run<'_>, after_fault: bool, stressor: &str) -> Finding {
    let mut payloads = Payloads::default();
    let mut sent = Vec::new();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((sends, src, dest)) = ends(&told) else { continue };
        if !run.honest(src) || !run.honest(dest) {
            continue;
        }
        let channel = payloads.channel(src, dest, told.event.instance);
        let number = payloads.number(channel, &told.event.value);
        if number >= sent.len() {
            sent.resize(number + 1, false);
        }
        sent[number] |= sends;
        if sends {
            continue;
        }
        antecedents += 1;
        stress += u64::from(!after_fault || run.spells.begun_by(told.time));
        if !sent[number] {
            breaches.add(|| {
                let text = format!(
                    "{} delivered {} from {} at {}, which had not sent it",
                    name(dest),
                    told.event.value,
                    name(src),
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// What one life of a sender sent to one destination, in order, and how far it was delivered.
#[derive(Default)]
struct Queue {
    sent: Vec<(u64, u32)>,
    contiguous: usize,
    last_delivery: u64,
}

/// Judges FIFO order.
pub(super) fn fifo_order(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut places: Vec<Option<(usize, usize)>> = Vec::new();
    let mut delivered: Vec<bool> = Vec::new();
    let mut queues: Vec<Queue> = Vec::new();
    let mut queue_of: FxHashMap<(usize, u64), usize> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((sends, src, dest)) = ends(&told) else { continue };
        if !run.honest(src) || !run.honest(dest) {
            continue;
        }
        let channel = payloads.channel(src, dest, told.event.instance);
        let number = payloads.number(channel, &told.event.value);
        if number == places.len() {
            places.push(None);
            delivered.push(false);
        }
        if sends {
            if places[number].is_none() {
                let queue = *queue_of.entry((told.life, channel)).or_insert_with(|| {
                    queues.push(Queue::default());
                    queues.len() - 1
                });
                places[number] = Some((queue, queues[queue].sent.len()));
                queues[queue].sent.push((told.index, number as u32));
            }
            continue;
        }
        let again = std::mem::replace(&mut delivered[number], true);
        let Some((queue, place)) = places[number].filter(|_| !again) else { continue };
        let queue = &mut queues[queue];
        if place > 0 {
            antecedents += 1;
            let overlapped = queue.last_delivery > queue.sent[place].0;
            let together = place != queue.contiguous || overlapped;
            stress += u64::from(together && bad_link(run, run.network.reorders(src, dest)));
        }
        while queue.sent.get(queue.contiguous).is_some_and(|&(_, n)| delivered[n as usize]) {
            queue.contiguous += 1;
        }
        if place >= queue.contiguous {
            let (missing, _) = queue.sent[queue.contiguous];
            breaches.add(|| out_of_order(run, &told, src, missing, queue.sent[place].0));
        }
        queue.last_delivery = told.index;
    }
    let stressor = "under way together with their predecessor on a link that reordered or lost";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Says that `told` delivered what was sent at `later` without what was sent at `earlier`.
pub(super) fn out_of_order(
    run: &Run<'_>,
    told: &Told<'_>,
    src: usize,
    earlier: u64,
    later: u64,
) -> (String, Vec<u64>) {
    let value = |index| match run.record(index).map(|r| &r.entry) {
        Some(schism_history::Entry::Event(e)) => e.value.to_string(),
        _ => "a message".to_string(),
    };
    let text = format!(
        "{} delivered {} from {} at {}, before {}, which {} had sent earlier (at {})",
        name(told.node),
        told.event.value,
        name(src),
        run.at(told.index),
        value(earlier),
        name(src),
        run.at(earlier),
    );
    (text, vec![earlier, later, told.index])
}
