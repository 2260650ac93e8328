//! A node under a harness that knows nothing of us, and under ours.

use super::*;
use schism_kernel::{Ask, Component, Input, Never, Note, Outbox, Serving};
use serde::Serialize;
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Request {
    Greet { to: u16 },
    Roll,
    Tick,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Response {
    Rolled { number: u32 },
    Ticked,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Greeting(String);

/// Greets others, rolls dice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Polite;

impl Component for Polite {
    type Provides = Serving<Request, Response>;
    type Message = Greeting;
    type Timer = Ask<Request>;
    type Stable = Never;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        match input {
            Input::Request(ask) => match ask.question {
                Request::Greet { to } => out.send(ProcessId(to), Greeting("hello".into())),
                Request::Roll => {
                    let number = env.choices.choose(1_000_000);
                    out.indicate(ask.answer(Response::Rolled { number }));
                }
                Request::Tick => out.set_timer(ask, Duration::from_secs(5)),
            },
            Input::Message(from, greeting) => {
                out.note(Note::new("greeted").peer(from).value(greeting.0));
            }
            Input::Timeout(ask) => out.indicate(ask.answer(Response::Ticked)),
            _ => {}
        }
    }
}

struct Harness {
    host: Host,
    now: Duration,
}

impl Harness {
    fn new() -> Harness {
        let make = |nodes| {
            assert_eq!(nodes, 3);
            schism_kernel::node(Polite)
        };
        Harness { host: Host::new(Box::new(make)), now: Duration::ZERO }
    }

    fn written(&mut self) -> Vec<Value> {
        let mut output = Vec::new();
        if let Some(desk) = self.host.desk() {
            desk.flush(&mut output).unwrap();
        }
        let lines = output.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    fn hears(&mut self, line: &str) -> Vec<Value> {
        self.host.line(self.now, line.as_bytes()).unwrap();
        self.written()
    }

    fn says(&mut self, src: &str, body: Value) -> Vec<Value> {
        self.hears(&json!({"src": src, "dest": "n2", "body": body}).to_string())
    }

    fn init(&mut self, extension: Option<Value>) -> Vec<Value> {
        let mut body = json!({
            "type": "init", "msg_id": 1, "node_id": "n2", "node_ids": ["n1", "n2", "n3"],
        });
        if let Some(extension) = extension {
            body["schism"] = extension;
        }
        self.says("c0", body)
    }
}

#[test]
fn a_plain_harness_hears_nothing_it_does_not_know() {
    let mut harness = Harness::new();
    assert_eq!(harness.says("c1", json!({"type": "roll", "msg_id": 9})), [] as [Value; 0]);
    let ok = json!({"src": "n2", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": 1}});
    assert_eq!(harness.init(None), [ok]);
    // Names are positions in the list, whatever their numbers.
    let greeting = harness.says("c4", json!({"msg_id": 2, "type": "greet", "to": 2}));
    let body = json!({"type": "Greeting", "m": "hello"});
    assert_eq!(greeting, [json!({"src": "n2", "dest": "n3", "body": body})]);
    assert!(harness.says("n1", body).is_empty());
    assert!(harness.hears("what?").is_empty());
    assert!(harness.says("n1", json!({"type": "Greeting", "m": 3})).is_empty());
    let rolled = harness.says("c4", json!({"type": "roll", "msg_id": 3}));
    assert_eq!(rolled[0]["dest"], "c4");
    assert_eq!(rolled[0]["body"]["type"], "rolled");
    assert_eq!(rolled[0]["body"]["in_reply_to"], 3);
}

#[test]
fn a_clock_is_set_and_read_back() {
    let mut harness = Harness::new();
    harness.now = Duration::from_secs(100);
    harness.init(Some(json!({"origin": 90_000_000_000u64})));
    let skew = json!({"since": 10_000_000_000u64, "offset": -4_000_000_000i64, "ppm": 500_000});
    harness.now = Duration::from_secs(102);
    let said = harness.says("schism", json!({"type": "clock", "fault": 3, "skew": skew}));
    let body = json!({"type": "clock_ok", "fault": 3, "ahead": -3_000_000_000i64});
    assert_eq!(said, [json!({"src": "n2", "dest": "schism", "body": body})]);
    // Nobody else may set it.
    let said = harness.says("c1", json!({"type": "clock", "msg_id": 1, "fault": 3, "skew": skew}));
    assert_eq!(said[0]["body"]["type"], "error");
}

#[test]
fn our_harness_hears_notes_in_any_layout() {
    let mut harness = Harness::new();
    harness.init(Some(json!({"notes": true, "seed": 7})));
    let expected = json!({"src": "n2", "dest": "schism", "body": {
        "type": "note", "kind": "greeted", "peer": 0, "value": "hello",
    }});
    let ours = r#"{"src":"n1","dest":"n2","body":{"type":"Greeting","m":"hello"}}"#;
    let other = r#"{"body": {"m": "hello"}, "src": "n1", "dest": "n2"}"#;
    assert_eq!(harness.hears(ours), std::slice::from_ref(&expected));
    assert_eq!(harness.hears(other), [expected]);
}

#[test]
fn what_cannot_be_answered_is_refused_with_the_right_code() {
    let mut harness = Harness::new();
    harness.init(None);
    let code = |answers: Vec<Value>| {
        assert_eq!(answers[0]["body"]["type"], "error");
        assert_eq!(answers[0]["body"]["in_reply_to"], 5);
        answers[0]["body"]["code"].as_u64().unwrap()
    };
    assert_eq!(code(harness.says("c0", json!({"type": "dance", "msg_id": 5}))), 10);
    assert_eq!(code(harness.says("c0", json!({"type": "greet", "msg_id": 5}))), 12);
    assert_eq!(code(harness.says("c0", json!({"type": "init", "msg_id": 5}))), 12);
    assert_eq!(code(harness.says("lin-kv", json!({"type": "roll", "msg_id": 5}))), 10);
    assert!(harness.says("c0", json!({"type": "roll"})).is_empty());
}

#[test]
fn the_seed_decides_choices_and_each_life_has_its_own() {
    let roll = |seed: u64, incarnation: u32| {
        let mut harness = Harness::new();
        harness.init(Some(json!({"seed": seed, "incarnation": incarnation})));
        harness.says("c0", json!({"type": "roll", "msg_id": 5}))
    };
    assert_eq!(roll(1, 0), roll(1, 0));
    assert_ne!(roll(1, 0), roll(2, 0));
    assert_ne!(roll(1, 0), roll(1, 1));
}

#[test]
fn timers_go_off_when_they_are_due() {
    let mut harness = Harness::new();
    harness.init(None);
    harness.now = Duration::from_secs(100);
    assert!(harness.says("c0", json!({"type": "tick", "msg_id": 5})).is_empty());
    assert_eq!(harness.host.next_timer(), Some(Duration::from_secs(105)));
    harness.host.timers(Duration::from_millis(104_999));
    assert!(harness.written().is_empty());
    harness.host.timers(Duration::from_secs(105));
    assert_eq!(harness.written()[0]["body"]["type"], "ticked");
    assert_eq!(harness.host.next_timer(), None);
}

#[test]
fn an_init_that_makes_no_sense_is_an_error() {
    for body in [
        json!({"type": "init", "msg_id": 1, "node_id": "n9", "node_ids": ["n1"]}),
        json!({"type": "init", "msg_id": 1}),
    ] {
        let line = json!({"src": "c0", "dest": "n2", "body": body}).to_string();
        let result = Harness::new().host.line(Duration::ZERO, line.as_bytes());
        assert!(matches!(result, Err(ServeError::Init(_))), "{result:?}");
    }
}
