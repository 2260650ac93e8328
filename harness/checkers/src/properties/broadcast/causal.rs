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

/// What is known of the broadcasts of one instance.
struct Instance {
    /// Per life, its messages in order: record and number.
    sent: Vec<Vec<(u64, u32)>>,
    /// Per life and sender, how many messages of the sender are in its causal past.
    past: Vec<Vec<u32>>,
    /// Per node and sender, how many of the sender's first messages it has delivered.
    prefix: Vec<Vec<u32>>,
}

/// Where a message stands.
#[derive(Clone, Copy)]
struct Place {
    life: u32,
    rank: u32,
    /// Where its counts begin among those of all messages.
    counts: usize,
}

/// Judges causal order.
pub(in super::super) fn causal_order(run: &Run<'_>) -> Finding {
    let lives = run.lives();
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
        while seen.instance >= instances.len() {
            instances.push(Instance {
                sent: vec![Vec::new(); lives],
                past: vec![vec![0; lives]; lives],
                prefix: vec![vec![0; lives]; run.nodes()],
            });
        }
        let Instance { sent, past, prefix } = &mut instances[seen.instance];
        if seen.broadcast {
            if places[seen.number].is_some() {
                continue;
            }
            let past = &mut past[told.life];
            places[seen.number] = Some(Place {
                life: told.life as u32,
                rank: sent[told.life].len() as u32,
                counts: counts.len(),
            });
            counts.extend_from_slice(past);
            for (node, prefix) in prefix.iter().enumerate() {
                let lacks = |s: usize| s != told.life && prefix[s] < past[s];
                if (0..lives).any(lacks) {
                    overtakable.set(seen.number, node);
                }
            }
            sent[told.life].push((told.index, seen.number as u32));
            past[told.life] += 1;
            continue;
        }
        let again = delivered.set(seen.number, told.node);
        let Some(place) = places[seen.number] else { continue };
        let needs = &counts[place.counts..place.counts + lives];
        let sender = place.life as usize;
        // What a life has delivered, even again, it may refer to from now on.
        let past = &mut past[told.life];
        for (past, &needed) in past.iter_mut().zip(needs) {
            *past = (*past).max(needed);
        }
        past[sender] = past[sender].max(place.rank + 1);
        if again {
            continue;
        }
        let prefix = &mut prefix[told.node];
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
        for s in 0..lives {
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
