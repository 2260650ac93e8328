//! What the operation timeline and the space-time diagram draw, as JSON inside the page.
//!
//! Tables are stored by column and growing numbers as differences, in microseconds: a hundred
//! thousand operations take a few megabytes. A run with more than fits is cut to the time around
//! its violation (or its first fault), and the page says so.

use super::operations::Ops;
use super::witness::{Witness, witnesses};
use crate::summary::{FaultSpan, Summary};
use crate::words;
use schism_history::{Entry, Fate, History, Nanos, Operation, Peer, Record};
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Range;

/// The most messages and events together.
const TRAFFIC: usize = 160_000;
/// How many messages the space-time diagram begins with, where no violation says which.
const GLANCE: usize = 40;

/// Everything the diagrams draw.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Data {
    duration: u64,
    pub peers: Vec<String>,
    kinds: Vec<String>,
    event_kinds: Vec<String>,
    faults: Vec<Span>,
    away: Vec<Span>,
    pub witnesses: Vec<Witness>,
    focus: [u64; 2],
    pub ops: Ops,
    messages: Messages,
    events: Events,
    /// From when to when there are messages, if not all are here.
    cut: Option<[u64; 2]>,
    #[serde(skip)]
    pub traffic_note: Option<String>,
}

/// Something that lasted: a fault, or the absence of a node.
#[derive(Serialize)]
struct Span {
    what: String,
    begin: u64,
    end: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<u16>,
}

/// Messages by column.
#[derive(Default, Serialize)]
struct Messages {
    index: Vec<u64>,
    sent: Vec<i64>,
    took: Vec<u64>,
    src: Vec<usize>,
    dest: Vec<usize>,
    kind: Vec<usize>,
    fate: Vec<u8>,
}

/// Protocol events by column.
#[derive(Default, Serialize)]
struct Events {
    index: Vec<u64>,
    time: Vec<u64>,
    node: Vec<u16>,
    kind: Vec<usize>,
    text: Vec<String>,
}

pub(super) fn micros(nanos: Nanos) -> u64 {
    nanos / 1000
}

/// Gives names numbers, in the order they come.
#[derive(Default)]
pub(super) struct Names(HashMap<String, usize>, Vec<String>);

impl Names {
    pub fn number(&mut self, name: &str) -> usize {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.1.len();
        self.0.insert(name.to_owned(), number);
        self.1.push(words::plain(name).into_owned());
        number
    }
}

/// As many neighbours as allowed, around a time; times are in order.
pub(super) fn around(times: &[Nanos], centre: (Nanos, Nanos), most: usize) -> Range<usize> {
    if times.len() <= most {
        return 0..times.len();
    }
    let mut from = times.partition_point(|&t| t < centre.0);
    let mut until = times.partition_point(|&t| t <= centre.1).min(from + most);
    while until - from < most {
        let before = from.checked_sub(1).map(|i| centre.0.saturating_sub(times[i]));
        let after = times.get(until).map(|t| t.saturating_sub(centre.1));
        match (before, after) {
            (Some(b), Some(a)) if b < a => from -= 1,
            (_, Some(_)) => until += 1,
            (Some(_), None) => from -= 1,
            (None, None) => break,
        }
    }
    from..until
}

impl Data {
    /// Gathers what the diagrams draw.
    pub fn of(history: &History, operations: &[Operation], summary: &Summary) -> Data {
        let end = summary.duration;
        let mut witnesses = witnesses(history, operations, summary);
        let centre =
            witnesses.first().map(|w| (w.from * 1000, w.until * 1000)).unwrap_or_else(|| {
                let landed = summary.faults.iter().find(|f| f.touched > 0).map(|f| f.begin);
                let begin = landed.or_else(|| operations.first().map(|o| o.begin)).unwrap_or(0);
                (begin, begin)
            });
        let mut peers = Names::default();
        for node in &summary.nodes {
            peers.number(&node.node.to_string());
        }
        let (mut kinds, mut event_kinds) = (Names::default(), Names::default());
        let traffic: Vec<&Record> = history
            .records
            .iter()
            .filter(|r| matches!(r.entry, Entry::Message(_) | Entry::Event(_)))
            .collect();
        let times: Vec<Nanos> = traffic.iter().map(|r| r.time).collect();
        let kept = around(&times, centre, TRAFFIC);
        let traffic_note = cut(&times, &kept, "messages and events");
        let all = kept.len() == times.len();
        let ends = (!all).then(|| [micros(times[kept.start]), micros(times[kept.end - 1])]);
        let (mut messages, mut events) = (Messages::default(), Events::default());
        for record in &traffic[kept] {
            match &record.entry {
                Entry::Message(message) => {
                    let mut lane = |peer: Peer| match peer {
                        // Clients are many and do nothing of their own here: one lane for all.
                        Peer::Client(_) => peers.number("clients"),
                        peer => peers.number(&peer.to_string()),
                    };
                    messages.src.push(lane(message.src));
                    messages.dest.push(lane(message.dest));
                    messages.kind.push(kinds.number(&message.kind));
                    messages.fate.push(fate(message.fate));
                    messages.index.push(record.index);
                    messages.sent.push(micros(message.sent) as i64);
                    messages.took.push(micros(record.time).saturating_sub(micros(message.sent)));
                }
                Entry::Event(event) => {
                    events.node.push(event.node.0);
                    events.kind.push(event_kinds.number(&event.kind));
                    events.index.push(record.index);
                    events.time.push(micros(record.time));
                    let text = words::event(event);
                    let rest = text.strip_prefix(&*words::plain(&event.kind)).unwrap_or(&text);
                    events.text.push(short(rest.trim_start_matches([',', ' ']), 80));
                }
                _ => {}
            }
        }
        let mut sent = messages.sent.clone();
        sent.sort_unstable();
        for witness in &mut witnesses {
            witness.view = view(&sent, witness.from, witness.until);
        }
        let focus = match witnesses.first() {
            Some(witness) => witness.view,
            None => {
                let first = messages.sent.iter().position(|&t| t >= micros(centre.0) as i64);
                let first = first.unwrap_or(0);
                let last = (first + GLANCE).min(messages.sent.len().saturating_sub(1));
                let at = |i: usize| messages.sent.get(i).map_or(0, |&t| t as u64);
                [at(first), at(last).max(at(first) + 1000)]
            }
        };
        differences(&mut messages.index);
        signed_differences(&mut messages.sent);
        differences(&mut events.index);
        differences(&mut events.time);
        Data {
            duration: micros(end).max(1),
            peers: peers.1,
            kinds: kinds.1,
            event_kinds: event_kinds.1,
            faults: summary.faults.iter().map(|fault| Span::of_fault(fault, end)).collect(),
            away: away(summary),
            ops: Ops::of(operations, centre, end),
            witnesses,
            focus,
            messages,
            events,
            cut: ends,
            traffic_note,
        }
    }

    /// As JSON that may stand in a script element: nothing in it can end the element.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }

    /// Whether there is anything for a space-time diagram.
    pub fn has_traffic(&self) -> bool {
        !self.messages.index.is_empty() || !self.events.index.is_empty()
    }
}

impl Span {
    fn of_fault(fault: &FaultSpan, end: Nanos) -> Span {
        Span {
            what: words::plain(&fault.what).into_owned(),
            begin: micros(fault.begin),
            end: micros(fault.end.unwrap_or(end)),
            node: None,
        }
    }
}

fn away(summary: &Summary) -> Vec<Span> {
    let spells =
        summary.nodes.iter().flat_map(|life| life.away.iter().map(move |s| (life.node, s)));
    let span = |(node, spell): (schism_history::NodeId, &crate::Spell)| Span {
        what: if spell.paused { "paused" } else { "down" }.to_owned(),
        begin: micros(spell.begin),
        end: micros(spell.end.unwrap_or(summary.duration)),
        node: Some(node.0),
    };
    spells.map(span).collect()
}

/// What the space-time diagram shows of what happened between two times: some of what surrounds it,
/// and no less than makes a glance. The times at which messages were sent are in order.
fn view(sent: &[i64], from: u64, until: u64) -> [u64; 2] {
    let margin = ((until - from) / 5).max(500);
    let before = sent.partition_point(|&time| time < from as i64);
    let after = sent.partition_point(|&time| time <= until as i64);
    let more = GLANCE.saturating_sub(after - before) / 2;
    let at = |index: usize| sent.get(index).map(|&time| time as u64);
    let first = at(before.saturating_sub(more)).unwrap_or(from);
    let last = at((after + more).min(sent.len().saturating_sub(1))).unwrap_or(until);
    [first.min(from.saturating_sub(margin)), last.max(until + margin)]
}

/// Says what a cut left out.
fn cut(times: &[Nanos], kept: &Range<usize>, what: &str) -> Option<String> {
    (kept.len() < times.len()).then(|| {
        format!(
            "Of {} {what}, the {} from {} to {} are shown; nothing is shown outside that time.",
            words::count(times.len() as u64),
            words::count(kept.len() as u64),
            words::moment(times[kept.start]),
            words::moment(times[kept.end - 1]),
        )
    })
}

fn fate(fate: Fate) -> u8 {
    match fate {
        Fate::Delivered => 0,
        Fate::Duplicated => 1,
        Fate::Lost => 2,
        Fate::Cut => 3,
        Fate::Dead => 4,
        Fate::InFlight => 5,
    }
}

/// Each number as its difference from the one before.
pub(super) fn differences(column: &mut [u64]) {
    for i in (1..column.len()).rev() {
        column[i] = column[i].saturating_sub(column[i - 1]);
    }
}

/// The same, where numbers may also fall.
fn signed_differences(column: &mut [i64]) {
    for i in (1..column.len()).rev() {
        column[i] -= column[i - 1];
    }
}

pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_what_is_nearest() {
        let times: Vec<Nanos> = (0..100).map(|i| i * 10).collect();
        assert_eq!(around(&times, (500, 500), 1000), 0..100);
        assert_eq!(around(&times, (500, 500), 5), 48..53);
        assert_eq!(around(&times, (0, 0), 5), 0..5);
        assert_eq!(around(&times, (990, 990), 5), 95..100);
        assert_eq!(around(&times, (100, 800), 5), 10..15);
        assert_eq!(around(&times, (5000, 6000), 5), 95..100);
    }

    #[test]
    fn a_view_holds_what_happened_and_enough_around_it() {
        let sent: Vec<i64> = (0..1000).map(|i| i * 1000).collect();
        // Forty messages, those that are lacking on both sides alike.
        assert_eq!(view(&sent, 500_000, 500_000), [481_000, 520_000]);
        assert_eq!(view(&sent, 200_000, 700_000), [100_000, 800_000]);
        assert_eq!(view(&sent, 999_000, 999_000), [980_000, 999_500]);
        assert_eq!(view(&[], 5_000, 6_000), [4_500, 6_500]);
    }

    #[test]
    fn columns_grow_by_differences() {
        let mut column = vec![5, 7, 7, 20];
        differences(&mut column);
        assert_eq!(column, [5, 2, 0, 13]);
        let mut column = vec![5, 3, 10];
        signed_differences(&mut column);
        assert_eq!(column, [5, -2, 7]);
    }
}
