//! The monitor against the check of whole histories.

#[path = "../benches/linearizability/random.rs"]
mod random;

use random::Random;
use schism_checkers::linearizability::{
    Alarm, ModelKind, Monitor, Options, Verdict, check_history,
};
use schism_history::{Entry, History, OpEvent, OpKind, Record, Value};
use std::collections::VecDeque;

/// What a history is drawn from.
#[derive(Clone, Copy)]
struct Drawn {
    model: &'static str,
    operations: usize,
    clients: u64,
    /// Of a hundred operations, how many crash, and how many are refused.
    crashed: u32,
    refused: u32,
    /// Of a hundred results, how many are wrong.
    wrong: u32,
    /// How many values there are; as many as are written, if none.
    values: Option<u32>,
}

/// An object of any kind, told of what its clients do.
#[derive(Default)]
struct Object {
    items: VecDeque<i64>,
    /// What was appended, by key.
    texts: [Vec<i64>; 3],
    held: [i64; 3],
    written: i64,
    given: i64,
    most: i64,
}

impl Object {
    fn asks(&mut self, drawn: &Drawn, random: &mut Random) -> (&'static str, Option<Value>, Value) {
        let puts = random.below(100) < 50;
        self.written += 1;
        let value = drawn.values.map_or(self.written, |n| i64::from(random.below(n)) + 1);
        let key = drawn.model.starts_with("kv").then(|| Value::Int(random.below(3).into()));
        let value = Value::Int(value);
        let (f, input) = match (drawn.model, puts) {
            ("set" | "set read", true) if random.below(2) == 0 => ("remove", value),
            ("set" | "set read", true) => ("add", value),
            ("set read", false) if random.below(3) == 0 => ("read", Value::Nil),
            ("set" | "set read", false) => ("contains", value),
            ("unique-id", _) => ("generate", Value::Nil),
            ("fifo-queue", true) => ("enqueue", value),
            ("fifo-queue", false) => ("dequeue", Value::Nil),
            ("stack", true) => ("push", value),
            ("stack", false) => ("pop", Value::Nil),
            // Older values are greater as often as not.
            ("priority-queue", true) => ("insert", mixed(&value)),
            ("priority-queue", false) => ("delete-max", Value::Nil),
            ("counter", true) => ("add", Value::Int(random.below(3).into())),
            ("counter down", true) => ("add", Value::Int(i64::from(random.below(5)) - 2)),
            ("counter get", true) => ("add-and-get", Value::Int(random.below(3).into())),
            ("append-log" | "kv list", true) => ("append", value),
            ("kv text", true) if random.below(3) > 0 => ("append", text(&value)),
            ("kv text", true) => ("write", text(&value)),
            // Mostly not much more or less than what is there.
            ("max-register", true) => {
                ("write", Value::Int((self.most + i64::from(random.below(7)) - 2).max(1)))
            }
            (_, true) => ("write", value),
            (_, false) => ("read", Value::Nil),
        };
        (f, key, input)
    }

    fn answers(&mut self, drawn: &Drawn, f: &str, key: Option<&Value>, input: &Value) -> Value {
        let key = key.and_then(Value::as_int).unwrap_or(0) as usize;
        let held = &mut self.held[key];
        let some = |value: i64| if value == 0 { Value::Nil } else { Value::Int(value) };
        match (f, input.as_int()) {
            ("read", _) if drawn.model == "set read" => {
                return Value::List(self.items.iter().map(|item| Value::Int(*item)).collect());
            }
            ("read", _) if drawn.model == "max-register" => return Value::Int(self.most),
            ("write", Some(value)) if drawn.model == "max-register" => {
                self.most = self.most.max(value);
            }
            ("read", _) if matches!(drawn.model, "append-log" | "kv list" | "kv text") => {
                return drawn.list(self.texts[key].iter());
            }
            ("append", _) => self.texts[key].push(number(input)),
            ("write", None) => self.texts[key] = vec![number(input)],
            ("add" | "add-and-get", Some(delta)) if drawn.model.starts_with("counter") => {
                self.most += delta;
                return if f == "add" { Value::Nil } else { Value::Int(self.most) };
            }
            ("read", _) if drawn.model.starts_with("counter") => return Value::Int(self.most),
            ("enqueue" | "push" | "insert", Some(value)) => self.items.push_back(value),
            ("pop", _) => return self.items.pop_back().map_or(Value::Nil, Value::Int),
            ("delete-max", _) => {
                let greatest = (0..self.items.len()).max_by_key(|at| self.items[*at]);
                let taken = greatest.and_then(|at| self.items.remove(at));
                return taken.map_or(Value::Nil, Value::Int);
            }
            ("generate", _) => {
                self.given += 1;
                return Value::Int(self.given);
            }
            ("add", Some(value)) if self.items.contains(&value) => return Value::Bool(false),
            ("add", Some(value)) => {
                self.items.push_back(value);
                return Value::Bool(true);
            }
            ("remove", Some(value)) => {
                let there = self.items.contains(&value);
                self.items.retain(|item| *item != value);
                return Value::Bool(there);
            }
            ("contains", Some(value)) => return Value::Bool(self.items.contains(&value)),
            ("dequeue", _) => return self.items.pop_front().map_or(Value::Nil, Value::Int),
            ("read", _) => return some(*held),
            (_, Some(value)) => *held = value,
            (_, None) => {}
        }
        input.clone()
    }

    /// Something else that was there or will be.
    fn lies(&self, drawn: &Drawn, f: &str, answer: Value, random: &mut Random) -> Value {
        let told = matches!(f, "read" | "dequeue" | "pop" | "delete-max" | "add-and-get")
            || matches!(f, "contains" | "generate")
            || matches!(answer, Value::Bool(_));
        if !told || random.below(100) >= drawn.wrong {
            return answer;
        }
        if let ("read", "append-log" | "kv list" | "kv text" | "set read") = (f, drawn.model) {
            let mut items = self.texts[random.below(3) as usize].clone();
            items.extend(self.items.iter().filter(|_| drawn.model == "set read"));
            match random.below(3) {
                0 => {
                    items.pop();
                }
                1 => items.push(self.written - i64::from(random.below(4))),
                _ if items.len() > 1 => items.swap(0, 1),
                _ => {}
            }
            return drawn.list(items.iter());
        }
        match i64::from(random.below(12)) {
            _ if matches!(answer, Value::Bool(_)) => Value::Bool(random.below(2) == 0),
            ago if drawn.model == "max-register" => Value::Int((self.most - ago + 3).max(0)),
            ago if drawn.model.starts_with("counter") => Value::Int(self.most - ago / 2 + 3),
            0 => Value::Nil,
            ago if f == "delete-max" => mixed(&Value::Int((self.written - ago + 2).max(1))),
            ago => Value::Int((self.written - ago + 2).max(1)),
        }
    }
}

/// A number for each, in another order.
fn mixed(value: &Value) -> Value {
    let value = value.as_int().unwrap_or(0);
    Value::Int(value % 7 * 1_000 + value)
}

/// What is appended to text.
fn text(value: &Value) -> Value {
    format!("{value},").as_str().into()
}

/// Which value text is.
fn number(value: &Value) -> i64 {
    let text = value.as_str().and_then(|text| text.trim_end_matches(',').parse().ok());
    value.as_int().or(text).unwrap_or(0)
}

impl Drawn {
    fn kind(&self) -> ModelKind {
        let kind = self.model.split(' ').next().unwrap();
        ModelKind::parse(if self.model == "max-register" { "max-register:0" } else { kind })
            .unwrap()
    }

    /// What a read finds that holds these.
    fn list<'a>(&self, items: impl Iterator<Item = &'a i64>) -> Value {
        match self.model {
            "kv text" => items.map(|item| format!("{item},")).collect::<String>().as_str().into(),
            _ => Value::List(items.map(|item| Value::Int(*item)).collect()),
        }
    }
}

/// What a client is doing.
#[derive(Clone)]
enum Client {
    Idle,
    Asked(&'static str, Option<Value>, Value),
    Answered(&'static str, Option<Value>, Value, OpKind, Value),
}

fn draw(drawn: &Drawn, seed: u64) -> History {
    let mut random = Random::new(seed);
    let (mut object, mut records, mut begun) = (Object::default(), Vec::new(), 0);
    let mut clients: Vec<(u64, Client)> =
        (0..drawn.clients).map(|process| (process, Client::Idle)).collect();
    let mut next = drawn.clients;
    let busy = |clients: &[(u64, Client)]| clients.iter().any(|(_, c)| !matches!(c, Client::Idle));
    while begun < drawn.operations || busy(&clients) {
        let at = random.below(clients.len() as u32) as usize;
        let (process, client) = clients[at].clone();
        let mut tell = |kind, f: &str, key, value| {
            let index = records.len() as u64;
            let f = f.into();
            let event = OpEvent { process, kind, f, key, value, error: None, node: None };
            records.push(Record { index, time: index, entry: Entry::Op(event) });
        };
        clients[at].1 = match client {
            Client::Idle if begun < drawn.operations => {
                begun += 1;
                let (f, key, input) = object.asks(drawn, &mut random);
                tell(OpKind::Invoke, f, key.clone(), input.clone());
                Client::Asked(f, key, input)
            }
            Client::Idle => Client::Idle,
            Client::Asked(f, key, input) => {
                let fate = random.below(100);
                let happens = fate >= drawn.refused
                    && (fate.is_multiple_of(2) || fate >= drawn.refused + drawn.crashed);
                // One that is refused did not happen, or so it says.
                let happens = happens || random.below(100) < drawn.wrong;
                let answer = if happens {
                    object.answers(drawn, f, key.as_ref(), &input)
                } else {
                    input.clone()
                };
                let answer = object.lies(drawn, f, answer, &mut random);
                let kind = match fate {
                    _ if fate < drawn.refused => OpKind::Fail,
                    _ if fate < drawn.refused + drawn.crashed => OpKind::Info,
                    _ => OpKind::Ok,
                };
                Client::Answered(f, key, input, kind, answer)
            }
            Client::Answered(f, key, input, kind, answer) => {
                tell(kind, f, key, if kind == OpKind::Ok { answer } else { input });
                if kind == OpKind::Info {
                    (clients[at].0, next) = (next, next + 1);
                }
                Client::Idle
            }
        };
    }
    History { records, ..History::default() }
}

fn violated(history: &History, kind: &ModelKind) -> bool {
    let options = Options { explain: false, order: false, threads: 1, ..Options::default() };
    match check_history(history, kind, &options).unwrap().verdict {
        Verdict::Linearizable { .. } => false,
        Verdict::Violation(_) => true,
        Verdict::Unknown { why, .. } => panic!("{why}"),
    }
}

/// What a monitor says that keeps so many ways, and how many records it had been told by then.
fn watched(
    history: &History,
    kind: &ModelKind,
    ways: u64,
    poll: bool,
) -> (Option<(usize, Alarm)>, bool) {
    let options = Options { configurations: ways, ..Options::default() };
    let mut monitor = Monitor::new(kind, &options).unwrap();
    for (record, count) in history.records.iter().zip(1..) {
        let raised = monitor.push(record).unwrap();
        let alarm = raised.or_else(|| if poll { monitor.poll() } else { None });
        if let Some(alarm) = alarm {
            return (Some((count, alarm)), false);
        }
    }
    (None, monitor.lost() > 0)
}

/// An alarm is right about what was told by then; what cannot be explained is told, unless the
/// monitor says that it lost sight.
fn compare(drawn: &Drawn, rounds: u64, ways: u64) -> [u32; 3] {
    let kind = drawn.kind();
    let mut counts = [0; 3];
    for seed in 1..=rounds {
        let history = draw(drawn, seed);
        let violated_at_last = violated(&history, &kind);
        for poll in [true, false] {
            let (alarm, lost) = watched(&history, &kind, ways, poll);
            let name = format!("{} seed {seed}, poll {poll}: {alarm:?}", drawn.model);
            if let Some((count, _)) = &alarm {
                let records = history.records[..*count].to_vec();
                let prefix = History { records, ..History::default() };
                assert!(violated(&prefix, &kind), "{name} without a violation");
            } else if poll && !lost && drawn.crashed == 0 {
                assert!(!violated_at_last, "{name} but a violation");
            }
            counts[0] += u32::from(alarm.is_some());
            counts[1] += u32::from(violated_at_last);
            counts[2] += u32::from(lost);
        }
    }
    counts
}

fn rounds(n: u64) -> u64 {
    let factor = std::env::var("SCHISM_MONITOR_ROUNDS").ok().and_then(|n| n.parse().ok());
    n * factor.unwrap_or(1)
}

const FEW: Drawn = Drawn {
    model: "fifo-queue",
    operations: 14,
    clients: 4,
    crashed: 0,
    refused: 0,
    wrong: 8,
    values: None,
};

/// Models whose check needs a search while something is open, which takes long.
const SEARCHED: [&str; 5] = ["priority-queue", "stack", "counter", "counter down", "counter get"];

/// How many values there are to make violations of a set likely.
fn elements(model: &str) -> Option<u32> {
    model.starts_with("set").then_some(6)
}

#[test]
fn rules_alone_tell_of_every_violation_and_of_nothing_else() {
    for model in [
        "fifo-queue",
        "register",
        "kv",
        "kv text",
        "kv list",
        "unique-id",
        "set",
        "append-log",
        "max-register",
        "priority-queue",
    ] {
        let values = elements(model);
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (60, 8, 2), (200, 20, 1)] {
            for refused in [0, 10] {
                let drawn = Drawn { model, operations, clients, wrong, refused, values, ..FEW };
                if operations == 200 && SEARCHED.contains(&model) {
                    continue;
                }
                let [alarms, violations, lost] = compare(&drawn, rounds(150), 0);
                assert_eq!(lost, 0, "{model}");
                assert_eq!(alarms, violations, "{model}, {operations} operations");
                assert!(
                    violations > 20 && u64::from(violations) < rounds(280),
                    "{model} {operations} {refused} {violations}"
                );
            }
        }
    }
}

#[test]
fn rules_alone_are_right_where_operations_crash_and_values_come_again() {
    for model in [
        "fifo-queue",
        "register",
        "kv",
        "kv text",
        "kv list",
        "set",
        "set read",
        "append-log",
        "max-register",
        "priority-queue",
        "stack",
        "counter",
        "counter down",
        "counter get",
    ] {
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (60, 8, 2)] {
            for (crashed, values) in [(20, None), (5, None), (0, Some(4)), (10, Some(40))] {
                if operations == 60 && SEARCHED.contains(&model) {
                    continue;
                }
                let values = values.or(elements(model));
                let drawn = Drawn { model, operations, clients, wrong, crashed, values, ..FEW };
                let [alarms, _, lost] = compare(&drawn, rounds(150), 0);
                assert!(alarms > 0 || lost > 0, "{model}");
            }
        }
    }
}

#[test]
fn rules_that_do_not_tell_everything_tell_most() {
    for (model, share) in [
        ("set read", 0.9),
        ("stack", 0.9),
        ("counter", 0.7),
        ("counter down", 0.4),
        ("counter get", 0.7),
    ] {
        let (mut alarms, mut violations) = (0, 0);
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (40, 6, 3)] {
            let values = elements(model);
            let drawn = Drawn { model, operations, clients, wrong, values, ..FEW };
            let counts = compare(&drawn, rounds(150), 0);
            (alarms, violations) = (alarms + counts[0], violations + counts[1]);
        }
        println!("{model}: {alarms} of {violations}");
        assert!(
            f64::from(alarms) >= share * f64::from(violations),
            "{model} {alarms} {violations}"
        );
    }
}

#[test]
fn ways_and_rules_together_tell_of_every_violation() {
    for model in [
        "fifo-queue",
        "register",
        "kv",
        "kv text",
        "kv list",
        "set",
        "set read",
        "append-log",
        "max-register",
        "priority-queue",
        "stack",
        "counter",
        "counter down",
        "counter get",
    ] {
        for (crashed, refused, values) in
            [(0, 0, None), (10, 5, None), (0, 0, Some(3)), (10, 5, Some(4))]
        {
            if model.starts_with("set") && values.is_none() {
                continue;
            }
            let drawn = Drawn { model, crashed, refused, values, operations: 12, ..FEW };
            let kind = drawn.kind();
            for seed in 1..=rounds(200) {
                let history = draw(&drawn, seed);
                let (alarm, lost) = watched(&history, &kind, 200_000, true);
                assert!(!lost);
                assert_eq!(
                    alarm.is_some(),
                    violated(&history, &kind),
                    "{model} {crashed} {values:?} seed {seed}: {alarm:?}"
                );
            }
            compare(&drawn, rounds(50), 200_000);
        }
    }
}
