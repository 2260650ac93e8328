//! Whether what was seen is what was expected.

use super::{Cell, Evidence, Expected, Matrix, Tally};
use serde::{Deserialize, Serialize};

/// What a cell says, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Promised and kept, under stress.
    Holds,
    /// Promised and kept; this environment alone could not have broken it.
    Unstressed,
    /// Promised, but nothing it speaks of happens in this environment.
    Vacuous,
    /// Promised and lost.
    Broken,
    /// Promised, and in all that the model permits never put to the test.
    Untested,
    /// Said to be lost, and seen to be.
    Caught,
    /// Said to be lost, but never seen to be.
    Missed,
    /// Not claimed, and lost.
    NotClaimedLost,
    /// Not claimed, and not seen to be lost.
    NotClaimedKept,
    /// The checker could not tell.
    Unknown,
    /// Time was up before it was tried often enough.
    Unfinished,
}

impl Cell {
    /// Whether as many seeds as were planned could be judged, or one in a hundred could not.
    ///
    /// A share that is estimated cannot always be told from the one that is promised. Another seed
    /// makes up for one that could not be judged, but not for many.
    pub fn finished(&self) -> bool {
        self.tally.judged() >= self.planned || self.undecided()
    }

    fn undecided(&self) -> bool {
        100 * self.tally.unknown > self.planned
    }

    /// What it says.
    pub fn mark(&self) -> Mark {
        let finished = self.finished();
        match (self.expected, &self.lost) {
            (Expected::Kept, Some(_)) => Mark::Broken,
            (Expected::Lost, Some(_)) => Mark::Caught,
            (Expected::Nothing, Some(_)) => Mark::NotClaimedLost,
            (Expected::Kept | Expected::Lost, None) if !finished => Mark::Unfinished,
            (Expected::Lost, None) => Mark::Missed,
            (Expected::Nothing, None) => Mark::NotClaimedKept,
            (Expected::Kept, None) if self.undecided() => Mark::Unknown,
            (Expected::Kept, None) if self.tally.holds > 0 => Mark::Holds,
            (Expected::Kept, None) if self.whole_model => Mark::Untested,
            (Expected::Kept, None) if self.tally.unstressed > 0 => Mark::Unstressed,
            (Expected::Kept, None) => Mark::Vacuous,
        }
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The catalogue says one thing and the runs another.
    Disagreement,
    /// It could not be found out.
    Undecided,
}

/// A cell that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The protocol.
    pub protocol: String,
    /// Its defect, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// The property.
    pub property: String,
    /// Where.
    pub environment: String,
    /// What is wrong, in words.
    pub what: String,
    /// The command that shows it.
    pub replay: String,
}

/// The figures of a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Claims that were kept.
    pub kept: usize,
    /// Losses that must be seen, and were.
    pub caught: usize,
    /// Twins that were caught, and all of them.
    pub twins: (usize, usize),
}

impl Matrix {
    /// Every cell, those of twins too.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.protocols.iter().flat_map(|protocol| {
            let rows = protocol.rows.iter().flat_map(|row| row.cells.iter().flatten());
            rows.chain(protocol.twins.iter().map(|twin| &twin.cell))
        })
    }

    /// Its figures.
    pub fn counts(&self) -> Counts {
        let of = |mark: Mark| self.cells().filter(|cell| cell.mark() == mark).count();
        let twins = || self.protocols.iter().flat_map(|protocol| &protocol.twins);
        let caught = twins().filter(|twin| twin.cell.mark() == Mark::Caught).count();
        Counts {
            kept: of(Mark::Holds) + of(Mark::Unstressed) + of(Mark::Vacuous),
            caught: of(Mark::Caught) - caught,
            twins: (caught, twins().count()),
        }
    }

    /// Where expectation and observation differ, and what could not be found out; the worst first.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for protocol in &self.protocols {
            for row in &protocol.rows {
                let cells = self.environments.iter().zip(&row.cells);
                let cells = cells.filter_map(|(env, cell)| Some((env, cell.as_ref()?)));
                problems.extend(cells.filter_map(|(environment, cell)| {
                    problem(&protocol.name, None, &row.property, &environment.name, cell)
                }));
            }
            problems.extend(protocol.twins.iter().filter_map(|twin| {
                let environment = &self.environments.first()?.name;
                problem(&protocol.name, Some(&twin.name), &twin.loses, environment, &twin.cell)
            }));
        }
        problems.sort_by_key(|problem| problem.severity);
        problems
    }

    /// 0 if catalogue and runs agree, 1 if they do not, 2 if that could not be found out.
    pub fn exit_code(&self) -> u8 {
        match self.problems().first().map(|problem| problem.severity) {
            None => 0,
            Some(Severity::Disagreement) => 1,
            Some(Severity::Undecided) => 2,
        }
    }
}

fn problem(
    protocol: &str,
    twin: Option<&str>,
    property: &str,
    environment: &str,
    cell: &Cell,
) -> Option<Problem> {
    let tried = cell.tally.tried();
    let (severity, what) = match cell.mark() {
        Mark::Broken => {
            let Evidence { seed, status, explanation, .. } = cell.lost.as_ref()?;
            let what = format!("is promised, but {status} with seed {seed}: {explanation}");
            (Severity::Disagreement, what)
        }
        Mark::Untested => {
            let Tally { vacuous, unstressed, .. } = cell.tally;
            let what = format!(
                "is promised, but was never put to the test in {tried} seeds: \
                 {vacuous} vacuous, {unstressed} unstressed"
            );
            (Severity::Disagreement, what)
        }
        Mark::Missed => {
            (Severity::Disagreement, format!("must be lost, but was not in {tried} seeds"))
        }
        Mark::Unknown => {
            let unknown = cell.tally.unknown;
            (Severity::Undecided, format!("could not be judged in {unknown} of {tried} seeds"))
        }
        Mark::Unfinished => {
            let planned = cell.planned;
            let judged = cell.tally.judged();
            (Severity::Undecided, format!("was judged in {judged} of {planned} seeds only"))
        }
        _ => return None,
    };
    Some(Problem {
        severity,
        protocol: protocol.into(),
        twin: twin.map(Into::into),
        property: property.into(),
        environment: environment.into(),
        what,
        replay: cell.lost.as_ref().map_or(&cell.again, |lost| &lost.replay).clone(),
    })
}
