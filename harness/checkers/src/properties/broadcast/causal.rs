//! Causal order: no message is delivered before one it may depend on.
//!
//! m1 comes causally before m2 if one life of a process broadcast m1 and then m2, or delivered m1
//! and then broadcast m2, or by a chain of such steps. No honest process delivers m2 unless it has
//! delivered every such m1 before. Antecedent: a delivery of a message with a causal predecessor of
//! another sender. Stress: when the message was broadcast, such a predecessor had yet to arrive at
//! the process, so that it could have been overtaken.
//!
//! A message carries, per sending life, how many of its broadcasts come before it. A process that
//! keeps FIFO order has delivered a prefix of each sender's messages, so comparing these counts with
//! the lengths of its prefixes decides: O(deliveries × senders). A process that breaks FIFO order
//! has broken causal order by that alone; of what it delivers out of turn only the prefix counts.

use super::super::link::out_of_order;
use super::super::payloads::{Bits, Payloads};
use super::super::run::{Breaches, Run, Told, name};
use super::seen;
use crate::{Finding, Status};
use rustc_hash::FxHashMap;

/// What is known of the broadcasts of one instance.
#[derive(Default)]
struct Instance {
    /// The lives that have broadcast, numbered in the order of their first broadcast.
    senders: FxHashMap<usize, usize>,
    /// Per sender, its messages in order: record and number.
    sent: Vec<Vec<(u64, u32)>>,
    /// Per life and sender, how many messages of the sender are in its causal past.
    past: FxHashMap<usize, Vec<u32>>,
    /// Per node and sender, how many of the sender's first messages it has delivered.
    prefix: FxHashMap<usize, Vec<u32>>,
}

/// An entry of a vector of counts, which is 0 where it is too short.
fn count(counts: &[u32], sender: usize) -> u32 {
    counts.get(sender).copied().unwrap_or(0)
}

/// A vector of counts, made long enough for all senders.
fn counts_of(table: &mut FxHashMap<usize, Vec<u32>>, of: usize, senders: usize) -> &mut [u32] {
    let counts = table.entry(of).or_default();
    if counts.len() < senders {
        counts.resize(senders, 0);
    }
    counts
}

/// Where a message stands.
#[derive(Clone, Copy)]
struct Place {
    sender: u32,
    rank: u32,
    /// Where its counts lie among those of all messages: from here, for so many senders.
    counts: (usize, u32),
}

/// Judges causal order.
pub(in super::super) fn causal_order(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut places: Vec<Option<Place>> = Vec::new();
    let mut counts: Vec<u32> = Vec::new();
    let mut delivered = Bits::new(run.nodes());
    let mut overtakable = Bits::new(run.nodes());
    let mut instances: Vec<Instance> = Vec::new();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told) else { continue };
        if !run.honest(told.node) || !run.honest(seen.origin) {
            continue;
        }
        if seen.number >= places.len() {
            places.resize(seen.number + 1, None);
        }
        if seen.instance >= instances.len() {
            instances.resize_with(seen.instance + 1, Instance::default);
        }
        let Instance { senders, sent, past, prefix } = &mut instances[seen.instance];
        if seen.broadcast {
            if places[seen.number].is_some() {
                continue;
            }
            let sender = *senders.entry(told.life).or_insert(sent.len());
            if sender == sent.len() {
                sent.push(Vec::new());
            }
            let past = counts_of(past, told.life, sent.len());
            places[seen.number] = Some(Place {
                sender: sender as u32,
                rank: sent[sender].len() as u32,
                counts: (counts.len(), past.len() as u32),
            });
            counts.extend_from_slice(past);
            for node in 0..run.nodes() {
                let prefix = prefix.get(&node).map_or(&[][..], Vec::as_slice);
                let lacks = |(s, &needed): (usize, &u32)| s != sender && count(prefix, s) < needed;
                if past.iter().enumerate().any(lacks) {
                    overtakable.set(seen.number, node);
                }
            }
            sent[sender].push((told.index, seen.number as u32));
            past[sender] += 1;
            continue;
        }
        let again = delivered.set(seen.number, told.node);
        let Some(place) = places[seen.number] else { continue };
        let (from, length) = place.counts;
        let needs = &counts[from..from + length as usize];
        let sender = place.sender as usize;
        // What a life has delivered, even again, it may refer to from now on.
        let past = counts_of(past, told.life, sent.len());
        for (past, &needed) in past.iter_mut().zip(needs) {
            *past = (*past).max(needed);
        }
        past[sender] = past[sender].max(place.rank + 1);
        if again {
            continue;
        }
        let prefix = counts_of(prefix, told.node, sent.len());
        if needs.iter().enumerate().any(|(s, &n)| n > 0 && s != sender) {
            antecedents += 1;
            stress += u64::from(overtakable.get(seen.number, told.node));
        }
        // A prefix may have grown by messages that were delivered out of turn.
        let advance = |s: usize, prefix: &mut u32| {
            let next = |p: u32| sent[s].get(p as usize).map(|&(_, number)| number as usize);
            while next(*prefix).is_some_and(|n| delivered.get(n, told.node)) {
                *prefix += 1;
            }
        };
        for s in 0..needs.len() {
            if prefix[s] < needs[s] {
                advance(s, &mut prefix[s]);
            }
            if prefix[s] < needs[s] {
                let missing = sent[s][prefix[s] as usize].0;
                let this = sent[sender][place.rank as usize].0;
                breaches.add(|| {
                    if s == sender {
                        out_of_order(run, &told, seen.origin, missing, this)
                    } else {
                        before_its_cause(run, &told, missing, this)
                    }
                });
                break;
            }
        }
        advance(sender, &mut prefix[sender]);
    }
    let stressor = "broadcast while a message they depend on had yet to arrive";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Says that `told` delivered the message broadcast at `this` without the one at `missing`.
fn before_its_cause(run: &Run<'_>, told: &Told<'_>, missing: u64, this: u64) -> (String, Vec<u64>) {
    let mut witness = vec![missing, this, told.index];
    let Some(schism_history::Entry::Event(cause)) = run.record(missing).map(|r| &r.entry) else {
        return ("a message was delivered before its cause".into(), witness);
    };
    let text = format!(
        "{} delivered {} at {}, but not {} from {}, which came causally before it: {} was broadcast \
         at {} by {}, who knew of {}",
        name(told.node),
        told.event.value,
        run.at(told.index),
        cause.value,
        cause.node,
        told.event.value,
        run.at(this),
        told.event.peer.unwrap_or(name(told.node)),
        cause.value,
    );
    let chain = run.events().find(|t| {
        t.event.kind == "deliver"
            && Some(t.event.node) == told.event.peer
            && t.event.peer == Some(cause.node)
            && t.event.value == cause.value
            && t.index < this
    });
    witness.extend(chain.map(|t| t.index));
    (text, witness)
}
