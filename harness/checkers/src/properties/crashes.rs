//! What crashes had to do with a promise that was broken, for its witness.

use super::run::{Run, name};
use schism_history::{Entry, Fate, Message, Nanos, NodeId, Peer, Record};

/// What is sent within so short a time is one broadcast.
const AT_ONCE: Nanos = 2_000_000;

/// The dangerous chain: who crashed on the way to a disagreement, and whom the last that they sent
/// had reached by then.
pub(super) fn chain(run: &Run<'_>, from: u64, to: u64) -> Vec<(String, Vec<u64>)> {
    let crashes = (0..run.nodes()).filter_map(|n| {
        let crash = run.crashes(n).iter().find(|crash| from < crash.0 && crash.0 < to);
        crash.map(|&(index, time)| (index, time, name(n)))
    });
    let mut crashes: Vec<_> = crashes.collect();
    crashes.sort_unstable();
    crashes.into_iter().map(|(index, time, node)| broken_off(run, index, time, node)).collect()
}

fn broken_off(run: &Run<'_>, index: u64, time: Nanos, node: NodeId) -> (String, Vec<u64>) {
    let sent = messages(run, node).filter(|(_, m)| m.sent <= time);
    let last = sent.clone().map(|(_, m)| m.sent).max().unwrap_or(0);
    let at_once: Vec<_> = sent.filter(|(_, m)| m.sent + AT_ONCE >= last).collect();
    let (mut reached, mut missed, mut witness) = (Vec::new(), Vec::new(), vec![index]);
    for &(record, message) in &at_once {
        let side = if arrived(message) { &mut reached } else { &mut missed };
        if let Peer::Node(dest) = message.dest {
            side.push(dest);
            witness.push(record.index);
        }
    }
    missed.retain(|dest| !reached.contains(dest));
    let text = format!("{node} crashed at {}", run.at(index));
    if reached.is_empty() || missed.is_empty() || !whole(run, &at_once) {
        return (text, vec![index]);
    }
    let list = |nodes: &mut Vec<NodeId>| {
        nodes.sort_unstable();
        nodes.dedup();
        nodes.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(", ")
    };
    let (reached, missed) = (list(&mut reached), list(&mut missed));
    (format!("{text} in mid-broadcast: it had reached {reached} and not {missed}"), witness)
}

/// The most messages of one node to another that a witness lists.
const LISTED: usize = 10;

/// Why `missing` never heard of something that `teller` knew of since record `since`, as far as
/// that is a crash of the teller: what it sent there next did not arrive.
pub(super) fn silenced(
    run: &Run<'_>,
    teller: usize,
    since: u64,
    missing: NodeId,
) -> Option<(String, Vec<u64>)> {
    let &(crash, time) = run.crashes(teller).iter().find(|crash| crash.0 > since)?;
    let node = name(teller);
    let mut text = format!("{node} crashed at {}", run.at(crash));
    let begin = run.record(since).map_or(0, |record| record.time);
    let mut sent: Vec<_> = messages(run, node)
        .filter(|(_, m)| m.dest == Peer::Node(missing) && (begin..=time).contains(&m.sent))
        .collect();
    sent.sort_by_key(|(_, m)| m.sent);
    let lost = sent.iter().position(|(_, m)| arrived(m)).unwrap_or(sent.len());
    if lost == 0 || !whole(run, &sent) {
        return Some((text, vec![crash]));
    }
    text += &match lost {
        n if n == sent.len() => {
            format!(", and nothing arrived that it had sent to {missing} since")
        }
        1 => format!(", and what it sent to {missing} next did not arrive"),
        n => format!(", and the next {n} messages that it sent to {missing} did not arrive"),
    };
    let listed = sent.iter().take(lost.min(LISTED)).map(|(record, _)| record.index);
    Some((text, listed.chain([crash]).collect()))
}

/// Whether these are all there were: where only some messages were recorded, what became of the
/// others is not known.
fn whole(run: &Run<'_>, messages: &[(&Record, &Message)]) -> bool {
    messages.iter().all(|(_, m)| run.history.meta.weight_of_message(m.id) <= 1)
}

/// What a node sent.
fn messages<'h>(
    run: &Run<'h>,
    node: NodeId,
) -> impl Iterator<Item = (&'h Record, &'h Message)> + Clone {
    run.history.records.iter().filter_map(move |record| match &record.entry {
        Entry::Message(message) if message.src == Peer::Node(node) => Some((record, message)),
        _ => None,
    })
}

fn arrived(message: &Message) -> bool {
    matches!(message.fate, Fate::Delivered | Fate::Duplicated)
}
