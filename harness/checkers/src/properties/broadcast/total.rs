//! Total order: all processes deliver the same sequence.
//!
//! Per instance, the deliveries of every honest process are a prefix of the longest such sequence:
//! none is left out, none comes out of turn. This is the contiguous variant; it implies that any two
//! messages are delivered in one order by all who deliver both. A restarted process may begin its
//! log again at any place up to where its former life had come, and must then follow the same
//! sequence. How long a log gets is agreement's matter.
//!
//! Antecedent: a delivery of a process compared with the longest log of another. Stress: a message
//! whose sender, when it broadcast, had yet to deliver another sender's: the two were concurrent.

use super::super::payloads::Payloads;
use super::super::run::{Breaches, Run, name};
use super::seen;
use crate::{Finding, Status};
use rustc_hash::FxHashMap;

/// A delivery: message, record, and the life that delivered it.
#[derive(Clone, Copy)]
struct Delivery {
    number: u32,
    life: u32,
    index: u64,
}

/// Judges total order.
pub(in super::super) fn total_order(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut logs: FxHashMap<(u32, u32), Vec<Delivery>> = FxHashMap::default();
    let mut sent: Vec<u64> = Vec::new();
    let mut sent_by: FxHashMap<(u32, u32), u64> = FxHashMap::default();
    let mut heard: FxHashMap<(u32, u32), u64> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told) else { continue };
        if !run.honest(told.node) {
            continue;
        }
        let here = (seen.instance as u32, told.node as u32);
        if seen.broadcast {
            if sent.len() <= seen.instance {
                sent.resize(seen.instance + 1, 0);
            }
            let own = sent_by.entry(here).or_default();
            let others = sent[seen.instance] - *own;
            stress += u64::from(others > heard.get(&here).copied().unwrap_or(0));
            *own += 1;
            sent[seen.instance] += 1;
            continue;
        }
        *heard.entry(here).or_default() += u64::from(seen.origin != told.node);
        let (number, life) = (seen.number as u32, told.life as u32);
        logs.entry(here).or_default().push(Delivery { number, life, index: told.index });
    }
    let mut keys: Vec<_> = logs.keys().copied().collect();
    keys.sort_unstable();
    let mut scratch = vec![u32::MAX; payloads.len()];
    for of_instance in keys.chunk_by(|a, b| a.0 == b.0) {
        let mut whole: Vec<(u32, Vec<Delivery>)> = Vec::new();
        for &key in of_instance {
            let log = &logs[&key];
            let stitched = stitch(run, log, &mut scratch, &mut breaches);
            whole.push((key.1, stitched));
        }
        // The first of the longest logs is what all others are held against.
        let Some(longest) = (0..whole.len()).min_by_key(|&i| usize::MAX - whole[i].1.len()) else {
            continue;
        };
        for (i, (node, log)) in whole.iter().enumerate() {
            if i == longest {
                continue;
            }
            antecedents += log.len() as u64;
            let (leader, reference) = &whole[longest];
            let differs = log.iter().zip(reference).position(|(a, b)| a.number != b.number);
            if let Some(at) = differs {
                breaches.add(|| parted(run, at, (*leader, reference), (*node, log)));
            }
        }
    }
    let stressor = "broadcast while another sender's message was under way";
    let stress = if antecedents == 0 { 0 } else { stress };
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Joins the logs of a node's lives into one: each further life begins again where the whole log
/// already has its first message, or at its end, and must agree with what is there.
fn stitch(
    run: &Run<'_>,
    log: &[Delivery],
    scratch: &mut [u32],
    breaches: &mut Breaches,
) -> Vec<Delivery> {
    let mut lives = log.chunk_by(|a, b| a.life == b.life);
    let mut whole = lives.next().unwrap_or_default().to_vec();
    for life in lives {
        for (i, d) in whole.iter().enumerate().rev() {
            scratch[d.number as usize] = i as u32;
        }
        let start = match scratch[life[0].number as usize] {
            u32::MAX => whole.len(),
            place => place as usize,
        };
        for d in &whole {
            scratch[d.number as usize] = u32::MAX;
        }
        for (i, delivery) in life.iter().enumerate() {
            match whole.get(start + i) {
                Some(before) if before.number == delivery.number => {}
                Some(before) => {
                    let before = *before;
                    breaches.add(|| reordered(run, before, *delivery));
                    break;
                }
                None => whole.push(*delivery),
            }
        }
    }
    whole
}

/// What a delivery delivered, in words.
fn what(run: &Run<'_>, delivery: Delivery) -> String {
    match run.record(delivery.index).map(|r| &r.entry) {
        Some(schism_history::Entry::Event(e)) => {
            format!("{} from {}", e.value, e.peer.unwrap_or(e.node))
        }
        _ => "a message".into(),
    }
}

fn reordered(run: &Run<'_>, before: Delivery, after: Delivery) -> (String, Vec<u64>) {
    let node = match run.record(after.index).map(|r| &r.entry) {
        Some(schism_history::Entry::Event(e)) => e.node.to_string(),
        _ => "a process".into(),
    };
    let text = format!(
        "{node}, restarted, delivered {} at {} in the place where it had delivered {} before",
        what(run, after),
        run.at(after.index),
        what(run, before),
    );
    (text, vec![before.index, after.index])
}

fn parted(
    run: &Run<'_>,
    at: usize,
    (leader, reference): (u32, &[Delivery]),
    (node, log): (u32, &[Delivery]),
) -> (String, Vec<u64>) {
    let text = format!(
        "as its {} delivery {} delivered {} (at {}), but {} delivered {} (at {})",
        ordinal(at + 1),
        name(leader as usize),
        what(run, reference[at]),
        run.at(reference[at].index),
        name(node as usize),
        what(run, log[at]),
        run.at(log[at].index),
    );
    (text, vec![reference[at].index, log[at].index])
}

fn ordinal(n: usize) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, x) if x != 11 => "st",
        (2, x) if x != 12 => "nd",
        (3, x) if x != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}
