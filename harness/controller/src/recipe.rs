//! Everything a run needs to be repeated, as data.
//!
//! A command line becomes a [`Recipe`]; a run carries out a recipe and writes it down beside its
//! history; a replay reads it again. The plan of faults is part of it, literally.

use crate::Error;
use schism_checkers::properties::Faults;
use schism_history::NodeId;
use schism_nemesis::{Delay, LinkRule, Pinned, Plan, time};
use schism_protocols::Environment;
use schism_run::{Config, Limit, Messages, Scripted};
use schism_workloads::Shape;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything a run needs to be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// The version of the harness that made it.
    pub schism: String,
    /// The catalogue's name of the protocol, or what to call the program.
    pub test: String,
    /// The defect built into it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// A program that is no protocol of the catalogue, and its arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub program: Vec<String>,
    /// What drives it.
    pub workload: String,
    /// What it is judged for.
    pub properties: Vec<String>,
    /// Whether a process that crashed and came back is called correct.
    pub crash_recovery: bool,
    /// Whether only the first node may write.
    #[serde(default)]
    pub one_writer: bool,
    /// In which environment the faults were drawn, if not in what the protocol's model permits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The plan written by hand that its faults are from: its name, or its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults_from: Option<String>,
    /// Whether it runs in the simulator.
    pub simulated: bool,
    /// Whether the chaos ends as soon as the run cannot be linearizable any more.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub fail_fast: bool,
    /// The seed of everything that is not written here.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u16,
    /// How many clients.
    pub concurrency: u32,
    /// Operations per second of an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How long a client of a closed loop waits at least from one operation to the next.
    #[serde(with = "time")]
    pub pace: Duration,
    /// How long workload and faults go on.
    #[serde(with = "time")]
    pub time_limit: Duration,
    /// Or after how many operations they end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<u64>,
    /// How long a client waits for a reply.
    #[serde(with = "time")]
    pub timeout: Duration,
    /// How long the network may take to calm down in the end.
    #[serde(with = "time")]
    pub settle: Duration,
    /// How long it must be silent to be called calm.
    #[serde(with = "time", default = "silence")]
    pub silence: Duration,
    /// Fewer acknowledged operations than this mean nothing.
    pub operations_min: u64,
    /// Which messages are recorded: `all`, `none`, or one in so many.
    pub messages: String,
    /// How long every message takes that nothing delays. Without it, the seed decides about each;
    /// only where no fault is planned are processes as fast as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_delay: Option<Written>,
    /// The operations, one by one, instead of those the workload would draw.
    #[serde(rename = "operation", default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Vec<Scripted>>,
    /// What becomes of single messages.
    #[serde(rename = "message", default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<Pinned>,
    /// The faults.
    #[serde(flatten)]
    pub plan: Plan,
}

/// A duration as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Written(#[serde(with = "time")] pub Duration);

/// Links take between these times, each message for itself.
const LINK_DELAY: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(3));

/// More clients than this are no workload.
pub(crate) const CLIENTS_MAX: u32 = 10_000;

/// How long the network must be silent to be called calm, unless the protocol waits for longer:
/// longer than links wait to send again what is not acknowledged.
pub fn silence() -> Duration {
    Duration::from_millis(500)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads `all`, `none` or a number.
pub fn parse_messages(text: &str) -> Result<Messages, String> {
    match text {
        "all" => Ok(Messages::OneIn(1)),
        "first" => Ok(Messages::First(200_000)),
        "none" => Ok(Messages::Off),
        number => match number.parse() {
            Ok(k) if k > 0 => Ok(Messages::OneIn(k)),
            _ => Err(format!(
                "`{number}` is not `all`, `none`, `first` or a number k to record one message in k"
            )),
        },
    }
}

impl Recipe {
    /// What the script of the run is told.
    pub fn config(&self) -> Config {
        Config {
            nodes: self.nodes,
            concurrency: self.concurrency,
            rate: self.rate,
            pace: nanos(self.pace),
            limit: Limit { time: nanos(self.time_limit), operations: self.operations },
            timeout: nanos(self.timeout),
            settle: nanos(self.settle),
            silence: nanos(self.silence),
            seed: self.seed,
            loses_the_last: schism_protocols::find(&self.test)
                .is_ok_and(|card| card.model.loses_the_last()),
            messages: parse_messages(&self.messages).unwrap_or(Messages::Off),
            script: self.script.clone(),
            pinned: self.pinned.clone(),
        }
    }

    /// What links do without faults.
    pub fn base(&self) -> LinkRule {
        let delay = match self.link_delay {
            Some(Written(always)) => Delay::Constant(always),
            None if self.is_quick() => return LinkRule::default(),
            None => {
                let (least, most) = LINK_DELAY;
                Delay::Uniform(least, most)
            }
        };
        LinkRule { delay: Some(delay), ..LinkRule::default() }
    }

    /// The same for a run whose history nobody will read: of the messages, only what its promises
    /// are judged by is recorded. What a search makes of its faults is no plan that anybody wrote.
    pub fn sparing(self) -> Recipe {
        let counted = self.properties.iter().any(|promise| promise == "message bound");
        Recipe { messages: if counted { "all" } else { "none" }.into(), faults_from: None, ..self }
    }

    /// Whether links only take what the system takes. Between two processes of one machine that is so
    /// little that a crash hardly ever finds a message on its way, and what one node knows and
    /// another does not hardly ever matters: so not where faults are to find something. A program
    /// that nobody knows may rely on the order in which messages were sent.
    fn is_quick(&self) -> bool {
        !self.simulated && (self.plan.faults.is_empty() || !self.program.is_empty())
    }

    /// Refuses a recipe that could not be carried out: one that somebody edited.
    pub fn check(&self) -> Result<(), String> {
        self.plan.check(self.nodes).map_err(|error| error.to_string())?;
        let known = |node: NodeId| match node.0 < self.nodes {
            true => Ok(()),
            false => Err(format!(
                "there is no node {node}: the nodes are n0 to n{}",
                self.nodes.saturating_sub(1)
            )),
        };
        for (i, operation) in self.script.iter().flatten().enumerate() {
            known(operation.node).map_err(|e| format!("operation {i}: `node`: {e}"))?;
            if operation.client >= CLIENTS_MAX {
                let most = CLIENTS_MAX - 1;
                return Err(format!("operation {i}: `client`: write a number up to {most}"));
            }
        }
        for (i, pinned) in self.pinned.iter().enumerate() {
            known(pinned.from).map_err(|e| format!("message {i}: `from`: {e}"))?;
            known(pinned.to).map_err(|e| format!("message {i}: `to`: {e}"))?;
            if pinned.from == pinned.to {
                return Err(format!("message {i}: a node's messages to itself are not sent"));
            }
        }
        Ok(())
    }

    /// Reads a recipe that was written to a file.
    pub fn read(file: &Path) -> Result<Recipe, Error> {
        let wrong = |why: String| Error::usage(format!("{}: {why}", file.display()));
        let text = std::fs::read_to_string(file)
            .map_err(|e| Error::usage(format!("cannot read {}: {e}", file.display())))?;
        let recipe: Recipe = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        recipe.check().map_err(wrong)?;
        Ok(recipe)
    }

    /// What is asked of the workload.
    pub fn shape(&self) -> Shape {
        Shape { single_writer: self.one_writer, reads: !self.program.is_empty() }
    }

    /// Which processes are called correct.
    pub fn faults(&self) -> Faults {
        if self.crash_recovery { Faults::CrashRecovery } else { Faults::CrashStop }
    }

    /// In which environment the faults were drawn.
    pub fn environment(&self) -> Environment {
        let named = self.environment.as_ref().and_then(|name| name.parse().ok());
        named.unwrap_or_default()
    }

    /// The program that is run instead of a protocol of the catalogue.
    pub fn program(&self) -> Option<(PathBuf, &[String])> {
        let (program, arguments) = self.program.split_first()?;
        Some((PathBuf::from(program), arguments))
    }
}
