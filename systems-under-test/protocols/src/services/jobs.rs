//! A job handler as a service: answers when a job is confirmed.

use crate::jobs::{Handled, JobHandler};
use crate::services::error::TEMPORARILY_UNAVAILABLE;
use schism_kernel::{Algorithm, Ask, Cx, Never, Serving, Submit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Do this job.
    Submit {
        /// The job.
        job: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It is confirmed.
    SubmitOk,
    /// It is refused.
    Error {
        /// Maelstrom's code.
        code: u32,
        /// Why.
        text: String,
    },
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handling {
    waiting: BTreeMap<i64, Ask<Question>>,
}

impl Algorithm for Handling {
    type Implements = Serving<Question, Reply>;
    type Uses = JobHandler<i64>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Submit { job } = ask.question;
        self.waiting.insert(job, ask);
        cx.trigger(Submit(job));
    }

    fn upon_indication(&mut self, event: Handled<i64>, cx: &mut Cx<'_, Self>) {
        let (job, reply) = match event {
            Handled::Confirm(job) => (job, Reply::SubmitOk),
            Handled::Error(job) => {
                let text = "the buffer is full".to_string();
                (job, Reply::Error { code: TEMPORARILY_UNAVAILABLE, text })
            }
        };
        if let Some(ask) = self.waiting.remove(&job) {
            cx.indicate(ask.answer(reply));
        }
    }
}
