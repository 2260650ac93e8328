//! Nodes: timers by number, packets as text, variables as bytes.

use crate::support::with_env;
use proptest::prelude::*;
use schism_kernel::{
    Algorithm, Ask, ClientId, Cx, Deliver, Net, Node, NodeInput, NodeOutbox, Note, Packet,
    PerfectLink, ProcessId, Send, Serving, Stable, layer, node,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Question {
    Set { timer: u8, after: u64 },
    Cancel { timer: u8 },
    Store { key: u8, value: Word },
    Erase { key: u8 },
    Send { word: Word },
    Read,
}

/// Something with every shape that serialisation treats in its own way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Word {
    Text { text: String },
    Pairs { pairs: Vec<(u8, Option<i64>)> },
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Kept(u8, Word);
impl Stable for Kept {
    type Key = u8;
    fn key(&self) -> u8 {
        self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
struct State {
    went_off: Vec<u8>,
    recovered: Vec<Kept>,
    delivered: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Service(State);

impl Algorithm for Service {
    type Implements = Serving<Question, State>;
    type Uses = PerfectLink<Word>;
    type Timer = u8;
    type Stable = Kept;

    fn upon_recovery(&mut self, stored: Vec<Kept>, _: &mut Cx<'_, Self>) {
        self.0.recovered = stored;
    }
    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        match ask.question.clone() {
            Question::Set { timer, after } => cx.set_timer(timer, Duration::from_millis(after)),
            Question::Cancel { timer } => cx.cancel_timer(timer),
            Question::Store { key, value } => cx.store(Kept(key, value)),
            Question::Erase { key } => cx.erase(key),
            Question::Send { word } => cx.trigger(Send(ProcessId(1), word)),
            Question::Read => cx.indicate(ask.answer(self.0.clone())),
        }
    }
    fn upon_indication(&mut self, Deliver(_, word): Deliver<Word>, _: &mut Cx<'_, Self>) {
        self.0.delivered.push(word);
    }
    fn upon_timeout(&mut self, timer: u8, _: &mut Cx<'_, Self>) {
        self.0.went_off.push(timer);
    }
}

fn service() -> Box<dyn Node> {
    let state = State { went_off: Vec::new(), recovered: Vec::new(), delivered: Vec::new() };
    node(layer(Service(state), Net::default()))
}

/// A host that is as lazy as hosts may be: it never forgets a timer that was cancelled.
#[derive(Default)]
struct Host {
    timers: Vec<(Duration, u64)>,
    now: Duration,
    disk: BTreeMap<Vec<u8>, Vec<u8>>,
    sent: Vec<Packet>,
    replies: Vec<Value>,
}

impl NodeOutbox for Host {
    fn send(&mut self, _: ProcessId, packet: Packet) {
        self.sent.push(packet);
    }
    fn reply(&mut self, _: ClientId, _: u64, body: Value) {
        self.replies.push(body);
    }
    fn set_timer(&mut self, number: u64, after: Duration) {
        assert!(self.timers.iter().all(|&(_, old)| old != number), "a number is used once");
        self.timers.push((self.now + after, number));
    }
    fn cancel_timer(&mut self, _: u64) {}
    fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.disk.insert(key, value);
    }
    fn erase(&mut self, key: Vec<u8>) {
        self.disk.remove(&key);
    }
    fn note(&mut self, _: Note) {}
    fn mark(&mut self, _: &'static str) {}
}

fn give(node: &mut dyn Node, host: &mut Host, input: NodeInput<'_>) {
    with_env(|env| node.step(input, env, host)).expect("it can be read");
}

fn ask(node: &mut dyn Node, host: &mut Host, question: &Value) {
    give(node, host, NodeInput::Ask(ClientId(0), 0, question));
}

fn read(node: &mut dyn Node, host: &mut Host) -> Value {
    ask(node, host, &json!({ "type": "read" }));
    host.replies.pop().expect("it answers")
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        ".{0,8}".prop_map(|text| Word::Text { text }),
        prop::collection::vec(any::<(u8, Option<i64>)>(), 0..4)
            .prop_map(|pairs| Word::Pairs { pairs }),
        Just(Word::Nothing),
    ]
}

proptest! {
    #[test]
    fn timers_go_off_once_when_they_were_last_set_for(
        steps in prop::collection::vec((0u8..4, prop::option::of(1u64..50), 0u64..20), 0..30),
    ) {
        let (mut node, mut host) = (service(), Host::default());
        let mut pending: BTreeMap<u8, u64> = BTreeMap::new();
        let mut expected = Vec::new();
        let mut now = 0;
        for (timer, set, pause) in steps {
            match set {
                Some(after) => {
                    let question = json!({ "type": "set", "timer": timer, "after": after });
                    ask(&mut *node, &mut host, &question);
                    pending.insert(timer, now + after);
                }
                None => {
                    ask(&mut *node, &mut host, &json!({ "type": "cancel", "timer": timer }));
                    pending.remove(&timer);
                }
            }
            now += pause;
            let mut due: Vec<_> =
                pending.iter().filter(|(_, at)| **at <= now).map(|(&t, &at)| (at, t)).collect();
            due.sort_unstable();
            for (_, timer) in due {
                pending.remove(&timer);
                expected.push(timer);
            }
            host.now = Duration::from_millis(now);
            let mut off = host.timers.clone();
            off.retain(|&(at, _)| at <= host.now);
            host.timers.retain(|&(at, _)| at > host.now);
            off.sort_unstable();
            for (_, number) in off {
                give(&mut *node, &mut host, NodeInput::Timeout(number));
            }
        }
        let mut went_off: Vec<u8> =
            serde_json::from_value(read(&mut *node, &mut host)["went_off"].clone()).unwrap();
        // Timers of the same moment may go off in any order.
        went_off.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(went_off, expected);
    }

    #[test]
    fn a_packet_survives_being_written_and_read(words in prop::collection::vec(word(), 1..5)) {
        let (mut sender, mut receiver, mut host) = (service(), service(), Host::default());
        for word in &words {
            ask(&mut *sender, &mut host, &json!({ "type": "send", "word": word }));
        }
        for packet in std::mem::take(&mut host.sent) {
            let mut text = Vec::new();
            packet.clone().encode(&mut text);
            let read = receiver.decode(std::str::from_utf8(&text).unwrap()).unwrap();
            prop_assert_eq!(format!("{packet:?}"), format!("{read:?}"));
            give(&mut *receiver, &mut host, NodeInput::Message(ProcessId(0), read));
        }
        let state = read(&mut *receiver, &mut host);
        prop_assert_eq!(&state["delivered"], &serde_json::to_value(&words).unwrap());
    }

    #[test]
    fn a_node_finds_its_variables_again(
        changes in prop::collection::vec((0u8..5, prop::option::of(word())), 0..20),
    ) {
        let (mut node, mut host) = (service(), Host::default());
        let mut expected = BTreeMap::new();
        for (key, value) in changes {
            if let Some(value) = value {
                let question = json!({ "type": "store", "key": key, "value": value });
                ask(&mut *node, &mut host, &question);
                expected.insert(key, value);
            } else {
                ask(&mut *node, &mut host, &json!({ "type": "erase", "key": key }));
                expected.remove(&key);
            }
        }
        let mut again = service();
        let disk = host.disk.clone().into_iter().collect();
        give(&mut *again, &mut host, NodeInput::Recover(disk));
        let expected: Vec<_> = expected.into_iter().map(|(k, v)| Kept(k, v)).collect();
        let state = read(&mut *again, &mut host);
        prop_assert_eq!(&state["recovered"], &serde_json::to_value(&expected).unwrap());
    }
}

#[test]
fn what_cannot_be_read_is_an_error_and_changes_nothing() {
    let (mut node, mut host) = (service(), Host::default());
    let error = |result: Result<(), schism_kernel::Malformed>| result.unwrap_err().to_string();
    let question = json!({ "type": "dance" });
    let input = NodeInput::Ask(ClientId(0), 0, &question);
    let asked = error(with_env(|env| node.step(input, env, &mut host)));
    assert!(asked.starts_with("cannot read a client's question: unknown variant `dance`"));
    let disk = vec![(b"1".to_vec(), b"nonsense".to_vec())];
    let recovered = error(with_env(|env| node.step(NodeInput::Recover(disk), env, &mut host)));
    assert!(recovered.starts_with("cannot read a stored variable: "));
    assert!(node.decode("[1,").unwrap_err().to_string().starts_with("cannot read a message: "));
    assert_eq!(read(&mut *node, &mut host)["went_off"], json!([]));
}
