//! From what a user asks for to a recipe.

use crate::environment::{about_leaders, allowance, talks};
use crate::recipe::silence;
use crate::{Error, Recipe, plans};
use schism_nemesis::{Allowance, Circumstances, Mix, Plan};
use schism_protocols::{Card, Environment, Model};
use std::ops::Not;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a user asks for, with everything that was left out still open.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The defect to build in.
    pub twin: Option<String>,
    /// What drives the nodes, instead of what the catalogue says.
    pub workload: Option<String>,
    /// What to judge for, instead of what is promised.
    pub properties: Vec<String>,
    /// How many nodes.
    pub nodes: u16,
    /// How many clients.
    pub concurrency: Option<u32>,
    /// Operations per second.
    pub rate: Option<f64>,
    /// How long a client waits from one operation to the next.
    pub pace: Duration,
    /// How long.
    pub time_limit: Duration,
    /// Or how many operations.
    pub operations: Option<u64>,
    /// How long a client waits.
    pub timeout: Duration,
    /// How long the network may take to calm down.
    pub settle: Duration,
    /// Which messages to record.
    pub messages: String,
    /// Which faults to draw.
    pub mix: Mix,
    /// Within what they are drawn.
    pub environment: Environment,
    /// How often faults begin, on average; as often as suits the run if nothing is said.
    pub interval: Option<Duration>,
    /// Whether to go beyond what the model permits.
    pub beyond_model: bool,
    /// Whether a twin that has a schedule is run under that, where it fits, if nothing else is asked
    /// of the faults.
    pub scheduled: bool,
    /// A plan written by hand, instead.
    pub plan: Option<PathBuf>,
    /// Whether to simulate.
    pub simulated: bool,
    /// Whether to end the chaos as soon as the run cannot be linearizable any more.
    pub fail_fast: bool,
}

/// In the end there is so many times as long as it takes to notice a crash: the last may come when
/// the chaos ends, and by the half of that time all must be well.
const SETTLED: f64 = 2.2;

/// The protocol of this name.
pub fn card(name: &str) -> Result<&'static Card, Error> {
    schism_protocols::find(name).map_err(|e| Error::usage(format!("{e} (`schism list` shows all)")))
}

/// How many clients a node has if nobody says: where an operation takes rounds, which are slow,
/// more of them are needed to have many.
fn clients_per_node(card: &Card) -> u32 {
    if card.model == Model::Rounds { 6 } else { 2 }
}

/// What may be done to a program nobody knows. It may be killed if that is asked for, and then
/// starts again with nothing, as under Maelstrom.
fn stranger(workload: &str) -> Allowance {
    let talks = talks(workload);
    Allowance {
        crash_max: u16::MAX,
        restart: true,
        partition: talks,
        delay_max: talks.not().then_some(Duration::ZERO),
        pause: true,
        ..Allowance::none()
    }
}

impl Request {
    /// The recipe for a protocol of the catalogue.
    pub fn of_card(&self, card: &'static Card, seed: u64) -> Result<Recipe, Error> {
        let workload = self.workload_name(card.workload)?;
        let twin = self.twin.as_deref().map(|name| card.twin(name)).transpose();
        let twin = twin.map_err(|known| {
            let asked = self.twin.as_deref().unwrap_or_default();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            Error::usage(format!("{} has no twin `{asked}`; it has: {known}", card.name))
        })?;
        let promises: Vec<String> = card.promises.iter().map(|&p| p.into()).collect();
        let allow = allowance(card, self.nodes, self.environment).ok_or_else(|| {
            Error::usage(format!("{} has nothing to fear from {}", card.name, self.environment))
        })?;
        // Who crashed for good where nobody comes back was not correct.
        let recipe = self.recipe(card.name, workload, promises, allow.restart, seed);
        let recipe = Recipe {
            twin: twin.map(|twin| twin.name.into()),
            one_writer: card.one_writer,
            silence: card.notices_within().unwrap_or(recipe.silence),
            settle: card
                .notices_within()
                .map_or(recipe.settle, |it| recipe.settle.max(it.mul_f64(SETTLED))),
            environment: (self.environment != Environment::default())
                .then(|| self.environment.to_string()),
            concurrency: self.concurrency.unwrap_or(clients_per_node(card) * u32::from(self.nodes)),
            ..recipe
        };
        match twin.and_then(|twin| twin.schedule).filter(|_| self.leaves_faults_open()) {
            Some(schedule) => {
                let request = Request { plan: Some(schedule.into()), ..self.clone() };
                let scheduled = Recipe { faults_from: Some(schedule.into()), ..recipe.clone() };
                // With fewer nodes or less time than it needs, faults are drawn.
                request.planned(scheduled, &allow).or_else(|_| self.planned(recipe, &allow))
            }
            None => self.planned(recipe, &allow),
        }
    }

    /// Whether a twin may be run under its schedule: who asks for certain faults gets those.
    fn leaves_faults_open(&self) -> bool {
        let drawn_as_usual = self.interval.is_none()
            && self.environment == Environment::default()
            && !self.beyond_model;
        self.scheduled && self.plan.is_none() && drawn_as_usual
    }

    /// The recipe for a program that speaks Maelstrom's protocol.
    pub fn of_program(
        &self,
        program: &Path,
        arguments: &[String],
        seed: u64,
    ) -> Result<Recipe, Error> {
        let Some(workload) = &self.workload else {
            return Err(Error::usage(format!(
                "--bin needs --workload: one of {}",
                schism_workloads::NAMES.join(", ")
            )));
        };
        let workload = self.workload_name(workload)?;
        let promises = match workload {
            "echo" => vec!["echo"],
            "unique-ids" => vec!["unique ids"],
            "broadcast" => vec!["broadcast set"],
            "kv" | "queue" | "register" => vec!["linearizable"],
            other => {
                return Err(Error::usage(format!(
                    "--workload {other} needs nodes that tell their protocol's events; \
                     with --bin use echo, unique-ids, broadcast, lin-kv or queue"
                )));
            }
        };
        let promises = promises.into_iter().map(Into::into).collect();
        let test =
            program.file_name().map_or("program".into(), |n| n.to_string_lossy().into_owned());
        let recipe = self.recipe(&test, workload, promises, false, seed);
        let program = std::iter::once(program.display().to_string());
        let program = program.chain(arguments.iter().cloned()).collect();
        // Nobody knows whether it survives being killed: that must be asked for.
        let request = match (self.mix, talks(workload)) {
            (Mix::Everything, true) => &Request { mix: Mix::Network, ..self.clone() },
            (Mix::Everything, false) => &Request { mix: Mix::Pause, ..self.clone() },
            _ => self,
        };
        request.planned(Recipe { program, ..recipe }, &stranger(workload))
    }

    fn workload_name(&self, default: &str) -> Result<&'static str, Error> {
        let name = self.workload.as_deref().unwrap_or(default);
        schism_workloads::canonical(name).ok_or_else(|| {
            let known = schism_workloads::NAMES.join(", ");
            Error::usage(format!("there is no workload `{name}`; there are: {known}"))
        })
    }

    fn recipe(
        &self,
        test: &str,
        workload: &str,
        promises: Vec<String>,
        crash_recovery: bool,
        seed: u64,
    ) -> Recipe {
        let asked = if self.properties.is_empty() { promises } else { self.properties.clone() };
        let nodes = u32::from(self.nodes);
        Recipe {
            schism: env!("CARGO_PKG_VERSION").into(),
            test: test.into(),
            twin: None,
            program: Vec::new(),
            workload: workload.into(),
            properties: asked,
            crash_recovery,
            one_writer: false,
            environment: None,
            faults_from: self.plan.as_ref().map(|plan| plan.display().to_string()),
            simulated: self.simulated,
            fail_fast: self.fail_fast,
            seed,
            nodes: self.nodes,
            concurrency: self.concurrency.unwrap_or(2 * nodes),
            rate: self.rate,
            pace: self.pace,
            time_limit: self.time_limit,
            operations: self.operations,
            timeout: self.timeout,
            settle: self.settle,
            silence: silence(),
            operations_min: self.operations.map_or(50, |limit| (limit / 2).clamp(1, 50)),
            messages: self.messages.clone(),
            link_delay: None,
            script: None,
            pinned: Vec::new(),
            plan: Plan::default(),
        }
    }

    /// Adds the plan: the one written by hand, or one drawn within what the model permits.
    fn planned(&self, recipe: Recipe, allow: &Allowance) -> Result<Recipe, Error> {
        // Of a program that nobody knows, it is not known whether it tells of leaders.
        let leads = allow.leader
            || !recipe.program.is_empty()
            || recipe.properties.iter().any(|promise| about_leaders(promise));
        let plan = match &self.plan {
            Some(file) => {
                let text = plans::text(file)?;
                let circumstances = Circumstances {
                    nodes: recipe.nodes,
                    leads,
                    lies: self.beyond_model,
                    talks: !recipe.program.is_empty() || talks(&recipe.workload),
                    end: recipe.time_limit,
                };
                Plan::from_toml_for(&text, &circumstances)
                    .map_err(|e| Error::usage(format!("{}: {e}", file.display())))?
            }
            None => {
                if self.mix == Mix::Byzantine && !self.beyond_model {
                    return Err(Error::usage(format!(
                        "--nemesis byzantine: no node of {} may lie within its model; \
                         --beyond-model has it lie all the same",
                        recipe.test
                    )));
                }
                let allow = if self.beyond_model { allow.beyond() } else { *allow };
                let allow = Allowance { limits: !self.simulated, ..allow };
                let (nodes, time) = (recipe.nodes, recipe.time_limit);
                Plan::draw_at(recipe.seed, self.mix, &allow, nodes, time, self.interval)
            }
        };
        let known = schism_workloads::properties_of(&recipe.workload);
        if let Some(unknown) = recipe.properties.iter().find(|p| !known.contains(p)) {
            return Err(Error::usage(format!(
                "workload {} has no property `{unknown}`; it has: {}",
                recipe.workload,
                known.join(", ")
            )));
        }
        let linearizable = recipe.properties.iter().any(|p| p == schism_workloads::LINEARIZABLE);
        if recipe.fail_fast && !linearizable {
            return Err(Error::usage(format!(
                "--fail-fast watches for `linearizable`, but {} is judged for {}",
                recipe.test,
                recipe.properties.join(", ")
            )));
        }
        Ok(Recipe { plan, ..recipe })
    }
}
