//! Questions on their way to whoever executes them, and answers on their way back.
//!
//! The process that was asked numbers its questions and sends them again while no answer comes,
//! since whoever should have answered may have fallen. Whoever executes them remembers what was
//! answered, so that nothing is executed twice.

use crate::services::kv::{Command, Question, Reply};
use schism_kernel::{Algorithm, Ask, Cx, ProcessId, Serving};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// After how long a question is sent again.
const RETRY: Duration = Duration::from_millis(500);
/// After how long nobody waits for its answer any longer.
const GIVE_UP: Duration = Duration::from_secs(10);

/// The timer of whoever waits, set while anybody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retry;

/// Questions that wait for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requests {
    waiting: BTreeMap<u64, (Duration, Ask<Question>)>,
    next: u64,
}

impl Requests {
    /// Takes a question: this is what is to be executed.
    pub fn take<A>(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, A>) -> Command
    where
        A: Algorithm<Timer = Retry>,
    {
        let number = self.next;
        self.next += 1;
        if self.waiting.is_empty() {
            cx.set_timer(Retry, RETRY);
        }
        self.waiting.insert(number, (cx.now, ask));
        self.command(number, cx)
    }

    fn command<A: Algorithm>(&self, number: u64, cx: &Cx<'_, A>) -> Command {
        let lowest = self.waiting.first_key_value().map_or(number, |(&lowest, _)| lowest);
        let question = self.waiting[&number].1.question.clone();
        Command { origin: cx.me, incarnation: cx.incarnation, number, lowest, question }
    }

    /// Answers the question of this number, and says whether it still waited.
    pub fn answer<A>(&mut self, number: u64, reply: Reply, cx: &mut Cx<'_, A>) -> bool
    where
        A: Algorithm<Implements = Serving<Question, Reply>>,
    {
        let waited = self.waiting.remove(&number);
        if let Some((_, ask)) = &waited {
            cx.indicate(ask.answer(reply));
        }
        waited.is_some()
    }

    /// What is to be sent again, when it is time.
    pub fn late<A: Algorithm<Timer = Retry>>(&mut self, cx: &mut Cx<'_, A>) -> Vec<Command> {
        self.waiting.retain(|_, (since, _)| cx.now < *since + GIVE_UP);
        if !self.waiting.is_empty() {
            cx.set_timer(Retry, RETRY);
        }
        let late = self.waiting.iter().filter(|(_, (since, _))| *since + RETRY <= cx.now);
        late.map(|(&number, _)| self.command(number, cx)).collect()
    }

    /// Whether the question of this number waits.
    pub fn is_waiting(&self, number: u64) -> bool {
        self.waiting.contains_key(&number)
    }
}

/// What was executed, with what was answered, as long as anybody may ask again.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Executed {
    origins: Vec<Origin>,
}

/// What was executed for one process in one life.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Origin {
    who: (ProcessId, u32),
    lowest: u64,
    replies: BTreeMap<u64, Reply>,
}

impl Executed {
    fn of(&self, command: &Command) -> Option<&Origin> {
        let who = (command.origin, command.incarnation);
        self.origins.iter().find(|origin| origin.who == who)
    }

    /// Whether a command was executed.
    pub fn contains(&self, command: &Command) -> bool {
        self.of(command).is_some_and(|origin| {
            command.number < origin.lowest || origin.replies.contains_key(&command.number)
        })
    }

    /// What was answered to a command.
    pub fn reply(&self, command: &Command) -> Option<Reply> {
        self.of(command)?.replies.get(&command.number).cloned()
    }

    /// Remembers that a command was executed.
    pub fn insert(&mut self, command: &Command, reply: Reply) {
        let who = (command.origin, command.incarnation);
        let at = self.origins.iter().position(|origin| origin.who == who);
        let at = at.unwrap_or_else(|| {
            self.origins.push(Origin { who, lowest: 0, replies: BTreeMap::new() });
            self.origins.len() - 1
        });
        let origin = &mut self.origins[at];
        origin.lowest = origin.lowest.max(command.lowest);
        origin.replies.insert(command.number, reply);
        origin.replies = origin.replies.split_off(&origin.lowest);
    }
}
