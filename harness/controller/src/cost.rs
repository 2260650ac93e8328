//! What an operation of a protocol costs when nothing goes wrong.
//!
//! How fast it is, is measured as processes under full load. How many messages it takes, too: there
//! protocols that can say much at once do. What books count is what an operation costs alone, and
//! that is counted in the simulator, where everything that an operation causes is waited for: in a
//! run with more operations and one with fewer that is as long. What the nodes say anyway, such as
//! that they are alive, is the same in both, and the difference is what operations cause.

use crate::cli::LiveLine;
use crate::judge::meta_of;
use crate::resolve::Request;
use crate::store::RunDirectory;
use crate::{Error, real, simulated};
use schism_history::{Entry, History, OpKind, Peer, Phase};
use schism_nemesis::Mix;
use schism_protocols::{Card, Environment, Model};
use schism_workloads::judged_as;
use std::collections::BTreeMap;
use std::time::Duration;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Operations per second that are done under full load, by processes.
    pub throughput: f64,
    /// Messages between nodes per operation there, without those that would be sent anyway.
    pub loaded: f64,
    /// What an operation costs that comes alone.
    pub alone: Alone,
}

/// What an operation costs that comes alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Alone {
    /// Messages between nodes.
    pub messages: f64,
    /// What these messages are, and how many of each there are.
    pub kinds: BTreeMap<String, f64>,
    /// The textbook's number of messages, if it can be told.
    pub textbook: Option<f64>,
    /// How many messages there are per second even if nothing is asked.
    anyway: f64,
}

/// Beyond this share of difference, measured and textbook's messages do not agree.
const TOLERANCE: f64 = 0.15;

impl Alone {
    /// Whether the textbook's figure is another one.
    pub fn differs(&self) -> bool {
        self.textbook.is_some_and(|textbook| {
            (self.messages - textbook).abs() > TOLERANCE * textbook.max(1.0)
        })
    }
}

/// What links say to acknowledge messages, which is not counted.
const ACKNOWLEDGED: &str = "Received";
/// How many operations per second come alone: where they take rounds, which are slow, the second.
const ALONE: (f64, f64) = (10.0, 0.25);
/// How many of them there are, and how many in the run with fewer.
const MANY_AND_FEW: (u32, u32) = (300, 100);

/// What is asked of a protocol, whatever is measured.
fn request(nodes: u16) -> Request {
    Request {
        nodes,
        timeout: Duration::from_secs(5),
        messages: "all".into(),
        mix: Mix::None,
        environment: Environment::Reliable,
        ..Request::default()
    }
}

/// Runs a protocol as processes for this long, with clients that never rest, and in the simulator
/// with operations that come alone.
pub fn measure(card: &'static Card, nodes: u16, time_limit: Duration) -> Result<Cost, Error> {
    let settle = Duration::from_millis(600);
    let loaded = count(&as_processes(card, Request { time_limit, settle, ..request(nodes) })?);
    let alone = alone(card, nodes)?;
    let messages = loaded.all_messages() - alone.anyway * loaded.until_silence;
    Ok(Cost {
        throughput: loaded.done / loaded.seconds,
        loaded: messages.max(0.0) / loaded.done.max(1.0),
        alone,
    })
}

/// Lets operations come one by one, in the simulator.
pub fn alone(card: &'static Card, nodes: u16) -> Result<Alone, Error> {
    let rate = if card.model == Model::Rounds { ALONE.1 } else { ALONE.0 };
    let time_limit = Duration::from_secs_f64(f64::from(MANY_AND_FEW.0) / rate);
    let alone = |operations: u32| {
        let request = Request {
            time_limit,
            rate: Some(f64::from(operations) / time_limit.as_secs_f64()),
            settle: Duration::from_secs(5),
            simulated: true,
            ..request(nodes)
        };
        Ok::<_, Error>(count(&simulated::run(&request.of_card(card, 1)?)?.history))
    };
    let (many, few) = (alone(MANY_AND_FEW.0)?, alone(MANY_AND_FEW.1)?);
    let caused = many.less(&few);
    let each = |messages: f64| messages / caused.operations;
    let messages = each(caused.all_messages());
    let formula = card.messages().and_then(|it| it.of);
    Ok(Alone {
        messages,
        kinds: caused.messages.iter().map(|(kind, &n)| (kind.clone(), each(n))).collect(),
        textbook: formula.map(|of| of(f64::from(nodes), each(caused.changes))),
        anyway: (many.all_messages() - messages * many.operations) / many.until_silence,
    })
}

fn as_processes(card: &'static Card, request: Request) -> Result<History, Error> {
    let recipe = request.of_card(card, 1)?;
    let store = std::env::temp_dir().join(format!("schism-bench-{}", std::process::id()));
    let directory = RunDirectory::create(&store, &recipe)?;
    let outcome = real::run(&recipe, &directory, meta_of(&recipe), &mut LiveLine::new(false));
    // Whatever came of it, nobody will look at it again.
    let _ = std::fs::remove_dir_all(&store);
    Ok(outcome?.history)
}

/// What happened from the first operation until the run began to look at the outcome.
#[derive(Debug, Default, PartialEq)]
struct Count {
    /// For how long operations were asked for.
    seconds: f64,
    /// How long it was until all was silent.
    until_silence: f64,
    /// Acknowledged operations.
    operations: f64,
    /// Those whose effect was seen while others were still asked for.
    done: f64,
    /// Those that changed something.
    changes: f64,
    /// Messages of the protocol between different nodes, by kind.
    messages: BTreeMap<String, f64>,
}

impl Count {
    fn all_messages(&self) -> f64 {
        self.messages.values().fold(0.0, |sum, n| sum + n)
    }

    /// What this has more than another of the same kind; at least one operation.
    fn less(&self, other: &Count) -> Count {
        let of = |kind: &String| other.messages.get(kind).copied().unwrap_or(0.0);
        let messages = self.messages.iter().map(|(kind, n)| (kind.clone(), n - of(kind)));
        Count {
            operations: (self.operations - other.operations).max(1.0),
            changes: self.changes - other.changes,
            messages: messages.collect(),
            ..Count::default()
        }
    }
}

fn count(history: &History) -> Count {
    let phase = |wanted: Phase| {
        let is = |entry: &Entry| matches!(entry, Entry::Phase(phase) if *phase == wanted);
        history.records.iter().find(|record| is(&record.entry)).map(|record| record.time)
    };
    let begin = phase(Phase::Chaos).unwrap_or(0);
    let end = phase(Phase::Heal).unwrap_or(u64::MAX);
    let last = phase(Phase::Final).unwrap_or(u64::MAX);
    // Broadcasts and links acknowledge what they have yet to do.
    let receivers = match judged_as(&history.meta.workload) {
        "broadcast" => Some(history.meta.nodes.max(1)),
        "link" => Some(1),
        _ => None,
    };
    let seconds = |until: u64| until.saturating_sub(begin) as f64 / 1e9;
    let until_silence = seconds(last);
    let mut count = Count { seconds: seconds(end), until_silence, ..Count::default() };
    let mut delivered = 0u64;
    for record in history.records.iter().filter(|record| record.time < last) {
        match &record.entry {
            Entry::Op(op) if op.kind == OpKind::Ok => {
                count.operations += 1.0;
                count.done += f64::from(u8::from(record.time <= end));
                count.changes += f64::from(u8::from(!["read", "local"].contains(&op.f.as_str())));
            }
            Entry::Event(event) if event.kind == "deliver" && record.time <= end => delivered += 1,
            Entry::Message(message) if message.sent >= begin => {
                if let (Peer::Node(_), Peer::Node(_)) = (message.src, message.dest)
                    && message.kind != ACKNOWLEDGED
                {
                    *count.messages.entry(message.kind.to_string()).or_default() += 1.0;
                }
            }
            _ => {}
        }
    }
    if let Some(receivers) = receivers {
        count.done = delivered as f64 / receivers as f64;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use schism_history::{Fate, Message, NodeId, OpEvent, Record};

    /// The costs that the books give are checked, not only printed.
    #[test]
    fn operations_cost_as_many_messages_as_the_books_say() {
        let mut judged = 0;
        for card in schism_protocols::catalogue().iter().filter(|card| card.workload != "detect") {
            let book = card.messages().expect("a protocol with operations has a row");
            assert!(book.of.is_some() || !book.why.is_empty(), "{}", card.name);
            if book.of.is_some() {
                let alone = alone(card, 5).expect("a run");
                assert!(!alone.differs(), "{}: {} costs {alone:?}", card.name, book.text);
                judged += 1;
            }
        }
        assert!(judged > 40, "{judged}");
    }

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
        push(610, Entry::Phase(Phase::Final));
        push(612, message(611, "Relay"));
        let messages = [("Relay".to_string(), 4.0)].into();
        let expected = Count {
            seconds: 0.5,
            until_silence: 0.6,
            operations: 2.0,
            done: 2.0,
            changes: 1.0,
            messages,
        };
        assert_eq!(count(&history), expected);
    }
}
