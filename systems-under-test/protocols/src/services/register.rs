//! Registers as a service: as many as there are keys.
//!
//! A register serves one operation of a process at a time, as the book's processes do. Clients
//! of the same process and key wait for each other.

use crate::services::error::NOT_SUPPORTED;
use schism_kernel::{
    Access, Algorithm, Ask, Cx, Many, Never, ProcessId, Register, Return, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// What does it hold?
    Read {
        /// Which register.
        #[serde(default)]
        key: u64,
        /// Whether only the copy of the process that is asked is meant, if it has one.
        #[serde(default)]
        own_copy: bool,
    },
    /// Let it hold this.
    Write {
        /// Which register.
        #[serde(default)]
        key: u64,
        /// What to hold.
        value: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It holds this; nothing if it was never written.
    ReadOk {
        /// The value.
        value: Option<i64>,
    },
    /// It was written.
    WriteOk,
    /// It was not.
    Error {
        /// Maelstrom's code.
        code: u32,
        /// Why.
        text: String,
    },
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registers {
    /// Questions by key; the first of each is being answered.
    queues: BTreeMap<u64, VecDeque<Ask<Question>>>,
    /// Who may write, if not everybody.
    writer: Option<ProcessId>,
}

impl Registers {
    /// Registers with one writer, the first process.
    pub fn with_one_writer() -> Self {
        Registers { writer: Some(ProcessId(0)), ..Registers::default() }
    }

    /// Starts to answer the first question about a key.
    fn access(&self, key: u64, cx: &mut Cx<'_, Self>) {
        let access = match self.queues[&key].front().map(|ask| &ask.question) {
            Some(Question::Read { .. }) => Access::Read,
            Some(&Question::Write { value, .. }) => Access::Write(value),
            None => return,
        };
        cx.trigger((key, access));
    }
}

impl Algorithm for Registers {
    type Implements = Serving<Question, Reply>;
    type Uses = Many<u64, Register<i64>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let key = match (&ask.question, self.writer) {
            (Question::Write { .. }, Some(writer)) if writer != cx.me => {
                let text = format!("only {writer} writes this register");
                return cx.indicate(ask.answer(Reply::Error { code: NOT_SUPPORTED, text }));
            }
            (Question::Read { key, .. } | Question::Write { key, .. }, _) => *key,
        };
        let queue = self.queues.entry(key).or_default();
        queue.push_back(ask);
        if queue.len() == 1 {
            self.access(key, cx);
        }
    }

    fn upon_indication(&mut self, (key, event): (u64, Return<i64>), cx: &mut Cx<'_, Self>) {
        let Some(ask) = self.queues.get_mut(&key).and_then(VecDeque::pop_front) else { return };
        cx.indicate(ask.answer(match event {
            Return::ReadReturn(value) => Reply::ReadOk { value },
            Return::WriteReturn => Reply::WriteOk,
        }));
        self.access(key, cx);
    }
}
