//! A synchronised clock as a service: tells the time, and by how much it may be wrong.

use crate::clocks::{Ask as What, Reading, SynchronisedClock};
use crate::services::error::TEMPORARILY_UNAVAILABLE;
use schism_kernel::{Algorithm, Ask, Cx, Never, Serving};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// What is the time?
    Read,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It is this, in nanoseconds since the beginning.
    ReadOk {
        /// The time.
        time: u64,
        /// By how much it may be wrong.
        error: u64,
    },
    /// It is not known.
    Error {
        /// Maelstrom's code.
        code: u32,
        /// Why.
        text: String,
    },
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Telling {
    asks: VecDeque<Ask<Question>>,
}

impl Algorithm for Telling {
    type Implements = Serving<Question, Reply>;
    type Uses = SynchronisedClock;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        self.asks.push_back(ask);
        cx.trigger(What);
    }

    fn upon_indication(&mut self, Reading(reading): Reading, cx: &mut Cx<'_, Self>) {
        let Some(ask) = self.asks.pop_front() else { return };
        cx.indicate(ask.answer(match reading {
            Some((time, error)) => {
                Reply::ReadOk { time: time.as_nanos() as u64, error: error.as_nanos() as u64 }
            }
            None => {
                let text = "this clock is not synchronised yet".to_string();
                Reply::Error { code: TEMPORARILY_UNAVAILABLE, text }
            }
        }));
    }
}
