//! Unique ids: one that nobody else gives, each time it is asked.
//!
//! An id names the process, its incarnation and a counter, so that no two processes, and no two
//! lives of one process, can give the same, and nobody has to be asked.

use schism_kernel::{Algorithm, Ask, Cx, Deliver, FairLossLink, Never, Serving};
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// A new id, please.
    Generate,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// Here it is.
    GenerateOk {
        /// The id.
        id: String,
    },
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueIds {
    /// How many were given.
    pub count: u64,
    /// Defect: counts from the start again after a restart, under the same name.
    pub no_incarnation: bool,
}

impl Algorithm for UniqueIds {
    type Implements = Serving<Question, Reply>;
    type Uses = FairLossLink<Never>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Generate = ask.question;
        self.count += 1;
        let id = if self.no_incarnation {
            format!("{}-{}", cx.me, self.count)
        } else {
            format!("{}-{}-{}", cx.me, cx.incarnation, self.count)
        };
        cx.indicate(ask.answer(Reply::GenerateOk { id }));
    }

    fn upon_indication(&mut self, Deliver(_, never): Deliver<Never>, _: &mut Cx<'_, Self>) {
        match never {}
    }
}
