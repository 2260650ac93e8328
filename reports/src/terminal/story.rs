//! How a promise was broken, told on one screen: a space-time diagram, time from top to bottom,
//! with the words beside it.
//!
//! It works for any promise: from the records a checker shows, everything that could have led to
//! them is found by following messages back from receivers to senders. What is told is chosen by
//! how much it explains: the shown records, operations and faults, lost and late messages, then
//! what the protocol told and the messages that led there.

use super::paint::fit;
use super::past::Past;
use crate::words;
use schism_checkers::Finding;
use schism_history::{
    Entry, Fate, FaultEdge, History, Message, Nanos, NodeChange, NodeId, OpKind, Peer,
};
use std::collections::{BTreeMap, BTreeSet};

/// So many things fit on a screen.
const ROWS: usize = 22;
/// Columns from one node to the next.
const WIDTH: usize = 5;
/// Where delays vary, a message that takes so many times as long as most is late.
const LATE: u64 = 4;

/// Something that is told.
struct Row {
    at: Nanos,
    /// Position in the history, which breaks ties.
    index: u64,
    /// The lower, the more it explains.
    rank: u8,
    drawn: Drawn,
    text: String,
}

/// What a row shows in the diagram.
enum Drawn {
    /// Something at a node.
    At(NodeId, char),
    /// A message, and whether it arrives.
    Arrow(NodeId, NodeId, bool),
    /// Nothing: it is about all, or about time.
    Nowhere,
}

/// Tells how a promise was broken. The history should have all messages.
pub fn story(history: &History, finding: &Finding, width: usize) -> String {
    let nodes = usize::from(history.meta.nodes);
    let past = Past::of(history, &finding.witness);
    let mut rows = happenings(history, finding, &past);
    rows.extend(messages(history, &past));
    rows.sort_by_key(|row| (row.rank, std::cmp::Reverse(row.at), row.index));
    let untold = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    rows.sort_by_key(|row| (row.at, row.index));

    let mut names = String::from("           ");
    for node in 0..nodes {
        names.push_str(&format!("{:WIDTH$}", NodeId(node as u16).to_string()));
    }
    let mut text = format!("{}\n", names.trim_end());
    let lives = Lives::of(history);
    for row in &rows {
        let lanes = lanes(nodes, row, &lives);
        let line = format!("{:>9}  {lanes}{}", clock(row.at), row.text);
        text.push_str(fit(line.trim_end(), width).as_str());
        text.push('\n');
    }
    if untold > 0 {
        text.push_str(&format!("           … and {untold} things that explain less\n"));
    }
    let end = format!("{}: {}", finding.property, words::plain(&finding.explanation));
    text.push_str(&textwrap::fill(&end, width));
    text.push('\n');
    text
}

/// `40 ms`: counted like all times that checkers speak of.
fn clock(at: Nanos) -> String {
    let tenths = (at + 50_000) / 100_000;
    match tenths % 10 {
        0 => format!("{} ms", tenths / 10),
        tenth => format!("{}.{tenth} ms", tenths / 10),
    }
}

/// Operations, faults, what was done to nodes, and what protocols told.
fn happenings(history: &History, finding: &Finding, past: &Past) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut told: BTreeMap<(NodeId, String), usize> = BTreeMap::new();
    let mut stopped = BTreeSet::new();
    for record in &history.records {
        let shown = finding.witness.contains(&record.index);
        let (at, index) = (record.time, record.index);
        let row = |rank, drawn, text| {
            let rank = if shown { 0 } else { rank };
            Row { at, index, rank, drawn, text }
        };
        match &record.entry {
            Entry::Op(op) => {
                let mark = if op.kind == OpKind::Invoke { '▷' } else { '◁' };
                let drawn = op.node.map_or(Drawn::Nowhere, |node| Drawn::At(node, mark));
                let text = format!("process {}: {}", op.process, words::operation(op));
                rows.push(row(1, drawn, text));
            }
            // What is never undone only ends with the run.
            Entry::Fault(fault)
                if fault.edge == FaultEdge::End && fault.what.ends_with(" for good") => {}
            Entry::Fault(fault) => {
                let rank = if fault.edge == FaultEdge::Begin { 1 } else { 3 };
                rows.push(row(rank, Drawn::Nowhere, words::fault(fault)));
            }
            Entry::Node(event) => {
                let (rank, mark) = match &event.change {
                    NodeChange::Started { incarnation: 0, .. }
                    | NodeChange::Ready
                    | NodeChange::Stopped
                        if !shown =>
                    {
                        continue;
                    }
                    NodeChange::Killed | NodeChange::Died(_) => (1, '✕'),
                    // Who is slow stops again and again.
                    NodeChange::Paused | NodeChange::Resumed
                        if !stopped.insert((event.node, event.change == NodeChange::Paused)) =>
                    {
                        (5, '●')
                    }
                    // A clock that strobes changes often and explains little each time.
                    NodeChange::Clock(_) => (5, '●'),
                    _ => (1, '●'),
                };
                let text = format!("{} {}", event.node, words::change(&event.change));
                rows.push(row(rank, Drawn::At(event.node, mark), text));
            }
            Entry::Event(event) if shown || past.holds(event.node, at) => {
                let text = format!("{}: {}", event.node, words::event(event));
                // What is told again and again explains most the last time.
                let kind = (event.node, event.kind.to_string());
                if !shown && let Some(&earlier) = told.get(&kind) {
                    let earlier: &mut Row = &mut rows[earlier];
                    earlier.rank = earlier.rank.max(6);
                }
                if !shown {
                    told.insert(kind, rows.len());
                }
                rows.push(row(4, Drawn::At(event.node, '●'), text));
            }
            _ => {}
        }
    }
    rows
}

/// Messages that were lost or late, and the last of each kind that led to what is shown.
fn messages(history: &History, past: &Past) -> Vec<Row> {
    let between = |message: &Message| match (message.src, message.dest) {
        (Peer::Node(src), Peer::Node(dest)) if src != dest => Some((src, dest)),
        _ => None,
    };
    let all = || {
        history.records.iter().filter_map(|record| match &record.entry {
            Entry::Message(message) => Some((record, message, between(message)?)),
            _ => None,
        })
    };
    let arrived = |message: &Message| matches!(message.fate, Fate::Delivered | Fate::Duplicated);
    let taken = || all().filter(|(_, m, _)| arrived(m)).map(|(record, m, _)| record.time - m.sent);
    let late_after = late_after(taken().collect());
    let end = past.end();

    let mut rows = Vec::new();
    // How often the same was lost, and the row that tells of it.
    let mut lost: BTreeMap<(NodeId, NodeId, &str, Fate), (usize, u64)> = BTreeMap::new();
    let mut last: BTreeMap<(NodeId, NodeId, &str), Row> = BTreeMap::new();
    for (record, message, (src, dest)) in all() {
        let kind = words::plain(&message.kind);
        let index = record.index;
        if arrived(message) {
            let again = if message.fate == Fate::Duplicated { " again" } else { "" };
            if record.time - message.sent > late_after && message.sent <= end {
                let arrives = clock(record.time);
                let text = format!("{kind} is late: it arrives{again} at {arrives}");
                let drawn = Drawn::Arrow(src, dest, false);
                rows.push(Row { at: message.sent, index, rank: 2, drawn, text });
            }
            if past.holds(dest, record.time) {
                let text = format!("{kind}{again}");
                let drawn = Drawn::Arrow(src, dest, true);
                let row = Row { at: record.time, index, rank: 5, drawn, text };
                last.insert((src, dest, &message.kind), row);
            }
        } else if message.fate != Fate::InFlight {
            let found = lost.entry((src, dest, &message.kind, message.fate));
            let (row, count) = found.or_insert((rows.len(), 0));
            *count += 1;
            let text = match *count {
                1 => format!("{kind} {}", words::fate(message.fate)),
                n => format!("{kind} {} ({n} of them)", words::fate(message.fate)),
            };
            if *row == rows.len() {
                let drawn = Drawn::Arrow(src, dest, false);
                let rank = if message.fate == Fate::Dead { 4 } else { 2 };
                rows.push(Row { at: message.sent, index, rank, drawn, text });
            } else {
                rows[*row].text = text;
            }
        }
    }
    rows.extend(last.into_values());
    rows
}

/// Longer than this is late, where messages took these times: where nearly all take the same, what
/// takes longer; else what takes several times as long as most.
fn late_after(mut taken: Vec<Nanos>) -> Nanos {
    taken.sort_unstable();
    let usual = taken.get(taken.len() / 2).copied().unwrap_or(0);
    let same = taken.iter().filter(|time| **time == usual).count();
    if same * 10 >= taken.len() * 8 { usual + usual / 4 } else { usual * LATE }
}

/// When nodes were down.
struct Lives {
    down: Vec<(NodeId, Nanos, Nanos)>,
}

impl Lives {
    fn of(history: &History) -> Lives {
        let mut down: Vec<(NodeId, Nanos, Nanos)> = Vec::new();
        for record in &history.records {
            let Entry::Node(event) = &record.entry else { continue };
            match event.change {
                NodeChange::Killed | NodeChange::Died(_) => {
                    down.push((event.node, record.time, Nanos::MAX));
                }
                NodeChange::Started { .. } => {
                    let open = down.iter_mut().filter(|d| d.0 == event.node && d.2 == Nanos::MAX);
                    open.for_each(|spell| spell.2 = record.time);
                }
                _ => {}
            }
        }
        Lives { down }
    }

    fn is_down(&self, node: NodeId, at: Nanos) -> bool {
        self.down.iter().any(|&(who, from, until)| who == node && from < at && at < until)
    }
}

/// The diagram's part of a row.
fn lanes(nodes: usize, row: &Row, lives: &Lives) -> String {
    let mut line: Vec<char> = vec![' '; nodes * WIDTH];
    for node in 0..nodes {
        let down = lives.is_down(NodeId(node as u16), row.at);
        line[node * WIDTH] = if down { ' ' } else { '│' };
    }
    let column = |node: NodeId| usize::from(node.0) * WIDTH;
    match row.drawn {
        Drawn::Nowhere => {}
        Drawn::At(node, mark) => {
            if let Some(cell) = line.get_mut(column(node)) {
                *cell = mark;
            }
        }
        Drawn::Arrow(src, dest, arrives) => {
            let (from, to) = (column(src), column(dest));
            let (left, right) = (from.min(to), from.max(to));
            if right < line.len() {
                for cell in &mut line[left + 1..right] {
                    *cell = if *cell == '│' { '┼' } else { '─' };
                }
                line[from] = if from < to { '├' } else { '┤' };
                match (arrives, from < to) {
                    (true, true) => line[to] = '▶',
                    (true, false) => line[to] = '◀',
                    (false, true) => line[to - 1] = '╳',
                    (false, false) => line[to + 1] = '╳',
                }
            }
        }
    }
    line.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use schism_checkers::Status;
    use schism_history::{Meta, NodeEvent, OpEvent, Record, Value};

    const MS: Nanos = 1_000_000;

    fn op(kind: OpKind, f: &str, value: i64, node: u16) -> Entry {
        Entry::Op(OpEvent {
            process: node.into(),
            kind,
            f: f.into(),
            key: None,
            value: if kind == OpKind::Invoke && f == "read" { Value::Nil } else { value.into() },
            error: None,
            node: Some(NodeId(node)),
        })
    }

    fn message(id: u64, src: u16, dest: u16, sent: Nanos, fate: Fate) -> Entry {
        let (src, dest) = (Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)));
        Entry::Message(Message { id, src, dest, kind: "Write".into(), sent, bytes: 9, fate })
    }

    /// A write reaches one node, not the other, which is read; in the end a node is killed.
    fn told() -> String {
        let killed = NodeEvent { node: NodeId(1), change: NodeChange::Killed };
        let entries = [
            (10, op(OpKind::Invoke, "write", 7, 0)),
            (10, message(1, 0, 2, 10 * MS, Fate::Lost)),
            (11, message(0, 0, 1, 10 * MS, Fate::Delivered)),
            (12, op(OpKind::Ok, "write", 7, 0)),
            (13, Entry::Node(killed)),
            (15, op(OpKind::Invoke, "read", 0, 2)),
            (16, op(OpKind::Ok, "read", 3, 2)),
        ];
        let record = |(i, (at, entry))| Record { index: i as u64, time: at * MS, entry };
        let history = History {
            meta: Meta { nodes: 3, ..Meta::default() },
            records: entries.into_iter().enumerate().map(record).collect(),
        };
        let finding = Finding::bad("regular", Status::Violated, "7 was lost", vec![0, 3, 6]);
        story(&history, &finding, 80)
    }

    #[test]
    fn a_story_shows_who_did_what_and_which_message_was_lost() {
        let expected = "
           n0   n1   n2
    10 ms  ▷    │    │    process 0: write 7
    10 ms  ├────┼───╳│    Write lost
    12 ms  ◁    │    │    process 0: write returned 7
    13 ms  │    ✕    │    n1 killed by the nemesis
    15 ms  │         ▷    process 2: read
    16 ms  │         ◁    process 2: read returned 3
regular: 7 was lost
";
        assert_eq!(told(), expected.trim_start_matches('\n'));
    }
}
