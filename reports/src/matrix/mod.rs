//! The textbook, measured: which protocol keeps which promise in which environment.
//!
//! A [`Matrix`] holds what the catalogue expects beside what was seen, so that both can be shown
//! and compared without running anything again.

mod html;
mod judge;
mod terminal;

pub use html::page;
pub use judge::{Counts, Mark, Problem, Severity};
pub use terminal::terminal;

use schism_checkers::Status;
use serde::{Deserialize, Serialize};

/// Protocol by property by environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Matrix {
    /// The version of the harness that made it.
    pub schism: String,
    /// How many seeds each claim was tried with.
    pub seeds: u64,
    /// Simulated runs, all in all.
    pub runs: u64,
    /// How long they took.
    pub seconds: f64,
    /// The columns.
    pub environments: Vec<Column>,
    /// The rows, in the order of the catalogue.
    pub protocols: Vec<Protocol>,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The same for narrow columns.
    pub short: String,
    /// What happens there.
    pub line: String,
}

/// A protocol and what was seen of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Its name in the catalogue.
    pub name: String,
    /// What it does.
    pub line: String,
    /// Where it is from.
    pub source: String,
    /// The name of its model.
    pub model: String,
    /// What drives it.
    pub workload: String,
    /// Its properties.
    pub rows: Vec<Row>,
    /// Its defects.
    pub twins: Vec<Twin>,
}

/// A property of a protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub property: String,
    /// One for each environment; `None` where the environment cannot be made for this protocol.
    pub cells: Vec<Option<Cell>>,
}

/// What the catalogue says of a property in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// It is promised there.
    Kept,
    /// It must be seen to be lost there.
    Lost,
    /// Nothing is claimed.
    Nothing,
}

/// A property in an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cell {
    /// What the catalogue says.
    pub expected: Expected,
    /// Why it is lost, where it must be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it must have been put under stress: the environment is all that its model permits.
    pub whole_model: bool,
    /// With how many seeds it was to be tried.
    pub planned: u64,
    /// What was seen.
    pub tally: Tally,
    /// The first seed that lost it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Evidence>,
    /// The command that tries it again, with every seed.
    pub again: String,
}

/// How many seeds ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Exercised, stressed and kept.
    pub holds: u64,
    /// Exercised, never under the condition that could have broken it.
    pub unstressed: u64,
    /// Nothing it speaks of happened.
    pub vacuous: u64,
    /// The checker could not tell.
    pub unknown: u64,
    /// Lost.
    pub lost: u64,
}

impl Tally {
    /// Counts one more seed.
    pub fn add(&mut self, status: Status) {
        let count = match status {
            Status::Holds => &mut self.holds,
            Status::Unstressed => &mut self.unstressed,
            Status::Vacuous => &mut self.vacuous,
            Status::Unknown => &mut self.unknown,
            Status::Violated | Status::NotByDeadline => &mut self.lost,
        };
        *count += 1;
    }

    /// How many seeds were tried.
    pub fn tried(&self) -> u64 {
        self.judged() + self.unknown
    }

    /// Of how many something could be said.
    pub fn judged(&self) -> u64 {
        self.kept() + self.vacuous + self.lost
    }

    /// In how many it was exercised and kept.
    pub fn kept(&self) -> u64 {
        self.holds + self.unstressed
    }
}

/// A run that lost a property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its seed.
    pub seed: u64,
    /// How it was lost.
    pub status: Status,
    /// In words.
    pub explanation: String,
    /// The command that does the run again.
    pub replay: String,
}

/// A protocol with a defect, and whether the defect was caught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// The name of the defect.
    pub name: String,
    /// What it does wrong.
    pub line: String,
    /// The promise it must be seen to break.
    pub loses: String,
    /// That promise, in the protocol's own model.
    pub cell: Cell,
}
