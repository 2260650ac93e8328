//! A linearizable key-value store: a state machine that every process runs over the same log. Beside
//! a value, every key has a queue.
//!
//! Each question becomes a command in the log, reads too, and is answered by the process that
//! was asked once the command is committed. A command that does not get committed is submitted
//! again, since the leader it was sent to may have fallen; so the same command may stand in the
//! log twice. The state machine executes it once: commands are numbered by their origin, and
//! carry the lowest number that is still wanted, so that what is remembered stays small.
//!
//! While the log refuses commands because nobody leads, a question is held for a while: elections
//! are short, and a client that is turned away at once only comes back.

use crate::seen::Seen;
use crate::services::error::{KEY_DOES_NOT_EXIST, PRECONDITION_FAILED, TEMPORARILY_UNAVAILABLE};
use schism_kernel::{
    Algorithm, Ask, Cx, Logged, Never, Note, ProcessId, ReplicatedLog, Serving, Submit,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// After how long a command is submitted again.
const RETRY: Duration = Duration::from_millis(500);
/// After how long a command that was refused is submitted again,
const AGAIN: Duration = Duration::from_millis(50);
/// and after how long the client is told.
const HOLD: Duration = Duration::from_millis(1000);
/// How old a value gets in a store that looks at the clock.
const LIFETIME: Duration = Duration::from_millis(50);
/// After how long nobody waits for a command any longer.
const GIVE_UP: Duration = Duration::from_secs(10);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// What is the value of the key?
    Read {
        /// The key.
        key: i64,
    },
    /// Give the key this value.
    Write {
        /// The key.
        key: i64,
        /// Its new value.
        value: i64,
    },
    /// Give the key another value if it has this one.
    Cas {
        /// The key.
        key: i64,
        /// The value it must have.
        from: i64,
        /// Its new value.
        to: i64,
        /// Whether a key that does not exist is created.
        #[serde(default)]
        create_if_not_exists: bool,
    },
    /// Put this value at the end of the key's queue.
    Enqueue {
        /// The key.
        key: i64,
        /// The value.
        value: i64,
    },
    /// Take out the value at the front of the key's queue.
    Dequeue {
        /// The key.
        key: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// The key has this value.
    ReadOk {
        /// The value.
        value: i64,
    },
    /// It was written.
    WriteOk,
    /// It was compared and set.
    CasOk,
    /// It was put in.
    EnqueueOk,
    /// This was taken out, if anything was inside.
    DequeueOk {
        /// The value.
        value: Option<i64>,
    },
    /// It was not.
    Error {
        /// Maelstrom's code.
        code: u32,
        /// Why.
        text: String,
    },
}

/// A question in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Command {
    /// The process that was asked.
    pub origin: ProcessId,
    /// Its incarnation.
    pub incarnation: u32,
    /// Its number for the command.
    pub number: u64,
    /// Below this number it does not want anything executed any longer.
    pub lowest: u64,
    /// What to execute.
    pub question: Question,
}

impl Question {
    fn key(&self) -> i64 {
        match *self {
            Question::Read { key }
            | Question::Write { key, .. }
            | Question::Cas { key, .. }
            | Question::Enqueue { key, .. }
            | Question::Dequeue { key } => key,
        }
    }
}

/// As checkers are told of it: short, since every process tells of every command.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{} ", self.origin, self.incarnation, self.number)?;
        match self.question {
            Question::Read { key } => write!(f, "read {key}"),
            Question::Write { key, value } => write!(f, "write {key} {value}"),
            Question::Cas { key, from, to, .. } => write!(f, "cas {key} {from} {to}"),
            Question::Enqueue { key, value } => write!(f, "enqueue {key} {value}"),
            Question::Dequeue { key } => write!(f, "dequeue {key}"),
        }
    }
}

impl Reply {
    /// As checkers are told of it.
    fn told(&self) -> Json {
        match self {
            Reply::ReadOk { value } => (*value).into(),
            Reply::WriteOk | Reply::CasOk | Reply::EnqueueOk => "done".into(),
            Reply::DequeueOk { value } => (*value).into(),
            Reply::Error { code, .. } => format!("error {code}").into(),
        }
    }
}

/// Somebody waits for a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Waiting {
    ask: Ask<Question>,
    command: Command,
    since: Duration,
    again_at: Duration,
    /// How often the log has taken the command.
    taken: u32,
}

/// The timer of the service, set while anybody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retry;

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyValue {
    state: BTreeMap<i64, i64>,
    queues: BTreeMap<i64, VecDeque<i64>>,
    executed: BTreeMap<(ProcessId, u32), Seen>,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    retrying: bool,
    /// When keys were written, for the defect that looks at the clock.
    written: BTreeMap<i64, Duration>,
    /// Whether checkers are told what every command has put out.
    pub tells_outputs: bool,
    /// Defect: reads, and dequeues that find nothing, are answered from this process's own state,
    /// without the log.
    pub reads_locally: bool,
    /// Defect: values grow old, by the clock of whoever executes the command.
    pub looks_at_the_clock: bool,
}

impl KeyValue {
    /// `δ`: the state machine's next state and output.
    pub(crate) fn execute(&mut self, question: &Question) -> Reply {
        let missing = |key| Reply::Error {
            code: KEY_DOES_NOT_EXIST,
            text: format!("key {key} does not exist"),
        };
        match *question {
            Question::Read { key } => match self.state.get(&key) {
                Some(&value) => Reply::ReadOk { value },
                None => missing(key),
            },
            Question::Write { key, value } => {
                self.state.insert(key, value);
                Reply::WriteOk
            }
            Question::Cas { key, from, to, create_if_not_exists } => match self.state.get(&key) {
                None if !create_if_not_exists => missing(key),
                Some(&value) if value != from => {
                    let text = format!("key {key} is {value}, not {from}");
                    Reply::Error { code: PRECONDITION_FAILED, text }
                }
                _ => {
                    self.state.insert(key, to);
                    Reply::CasOk
                }
            },
            Question::Enqueue { key, value } => {
                self.queues.entry(key).or_default().push_back(value);
                Reply::EnqueueOk
            }
            Question::Dequeue { key } => {
                Reply::DequeueOk { value: self.queues.get_mut(&key).and_then(VecDeque::pop_front) }
            }
        }
    }

    /// Whether a question changes nothing, as far as this process knows.
    fn changes_nothing(&self, question: &Question) -> bool {
        match question {
            Question::Read { .. } => true,
            Question::Dequeue { key } => self.queues.get(key).is_none_or(VecDeque::is_empty),
            _ => false,
        }
    }

    /// The values of all keys.
    pub(crate) fn values(&self) -> Vec<(i64, i64)> {
        self.state.iter().map(|(&key, &value)| (key, value)).collect()
    }

    /// A store with these values, and empty queues.
    pub(crate) fn holding(values: Vec<(i64, i64)>) -> Self {
        KeyValue { state: values.into_iter().collect(), ..KeyValue::default() }
    }

    /// The same with a defect: what was written too long ago is gone.
    fn execute_at(&mut self, question: &Question, now: Duration) -> Reply {
        let key = question.key();
        if self.written.get(&key).is_some_and(|&at| now > at + LIFETIME) {
            self.state.remove(&key);
        }
        let reply = self.execute(question);
        if let Reply::WriteOk | Reply::CasOk = reply {
            self.written.insert(key, now);
        }
        reply
    }

    fn submit(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        waiting.taken += 1;
        waiting.again_at = cx.now + RETRY;
        cx.trigger(Submit(waiting.command.clone()));
    }
}

impl Algorithm for KeyValue {
    type Implements = Serving<Question, Reply>;
    type Uses = ReplicatedLog<Command>;
    type Timer = Retry;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        if self.reads_locally && self.changes_nothing(&ask.question) {
            let reply = self.execute(&ask.question);
            return cx.indicate(ask.answer(reply));
        }
        let number = self.next;
        self.next += 1;
        let lowest = self.waiting.first_key_value().map_or(number, |(&lowest, _)| lowest);
        let (origin, incarnation, question) = (cx.me, cx.incarnation, ask.question.clone());
        let command = Command { origin, incarnation, number, lowest, question };
        let (since, again_at) = (cx.now, cx.now);
        self.waiting.insert(number, Waiting { ask, command, since, again_at, taken: 0 });
        self.submit(number, cx);
        if !self.retrying {
            self.retrying = true;
            cx.set_timer(Retry, RETRY);
        }
    }

    fn upon_indication(&mut self, event: Logged<Command>, cx: &mut Cx<'_, Self>) {
        match event {
            Logged::Commit(slot, command) => {
                cx.note(Note::new("commit").number(slot).value(command.to_string()));
                let executed =
                    self.executed.entry((command.origin, command.incarnation)).or_default();
                executed.forget_below(command.lowest);
                if !executed.insert(command.number) {
                    return;
                }
                let reply = match self.looks_at_the_clock {
                    true => self.execute_at(&command.question, cx.now),
                    false => self.execute(&command.question),
                };
                if self.tells_outputs {
                    cx.note(Note::new("output").number(slot).value(reply.told()));
                }
                if (command.origin, command.incarnation) == (cx.me, cx.incarnation)
                    && let Some(Waiting { ask, .. }) = self.waiting.remove(&command.number)
                {
                    cx.indicate(ask.answer(reply));
                }
            }
            Logged::Refused(command) => {
                let Some(waiting) = self.waiting.get_mut(&command.number) else { return };
                waiting.taken -= 1;
                waiting.again_at = cx.now + AGAIN;
                // Nobody else has ever seen a command that was never taken, so that the client can
                // be told for sure that nothing will come of it.
                if waiting.taken == 0 && waiting.since + HOLD <= cx.now {
                    let text = "no leader is known".to_string();
                    let code = TEMPORARILY_UNAVAILABLE;
                    cx.indicate(waiting.ask.answer(Reply::Error { code, text }));
                    self.waiting.remove(&command.number);
                } else {
                    self.retrying = true;
                    cx.set_timer(Retry, AGAIN);
                }
            }
        }
    }

    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        self.waiting.retain(|_, waiting| cx.now < waiting.since + GIVE_UP);
        let late = self.waiting.iter().filter(|(_, waiting)| waiting.again_at <= cx.now);
        for number in late.map(|(&number, _)| number).collect::<Vec<_>>() {
            self.submit(number, cx);
        }
        let next = self.waiting.values().map(|waiting| waiting.again_at).min();
        self.retrying = next.is_some();
        if let Some(next) = next {
            cx.set_timer(Retry, next.saturating_sub(cx.now));
        }
    }
}
