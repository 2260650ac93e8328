//! The short runs a matrix is made of.
//!
//! A thousand short runs find more than a few long ones, if they are not all alike: the seed
//! chooses whether a run is a burst or drawn out. Whoever relies on timeouts needs runs that are
//! long beside them; and whoever promises something by chance, runs in which much happens.

use crate::resolve::Request;
use schism_nemesis::{Rng, time};
use schism_protocols::{Card, Environment, Model};
use schism_workloads::workload;
use std::fmt::Write;
use std::time::Duration;

/// How many nodes.
pub const NODES: u16 = 5;
/// Keeps the draw apart from others of the same seed.
const SHAPE: u64 = 0x7368_6170;
/// How many operations it takes to estimate a share well enough to judge it.
const ESTIMATE: u64 = 800;

/// A long run, of few nodes: so each crash matters.
const LONG: Shape = Shape {
    nodes: 3,
    time_limit: Duration::from_secs(20),
    pace: Duration::from_millis(10),
    concurrency: 6,
};
/// Of the runs of twins, one in so many is long.
const LONG_ONE_IN: u64 = 2;

/// What distinguishes one run of a matrix from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    nodes: u16,
    time_limit: Duration,
    pace: Duration,
    concurrency: u16,
}

impl Shape {
    /// The shape of the run with this seed of a protocol with a defect: sometimes it is a long and
    /// busy one, for what takes several crashes after each other to show.
    pub fn draw_for_twin(card: &Card, environment: Environment, seed: u64) -> Shape {
        match seed % LONG_ONE_IN {
            0 => LONG,
            _ => Shape::draw(card, environment, seed),
        }
    }

    /// The shape of the run with this seed.
    pub fn draw(card: &Card, environment: Environment, seed: u64) -> Shape {
        let mut rng = Rng::new(seed, &[SHAPE]);
        let timed = card.model == Model::Sync || environment == Environment::Inaccurate;
        let seconds: &[u64] = if timed { &[4, 6, 8] } else { &[1, 2, 5] };
        let millis = 1000 * rng.pick(seconds).copied().unwrap_or(2);
        let concurrency = NODES * (1 + rng.below(2) as u16);
        let operations = rng.pick(&[20, 20, 60, 60, 200]).copied().unwrap_or(60);
        let by_chance = card.promises.contains(&"coverage");
        let operations = if by_chance { ESTIMATE } else { operations } * rests(card);
        Shape {
            nodes: NODES,
            time_limit: Duration::from_millis(millis),
            pace: Duration::from_millis(millis * u64::from(concurrency) / operations),
            concurrency,
        }
    }

    /// The same as what a user would ask for.
    pub fn request(&self, environment: Environment, twin: Option<&str>) -> Request {
        Request {
            twin: twin.map(Into::into),
            nodes: self.nodes,
            concurrency: Some(u32::from(self.concurrency)),
            pace: self.pace,
            time_limit: self.time_limit,
            timeout: Duration::from_secs(2),
            settle: Duration::from_secs(3),
            environment,
            simulated: true,
            ..Request::default()
        }
    }

    /// The command that makes the run with this seed.
    pub fn command(
        &self,
        card: &Card,
        environment: Environment,
        twin: Option<&str>,
        property: &str,
        seed: u64,
    ) -> String {
        let mut line = format!("schism test {}", card.name);
        // Writing to a string cannot fail.
        if let Some(twin) = twin {
            let _ = write!(line, " --twin {twin}");
        }
        if environment != Environment::default() {
            let _ = write!(line, " --environment {environment}");
        }
        if !card.promises.contains(&property) {
            let _ = write!(line, " --property '{property}'");
        }
        if self.nodes != NODES {
            let _ = write!(line, " -n {}", self.nodes);
        }
        let _ = write!(
            line,
            " --sim --seed {seed} -t {} --pace {} -c {}",
            time::words(self.time_limit),
            time::words(self.pace),
            self.concurrency
        );
        line
    }
}

/// How many times longer than others the clients of its workload rest.
fn rests(card: &Card) -> u64 {
    let shape = schism_workloads::Shape { single_writer: card.one_writer, reads: false };
    workload(card.workload, shape).map_or(1, |workload| workload.rests())
}
