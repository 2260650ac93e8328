//! What an operation of a protocol costs when nothing goes wrong.

use crate::cli::LiveLine;
use crate::judge::meta_of;
use crate::resolve::Request;
use crate::store::RunDirectory;
use crate::{Error, real};
use schism_history::{Entry, History, OpKind, Peer, Phase};
use schism_nemesis::Mix;
use schism_protocols::{Card, Environment};
use std::time::Duration;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Acknowledged operations per second.
    pub throughput: f64,
    /// Messages between nodes per acknowledged operation, but for those that only keep links and
    /// detectors going.
    pub messages: f64,
    /// The same with all of them.
    pub all_messages: f64,
    /// The share of these operations that change something.
    pub changes: f64,
}

/// Messages that are sent whether or not there is anything to do, and acknowledgements of links.
const UPKEEP: [&str; 5] = ["Received", "Request", "Reply", "Alive", "Heartbeat"];

/// Runs a protocol as processes for this long, with clients that never rest.
pub fn measure(card: &'static Card, nodes: u16, time_limit: Duration) -> Result<Cost, Error> {
    let request = Request {
        nodes,
        time_limit,
        timeout: Duration::from_secs(5),
        settle: Duration::from_millis(600),
        messages: "all".into(),
        mix: Mix::None,
        environment: Environment::Reliable,
        ..Request::default()
    };
    let recipe = request.of_card(card, 1)?;
    let store = std::env::temp_dir().join(format!("schism-bench-{}", std::process::id()));
    let directory = RunDirectory::create(&store, &recipe)?;
    let outcome = real::run(&recipe, &directory, meta_of(&recipe), &mut LiveLine::new(false));
    // Whatever came of it, nobody will look at it again.
    let _ = std::fs::remove_dir_all(&store);
    Ok(cost_of(&outcome?.history))
}

/// Counts what happened until the run stopped asking.
fn cost_of(history: &History) -> Cost {
    let phase = |wanted: Phase| {
        let is = |entry: &Entry| matches!(entry, Entry::Phase(phase) if *phase == wanted);
        history.records.iter().find(|record| is(&record.entry)).map(|record| record.time)
    };
    let (begin, end) = (phase(Phase::Chaos).unwrap_or(0), phase(Phase::Heal).unwrap_or(u64::MAX));
    let (mut operations, mut changes, mut messages, mut upkeep) = (0u64, 0u64, 0u64, 0u64);
    for record in &history.records {
        match &record.entry {
            Entry::Op(op) if op.kind == OpKind::Ok && record.time <= end => {
                operations += 1;
                changes += u64::from(op.f != "read");
            }
            Entry::Message(message) if (begin..end).contains(&message.sent) => {
                if let (Peer::Node(_), Peer::Node(_)) = (message.src, message.dest) {
                    let keeps_up = UPKEEP.contains(&message.kind.as_str());
                    *(if keeps_up { &mut upkeep } else { &mut messages }) += 1;
                }
            }
            _ => {}
        }
    }
    let per_operation = |count: u64| count as f64 / operations.max(1) as f64;
    let seconds = end.saturating_sub(begin) as f64 / 1e9;
    Cost {
        throughput: operations as f64 / seconds,
        messages: per_operation(messages),
        all_messages: per_operation(messages + upkeep),
        changes: per_operation(changes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schism_history::{Fate, Message, NodeId, OpEvent, Record};

    #[test]
    fn what_happens_under_load_is_counted_and_upkeep_apart() {
        let mut history = History::default();
        let mut push = |millis: u64, entry: Entry| {
            let index = history.records.len() as u64;
            history.records.push(Record { index, time: millis * 1_000_000, entry });
        };
        let message = |millis: u64, kind: &str| {
            Entry::Message(Message {
                id: millis,
                src: Peer::Node(NodeId(0)),
                dest: Peer::Node(NodeId(1)),
                kind: kind.into(),
                sent: millis * 1_000_000,
                bytes: 1,
                fate: Fate::Delivered,
            })
        };
        let ok = |f: &str| {
            Entry::Op(OpEvent {
                process: 0,
                kind: OpKind::Ok,
                f: f.into(),
                key: None,
                value: schism_history::Value::Nil,
                error: None,
                node: None,
            })
        };
        push(5, message(5, "Relay"));
        push(10, Entry::Phase(Phase::Chaos));
        push(11, message(11, "Relay"));
        push(12, message(12, "Received"));
        push(13, message(13, "Relay"));
        push(14, ok("read"));
        push(15, message(15, "Relay"));
        push(16, ok("write"));
        push(510, Entry::Phase(Phase::Heal));
        push(511, message(511, "Relay"));
        let cost = cost_of(&history);
        let expected = Cost { throughput: 4.0, messages: 1.5, all_messages: 2.0, changes: 0.5 };
        assert_eq!(cost, expected);
    }
}
