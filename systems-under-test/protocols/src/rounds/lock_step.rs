//! Rounds in lock-step, by the node's clock and an announced bound on delays.
//!
//! Model: fail-stop, and messages arrive within [`BOUND`]. Implements: synchronous rounds. Uses:
//! fair-loss links, which under this model lose nothing.
//!
//! A round lasts twice the bound on the process's own clock. At its beginning a process says all it
//! has to say in one message, and says that it is there if it has nothing to say; whoever hears
//! from a round that has not begun yet begins it. Let the first process to begin a round do so at
//! time t: by t + bound all others have begun it, by t + 2 bound all they said has arrived, and
//! nobody leaves the round before. So whoever is not heard in a round has crashed. A process that
//! starts late falls in with the others when it first hears from them.

use schism_kernel::{
    Algorithm, Cx, Deliver, FairLossLink, Never, Note, ProcessId, Round, Send, Speak,
    SynchronousRounds, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The announced bound: more than twice the longest delay of the model, for a busy machine's sake.
const BOUND: Duration = Duration::from_millis(125);

/// Everything a process says in a round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Said<M> {
    /// The round.
    pub round: u64,
    /// What is said.
    pub words: Vec<M>,
}

/// The timers of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// It has begun, and everybody above has had the word: speak.
    Speak,
    /// It is over.
    Over,
}

/// Rounds in lock-step.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockStep<M> {
    round: u64,
    saying: Vec<M>,
    heard: BTreeMap<ProcessId, Vec<M>>,
    /// A defect: says everything twice, to be on the safe side.
    pub says_it_twice: bool,
}

impl<M> Default for LockStep<M> {
    fn default() -> Self {
        LockStep { round: 0, saying: Vec::new(), heard: BTreeMap::new(), says_it_twice: false }
    }
}

impl<M: Wire> Algorithm for LockStep<M> {
    type Implements = SynchronousRounds<M>;
    type Uses = FairLossLink<Said<M>>;
    type Timer = Timer;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.begin(1, cx);
    }

    fn upon_request(&mut self, Speak(m): Speak<M>, _: &mut Cx<'_, Self>) {
        self.saying.push(m);
    }

    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Speak => {
                let (round, words) = (self.round, std::mem::take(&mut self.saying));
                cx.note(Note::new("round").number(round).value("Said"));
                for _ in 0..=u8::from(self.says_it_twice) {
                    for q in cx.others() {
                        cx.trigger(Send(q, Said { round, words: words.clone() }));
                    }
                }
                self.heard.insert(cx.me, words);
            }
            Timer::Over => self.turn(self.round + 1, cx),
        }
    }

    fn upon_indication(&mut self, Deliver(p, said): Deliver<Said<M>>, cx: &mut Cx<'_, Self>) {
        if said.round > self.round {
            self.turn(said.round, cx);
        }
        if said.round == self.round {
            self.heard.insert(p, said.words);
        } else {
            cx.mark("heard of a round that was over");
        }
    }
}

impl<M: Wire> LockStep<M> {
    fn turn(&mut self, next: u64, cx: &mut Cx<'_, Self>) {
        cx.indicate(Round(self.round, std::mem::take(&mut self.heard)));
        self.begin(next, cx);
    }

    fn begin(&mut self, round: u64, cx: &mut Cx<'_, Self>) {
        self.round = round;
        cx.set_timer(Timer::Speak, Duration::ZERO);
        cx.set_timer(Timer::Over, 2 * BOUND);
    }
}
