//! A clock of its own for each process.
//!
//! Where processes share a machine, or a simulation, their clocks agree. Algorithms about clocks
//! that do not agree are put on clocks that start anywhere and run a little fast or slow.

use schism_kernel::{Env, Malformed, Node, NodeInput, NodeOutbox, Packet, ProcessId};
use std::time::Duration;

/// How far apart clocks may start.
const APART: Duration = Duration::from_millis(200);
/// By how many millionths a clock may be fast or slow: what a quartz promises.
pub const DRIFT_PPM: u32 = 100;

/// A node on a clock of its own. Timers are not scaled: a ten-thousandth more or less makes no
/// difference to them.
pub struct OwnClock {
    node: Box<dyn Node>,
    /// Who has the right time, if anybody.
    standard: Option<ProcessId>,
    drawn: Option<Drawn>,
}

/// How a clock is wrong.
#[derive(Clone, Copy)]
struct Drawn {
    began: Duration,
    ahead: Duration,
    /// How many millionths it is fast, above the slowest there may be.
    rate: u32,
}

impl OwnClock {
    /// Every process's clock is wrong.
    pub fn of(node: Box<dyn Node>) -> Box<dyn Node> {
        Box::new(OwnClock { node, standard: None, drawn: None })
    }

    /// Every process's clock is wrong but the first one's.
    pub fn but_the_first(node: Box<dyn Node>) -> Box<dyn Node> {
        Box::new(OwnClock { node, standard: Some(ProcessId(0)), drawn: None })
    }
}

impl Drawn {
    /// What the clock shows.
    fn reading(self, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.began);
        let change = passed * self.rate / 1_000_000;
        (now + self.ahead + change).saturating_sub(passed * DRIFT_PPM / 1_000_000)
    }
}

impl Node for OwnClock {
    fn step(
        &mut self,
        input: NodeInput<'_>,
        env: &mut Env<'_>,
        out: &mut dyn NodeOutbox,
    ) -> Result<(), Malformed> {
        let Env { me, all, now, incarnation, .. } = *env;
        let drawn = *self.drawn.get_or_insert_with(|| Drawn {
            began: now,
            ahead: APART * env.choices.choose(1001) / 1000,
            rate: env.choices.choose(2 * DRIFT_PPM + 1),
        });
        let now = if self.standard == Some(me) { now } else { drawn.reading(now) };
        let mut env = Env { me, all, now, incarnation, choices: &mut *env.choices };
        self.node.step(input, &mut env, out)
    }

    fn decode(&self, json: &str) -> Result<Packet, Malformed> {
        self.node.decode(json)
    }
}
