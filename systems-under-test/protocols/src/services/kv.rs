//! A linearizable key-value store: a state machine that every process runs over the same log.
//!
//! Each question becomes a command in the log, reads too, and is answered by the process that
//! was asked once the command is committed. A command that does not get committed is submitted
//! again, since the leader it was sent to may have fallen; so the same command may stand in the
//! log twice. The state machine executes it once: commands are numbered by their origin, and
//! carry the lowest number that is still wanted, so that what is remembered stays small.

use crate::seen::Seen;
use crate::services::error::{KEY_DOES_NOT_EXIST, PRECONDITION_FAILED, TEMPORARILY_UNAVAILABLE};
use schism_kernel::{Algorithm, Ask, Cx, Logged, Never, ProcessId, ReplicatedLog, Serving, Submit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// After how long a command is submitted again.
const RETRY: Duration = Duration::from_millis(500);
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

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Waiting {
    ask: Ask<Question>,
    since: Duration,
    /// How often the command was submitted.
    tries: u32,
}

/// The timer of the service, set while anybody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retry;

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyValue {
    state: BTreeMap<i64, i64>,
    executed: BTreeMap<(ProcessId, u32), Seen>,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    retrying: bool,
    /// Defect: reads are answered from this process's own state, without the log.
    pub reads_locally: bool,
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
        }
    }

    /// Everything that is stored.
    pub(crate) fn contents(&self) -> Vec<(i64, i64)> {
        self.state.iter().map(|(&key, &value)| (key, value)).collect()
    }

    /// A store with these contents.
    pub(crate) fn holding(contents: Vec<(i64, i64)>) -> Self {
        KeyValue { state: contents.into_iter().collect(), ..KeyValue::default() }
    }

    fn submit(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        let lowest = self.waiting.first_key_value().map_or(number, |(&lowest, _)| lowest);
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        waiting.tries += 1;
        let question = waiting.ask.question.clone();
        let (origin, incarnation) = (cx.me, cx.incarnation);
        cx.trigger(Submit(Command { origin, incarnation, number, lowest, question }));
    }
}

impl Algorithm for KeyValue {
    type Implements = Serving<Question, Reply>;
    type Uses = ReplicatedLog<Command>;
    type Timer = Retry;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        if self.reads_locally
            && let Question::Read { .. } = ask.question
        {
            let reply = self.execute(&ask.question);
            return cx.indicate(ask.answer(reply));
        }
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, Waiting { ask, since: cx.now, tries: 0 });
        self.submit(number, cx);
        if !self.retrying {
            self.retrying = true;
            cx.set_timer(Retry, RETRY);
        }
    }

    fn upon_indication(&mut self, event: Logged<Command>, cx: &mut Cx<'_, Self>) {
        match event {
            Logged::Commit(_, command) => {
                let executed =
                    self.executed.entry((command.origin, command.incarnation)).or_default();
                executed.forget_below(command.lowest);
                if !executed.insert(command.number) {
                    return;
                }
                let reply = self.execute(&command.question);
                if (command.origin, command.incarnation) == (cx.me, cx.incarnation)
                    && let Some(Waiting { ask, .. }) = self.waiting.remove(&command.number)
                {
                    cx.indicate(ask.answer(reply));
                }
            }
            // Nobody has ever seen a command that is refused the first time, so that the client
            // can be told for sure that nothing will come of it.
            Logged::Refused(command) => {
                if let Some(waiting) = self.waiting.get(&command.number)
                    && waiting.tries == 1
                {
                    let text = "no leader is known".to_string();
                    let code = TEMPORARILY_UNAVAILABLE;
                    cx.indicate(waiting.ask.answer(Reply::Error { code, text }));
                    self.waiting.remove(&command.number);
                }
            }
        }
    }

    fn upon_timeout(&mut self, Retry: Retry, cx: &mut Cx<'_, Self>) {
        self.waiting.retain(|_, waiting| cx.now < waiting.since + GIVE_UP);
        let late = self.waiting.iter().filter(|(_, waiting)| waiting.since + RETRY <= cx.now);
        for number in late.map(|(&number, _)| number).collect::<Vec<_>>() {
            self.submit(number, cx);
        }
        self.retrying = !self.waiting.is_empty();
        if self.retrying {
            cx.set_timer(Retry, RETRY);
        }
    }
}
