//! One protocol, whole or with a defect, in one environment: seed after seed.

use super::shape::Shape;
use crate::judge::guarded;
use crate::{Error, Recipe, simulated};
use schism_checkers::{Budget, Check, Status};
use schism_history::History;
use schism_protocols::{Card, Environment, Twin};
use schism_reports::matrix::{Cell, Evidence};
use schism_workloads::{Asked, checks};
use std::time::Duration;

/// How long and how large the check of one property of one short run may get.
const BUDGET: Budget = Budget { time: Duration::from_secs(10), memory: 512 << 20 };

/// What is demanded of every node, after all that its protocol promises.
pub const RUNNING: &str = "nodes keep running";

/// What is tried, and what is expected of it.
pub struct Task {
    pub card: &'static Card,
    pub twin: Option<&'static Twin>,
    pub environment: Environment,
    /// The properties, with what is expected and what was seen of each.
    pub cells: Vec<(&'static str, Cell)>,
    /// Simulated runs so far.
    pub runs: u64,
}

impl Task {
    /// How many runs it may take.
    pub fn weight(&self) -> u64 {
        self.cells.iter().map(|(_, cell)| cell.planned).max().unwrap_or(0)
    }

    /// Tries one seed after the other, until everything is known or `go_on` says no.
    pub fn carry_out(&mut self, first: u64, go_on: &dyn Fn() -> bool) -> Result<(), Error> {
        let mut checks: Vec<Box<dyn Check>> = Vec::new();
        let mut seed = first;
        while self.cells.iter().any(|(_, cell)| is_open(cell)) && go_on() {
            let draw = if self.twin.is_some() { Shape::draw_for_twin } else { Shape::draw };
            let shape = draw(self.card, self.environment, seed);
            let request = shape.request(self.environment, self.twin.map(|twin| twin.name));
            let recipe = request.of_card(self.card, seed)?.sparing();
            if checks.is_empty() {
                checks = self.checks(&recipe)?;
            }
            let history = simulated::run(&recipe)?.history;
            self.runs += 1;
            self.judge(&history, &checks, seed, shape);
            seed += 1;
        }
        Ok(())
    }

    /// The check of each cell, in their order.
    fn checks(&self, recipe: &Recipe) -> Result<Vec<Box<dyn Check>>, Error> {
        let asked = self.cells.iter().map(|(property, _)| *property);
        let asked: Vec<String> = asked.filter(|it| *it != RUNNING).map(Into::into).collect();
        let mut checks = checks(&Asked {
            workload: &recipe.workload,
            properties: &asked,
            faults: recipe.faults(),
            operations_min: 1,
        })
        .map_err(Error::usage)?;
        // Of what is demanded of any run, only this says something of the protocol.
        checks.retain(|check| self.cells.iter().any(|(name, _)| *name == check.property()));
        Ok(checks)
    }

    fn judge(&mut self, history: &History, checks: &[Box<dyn Check>], seed: u64, shape: Shape) {
        let twin = self.twin.map(|twin| twin.name);
        for ((property, cell), check) in self.cells.iter_mut().zip(checks) {
            if !is_open(cell) {
                continue;
            }
            let finding = guarded(check.as_ref(), history, &BUDGET);
            cell.tally.add(finding.status);
            if matches!(finding.status, Status::Violated | Status::NotByDeadline) {
                let replay = shape.command(self.card, self.environment, twin, property, seed);
                let (status, explanation) = (finding.status, finding.explanation);
                cell.lost = Some(Evidence { seed, status, explanation, replay });
            }
        }
    }
}

/// Whether another seed could say more.
fn is_open(cell: &Cell) -> bool {
    cell.lost.is_none() && !cell.finished()
}
