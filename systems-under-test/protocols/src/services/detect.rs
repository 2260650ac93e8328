//! A detector as a service: reads out whom it suspects and whom it trusts.

use schism_kernel::{
    Algorithm, Ask, Cx, Data, Indication, Informs, Knowledge, Never, ProcessId, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Whom do you suspect, and whom do you trust?
    Read,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// These.
    ReadOk {
        /// Who is suspected, or known, to have crashed.
        suspected: Vec<ProcessId>,
        /// Who is trusted to lead.
        leader: Option<ProcessId>,
    },
}

/// The service, over the detector `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Detecting<X> {
    suspected: BTreeSet<ProcessId>,
    leader: Option<ProcessId>,
    over: PhantomData<X>,
}

impl<X> Default for Detecting<X> {
    fn default() -> Self {
        Detecting { suspected: BTreeSet::new(), leader: None, over: PhantomData }
    }
}

impl<X: Informs + Data> Algorithm for Detecting<X> {
    type Implements = Serving<Question, Reply>;
    type Uses = X;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Read = ask.question;
        let suspected = self.suspected.iter().copied().collect();
        cx.indicate(ask.answer(Reply::ReadOk { suspected, leader: self.leader }));
    }

    fn upon_indication(&mut self, event: Indication<X>, _: &mut Cx<'_, Self>) {
        match X::knowledge(event) {
            Knowledge::Crash(p) | Knowledge::Suspect(p) => {
                self.suspected.insert(p);
            }
            Knowledge::Restore(p) => {
                self.suspected.remove(&p);
            }
            Knowledge::Trust(p) => self.leader = Some(p),
        }
    }
}
