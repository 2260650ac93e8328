//! What a suite of runs came to, as data: the content of `suite.json`.
//!
//! Everything else that is shown of a suite (tables, pages, JUnit, Markdown) is made from it.

mod junit;
mod markdown;
mod page;
mod trends;

pub use junit::{Error as JunitError, junit};
pub use markdown::markdown;
pub(crate) use page::body;
pub use page::{LinkOf, page};
pub use trends::{EARLIER_MIN, Flip, Judgement, Metric, Trend, Trends};

use crate::Figures;
use schism_checkers::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A run of a suite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuiteResult {
    /// The suite.
    pub name: String,
    /// What it is for, in a line.
    pub about: String,
    /// The version of the harness.
    pub version: String,
    /// When it began, in UTC.
    pub started: String,
    /// How long it was at work, all resumptions together.
    pub seconds: f64,
    /// How many cores the machine has: runs of different machines are not compared.
    pub cores: usize,
    /// Which part of the suite this is, as `i/n`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Why it ended before all its cases had run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<String>,
    /// Its cases, in the order of the suite.
    pub cases: Vec<CaseResult>,
    /// The situations, by protocol, that none of the cases reached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub never_reached: BTreeMap<String, Vec<String>>,
}

/// Which case of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseName {
    /// The protocol.
    pub test: String,
    /// The defect built into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// The mix of faults.
    pub nemesis: String,
    /// The seed, or the range of seeds.
    pub seeds: String,
    /// Whether it is simulated.
    pub simulated: bool,
    /// The other options of `schism test`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl CaseName {
    /// The test, with its defect if it has one.
    pub fn subject(&self) -> String {
        match &self.twin {
            Some(twin) => format!("{} + {twin}", self.test),
            None => self.test.clone(),
        }
    }

    /// What tells it apart from other cases of the same subject and faults.
    pub fn particulars(&self) -> String {
        let word = if self.seeds.contains("..") { "seeds" } else { "seed" };
        let mut text = format!("{word} {}", self.seeds);
        if self.simulated {
            text += ", simulated";
        }
        for (option, value) in &self.options {
            text += &format!(", {option} {value}");
        }
        text
    }
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {} · {}", self.subject(), self.nemesis, self.particulars())
    }
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseOutcome {
    /// It was judged.
    Judged(Status),
    /// The harness failed, with this exit code and these words.
    Failed {
        /// The exit code; none if it had to be killed.
        code: Option<i32>,
        /// Its last words.
        said: String,
    },
    /// It never ran.
    Skipped,
}

/// A promise and what was found about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The promise.
    pub property: String,
    /// The verdict.
    pub status: Status,
    /// Why.
    pub explanation: String,
}

/// What came of many simulated seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sweep {
    /// How many seeds ran.
    pub seeds: u64,
    /// How many ended how.
    pub counts: BTreeMap<String, u64>,
    /// The first seed that fails.
    pub first_bad_seed: Option<u64>,
}

/// A case and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CaseResult {
    /// Which case.
    pub case: CaseName,
    /// The command that does it again.
    pub command: String,
    /// The verdicts with which it passes.
    pub expect: Vec<Status>,
    /// What became of it.
    pub outcome: CaseOutcome,
    /// When it began, in UTC.
    pub started: String,
    /// How long it took.
    pub seconds: f64,
    /// What was found about each promise, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Found>,
    /// Where the run is kept, seen from the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The figures of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// What came of its seeds, if it has many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// The situations that its protocol can tell of, and how often each was reached.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub situations: BTreeMap<String, u64>,
}

impl CaseResult {
    /// A case that has not run.
    pub fn skipped_case(name: &CaseName) -> CaseResult {
        CaseResult {
            case: name.clone(),
            command: String::new(),
            expect: Vec::new(),
            outcome: CaseOutcome::Skipped,
            started: String::new(),
            seconds: 0.0,
            findings: Vec::new(),
            run: None,
            figures: None,
            sweep: None,
            situations: BTreeMap::new(),
        }
    }

    /// Whether it came to what was expected.
    pub fn passed(&self) -> bool {
        matches!(&self.outcome, CaseOutcome::Judged(status) if self.expect.contains(status))
    }

    /// Whether it never ran.
    pub fn skipped(&self) -> bool {
        self.outcome == CaseOutcome::Skipped
    }

    /// Whether it is expected to break a promise, as a defect or an impossibility is.
    pub fn to_be_caught(&self) -> bool {
        !self.expect.is_empty() && self.expect.iter().all(|status| status.exit_code() == 1)
    }

    /// The exit code it deserves.
    pub fn exit_code(&self) -> u8 {
        match &self.outcome {
            _ if self.passed() => 0,
            // A defect that went unnoticed is a failure, whatever it was taken for.
            CaseOutcome::Judged(_) if self.to_be_caught() => 1,
            // What holds though something else was expected is no success.
            CaseOutcome::Judged(status) => status.exit_code().max(1) as u8,
            CaseOutcome::Failed { code: Some(64), .. } => 64,
            CaseOutcome::Failed { .. } => 70,
            CaseOutcome::Skipped => 2,
        }
    }

    /// What it came to, in a word or two.
    pub fn verdict(&self) -> String {
        match &self.outcome {
            CaseOutcome::Judged(status) => status.to_string(),
            CaseOutcome::Failed { code: Some(code), .. } => format!("failed ({code})"),
            CaseOutcome::Failed { code: None, .. } => "killed".into(),
            CaseOutcome::Skipped => "not run".into(),
        }
    }

    /// What was expected, in words.
    pub fn expected(&self) -> String {
        let words: Vec<String> = self.expect.iter().map(ToString::to_string).collect();
        words.join(" or ")
    }

    /// Why it came to what it did: the worst finding, or the harness's last words.
    pub fn why(&self) -> Option<String> {
        match &self.outcome {
            CaseOutcome::Judged(overall) => {
                let worst = self.findings.iter().find(|found| found.status == *overall)?;
                Some(format!("{}: {}", worst.property, worst.explanation))
            }
            CaseOutcome::Failed { said, .. } => Some(said.clone()),
            CaseOutcome::Skipped => None,
        }
    }
}

/// How many cases ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// As expected.
    pub passed: usize,
    /// Otherwise.
    pub failed: usize,
    /// Not at all.
    pub skipped: usize,
}

impl SuiteResult {
    /// How many cases ended how.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for case in &self.cases {
            *match case {
                case if case.passed() => &mut tally.passed,
                case if case.skipped() => &mut tally.skipped,
                _ => &mut tally.failed,
            } += 1;
        }
        tally
    }

    /// The situations, by protocol, that none of the cases reached: what the suite says nothing about.
    /// What a protocol does with a defect counts for nothing.
    pub fn unreached(&self) -> BTreeMap<String, Vec<String>> {
        let mut reached: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for case in self.cases.iter().filter(|case| case.case.twin.is_none()) {
            let known = reached.entry(&case.case.test).or_default();
            for (situation, count) in &case.situations {
                *known.entry(situation).or_default() += count;
            }
        }
        let never = reached.into_iter().map(|(test, known)| {
            let never = known.into_iter().filter(|(_, count)| *count == 0);
            (test.to_owned(), never.map(|(situation, _)| situation.to_owned()).collect())
        });
        never.filter(|(_, never): &(String, Vec<String>)| !never.is_empty()).collect()
    }

    /// The exit code of the worst case. A broken promise is worse than a harness that failed, which
    /// is worse than what could not be told: none of them hides a worse one. No case at all has
    /// shown nothing.
    pub fn exit_code(&self) -> u8 {
        let worse = [1, 70, 64, 2, 0];
        let rank = |code: &u8| worse.iter().position(|known| known == code);
        self.cases.iter().map(CaseResult::exit_code).min_by_key(rank).unwrap_or(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(expect: &[Status], outcome: CaseOutcome) -> CaseResult {
        let case = CaseResult::skipped_case(&CaseName::default());
        CaseResult { expect: expect.to_vec(), outcome, ..case }
    }

    fn code(cases: Vec<CaseResult>) -> u8 {
        SuiteResult { cases, ..SuiteResult::default() }.exit_code()
    }

    #[test]
    fn a_suite_exits_with_its_worst_case() {
        let pass = || case(&[Status::Holds], CaseOutcome::Judged(Status::Holds));
        let fail = || case(&[Status::Holds], CaseOutcome::Judged(Status::Violated));
        let late = || case(&[Status::Holds], CaseOutcome::Judged(Status::NotByDeadline));
        let unknown = || case(&[Status::Holds], CaseOutcome::Judged(Status::Unknown));
        let broken = |code| {
            let failed = CaseOutcome::Failed { code, said: "disk full".into() };
            case(&[Status::Holds], failed)
        };
        let skipped = || case(&[Status::Holds], CaseOutcome::Skipped);
        assert_eq!(code(vec![pass(), pass()]), 0);
        assert_eq!(code(vec![pass(), fail()]), 1);
        assert_eq!(code(vec![late(), pass()]), 1);
        assert_eq!(code(vec![pass(), unknown()]), 2);
        assert_eq!(code(vec![unknown(), fail(), broken(Some(70))]), 1);
        assert_eq!(code(vec![unknown(), broken(Some(70))]), 70);
        assert_eq!(code(vec![broken(None)]), 70);
        assert_eq!(code(vec![pass(), broken(Some(64))]), 64);
        assert_eq!(code(vec![pass(), skipped()]), 2);
        assert_eq!(code(Vec::new()), 2);
    }

    #[test]
    fn a_situation_that_no_case_reaches_is_told_of() {
        let reaches = |twin: Option<&str>, situations: &[(&str, u64)]| CaseResult {
            case: CaseName {
                test: "raft".into(),
                twin: twin.map(Into::into),
                ..CaseName::default()
            },
            situations: situations.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect(),
            ..case(&[Status::Holds], CaseOutcome::Judged(Status::Holds))
        };
        let cases = vec![
            reaches(None, &[("election", 0), ("recovery", 3), ("conflict", 0)]),
            reaches(None, &[("election", 1), ("recovery", 0), ("conflict", 0)]),
            reaches(Some("forgets-vote"), &[("conflict", 7)]),
        ];
        let suite = SuiteResult { cases, ..SuiteResult::default() };
        let never = BTreeMap::from([("raft".to_owned(), vec!["conflict".to_owned()])]);
        assert_eq!(suite.unreached(), never);
    }

    #[test]
    fn a_defect_must_be_caught() {
        let twin = |status| case(&[Status::Violated], CaseOutcome::Judged(status));
        assert_eq!(code(vec![twin(Status::Violated)]), 0);
        assert_eq!(code(vec![twin(Status::Holds)]), 1);
        assert_eq!(code(vec![twin(Status::Unstressed)]), 1);
        let either = [Status::Holds, Status::Unstressed];
        assert_eq!(code(vec![case(&either, CaseOutcome::Judged(Status::Unstressed))]), 0);
        // What is expected to be unknown and holds was expected wrongly.
        assert_eq!(code(vec![case(&[Status::Unknown], CaseOutcome::Judged(Status::Holds))]), 1);
    }
}
