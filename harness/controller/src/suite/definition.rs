//! What a suite is, as it is written in TOML, and the cases that come of it.

use super::builtin;
use crate::Error;
use schism_checkers::Status;
use schism_nemesis::time;
use schism_protocols::{Card, catalogue};
use schism_reports::suite::CaseName;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// A suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// What its runs are kept under.
    pub name: String,
    /// Where it was read from, as errors call it.
    pub origin: String,
    /// How it is run.
    pub rules: Rules,
    /// What it runs.
    pub cases: Vec<Case>,
}

/// How a suite is run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// What it is for, in a line.
    pub about: String,
    /// After this long no further case begins.
    pub time_budget: Option<Duration>,
    /// A case that takes longer than this is killed.
    pub case_limit: Duration,
    /// Whether the first case that fails is the last one.
    pub stop_on_failure: bool,
    /// How many cores to use.
    pub jobs: Option<u16>,
    /// How many of its runs to keep.
    pub keep: usize,
    /// Whether runs get pages and pictures.
    pub report: bool,
}

/// One case: a call of `schism test`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Which.
    pub name: CaseName,
    /// The verdicts with which it passes.
    pub expect: Vec<Status>,
    /// How many seeds it has, from its own on, to come to one of these.
    pub tries: u64,
    /// The words of the command line after `schism`.
    pub args: Vec<String>,
}

impl Case {
    /// Whether it is many seeds, of which none is kept.
    pub fn is_sweep(&self) -> bool {
        self.name.simulated && self.name.seeds.contains("..")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default)]
    about: String,
    #[serde(default)]
    time_budget: Option<Time>,
    #[serde(default)]
    case_limit: Option<Time>,
    #[serde(default)]
    stop_on_failure: bool,
    #[serde(default)]
    jobs: Option<u16>,
    #[serde(default)]
    keep: Option<usize>,
    #[serde(default)]
    report: Option<bool>,
    cases: Vec<Block>,
}

/// A part of the matrix: all tests with all twins under all faults, and so on.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Block {
    tests: OneOrMany<String>,
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    twins: Option<OneOrMany<String>>,
    #[serde(default)]
    nemesis: Option<OneOrMany<String>>,
    #[serde(default)]
    seeds: Option<OneOrMany<Seeds>>,
    #[serde(default)]
    simulated: bool,
    #[serde(default)]
    expect: Option<OneOrMany<String>>,
    #[serde(default)]
    tries: Option<u64>,
    #[serde(default)]
    with: BTreeMap<String, OneOrMany<toml::Value>>,
}

/// One, or a list.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "expected one value, or a list of them")]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T: Clone> OneOrMany<T> {
    fn list(&self) -> Vec<T> {
        match self {
            OneOrMany::Many(list) => list.clone(),
            OneOrMany::One(one) => vec![one.clone()],
        }
    }
}

/// A seed, or a range of seeds as on the command line.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "expected a seed, or a range like \"1..200\"")]
enum Seeds {
    One(u64),
    Range(String),
}

#[derive(Deserialize)]
struct Time(#[serde(with = "time")] Duration);

/// Options of `schism test` that a suite sets by itself.
const TAKEN: [&str; 12] = [
    "seed",
    "seeds",
    "sim",
    "twin",
    "nemesis",
    "store",
    "json",
    "jobs",
    "keep-going",
    "no-report",
    "bin",
    "help",
];
/// What the faults are called that a plan written by hand has instead of a mix.
const PLANNED: &str = "plan";
/// How many runs of a suite are kept, if it does not say.
const KEEP: usize = 30;
const CASE_LIMIT: Duration = Duration::from_secs(15 * 60);

impl Suite {
    /// The suite in this file, or the one of this name that is part of the program.
    pub fn find(name: &str) -> Result<Suite, Error> {
        if let Some((_, text)) = builtin::SUITES.iter().find(|(known, _)| *known == name) {
            return Suite::parse(name, &format!("suite {name}"), text);
        }
        let path = Path::new(name);
        let text = std::fs::read_to_string(path).map_err(|error| {
            let known: Vec<&str> = builtin::SUITES.iter().map(|(known, _)| *known).collect();
            Error::usage(format!(
                "{name} is neither a file that can be read ({error}) nor one of the suites {}",
                known.join(", ")
            ))
        })?;
        let stem = path.file_stem().map_or(name.into(), |stem| stem.to_string_lossy());
        Suite::parse(&stem, name, &text)
    }

    /// Reads a suite; `origin` is what errors call it.
    pub fn parse(name: &str, origin: &str, text: &str) -> Result<Suite, Error> {
        let wrong = |problem: String| Error::usage(format!("{origin}: {problem}"));
        let file: File = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let mut cases: Vec<Case> = Vec::new();
        for (block, number) in file.cases.iter().zip(1..) {
            let expanded = block.expand().map_err(|e| wrong(format!("cases {number}: {e}")))?;
            for case in expanded {
                if cases.iter().any(|earlier| earlier.name == case.name) {
                    return Err(wrong(format!("cases {number}: {} is there twice", case.name)));
                }
                cases.push(case);
            }
        }
        if cases.is_empty() {
            return Err(wrong("it has no cases".into()));
        }
        if file.jobs == Some(0) {
            return Err(wrong("jobs: at least one core is needed".into()));
        }
        if file.keep == Some(0) {
            return Err(wrong("keep: at least the newest run is kept".into()));
        }
        let rules = Rules {
            about: file.about,
            time_budget: file.time_budget.map(|Time(budget)| budget),
            case_limit: file.case_limit.map_or(CASE_LIMIT, |Time(limit)| limit),
            stop_on_failure: file.stop_on_failure,
            jobs: file.jobs,
            keep: file.keep.unwrap_or(KEEP),
            report: file.report.unwrap_or(true),
        };
        Ok(Suite { name: name.into(), origin: origin.into(), rules, cases })
    }
}

impl Block {
    /// Every combination, the rightmost changing fastest.
    fn expand(&self) -> Result<Vec<Case>, String> {
        if let Some(option) = self.with.keys().find(|key| TAKEN.contains(&key.as_str())) {
            return Err(format!("with: `{option}` is not for a suite's cases to set"));
        }
        let seeds = self.seeds()?;
        let expect = self.expect()?;
        let tries = self.tries.unwrap_or(1);
        if !(1..=100).contains(&tries) || self.simulated && tries > 1 {
            return Err("tries: from 1 to 100 seeds, and of processes: what is simulated has \
                        seeds = \"1..200\""
                .into());
        }
        let mut cases = Vec::new();
        for card in self.cards()? {
            for twin in self.twins_of(card)? {
                for nemesis in &self.nemesis_of(card, twin.as_deref()) {
                    for seeds in &seeds {
                        for options in self.options()? {
                            let name = CaseName {
                                test: card.name.into(),
                                twin: twin.clone(),
                                nemesis: nemesis.clone(),
                                seeds: seeds.clone(),
                                simulated: self.simulated,
                                options,
                            };
                            let args = words(&name);
                            cases.push(Case { name, expect: expect.clone(), tries, args });
                        }
                    }
                }
            }
        }
        Ok(cases)
    }

    fn expect(&self) -> Result<Vec<Status>, String> {
        let Some(expect) = &self.expect else { return Ok(vec![Status::Holds]) };
        let parse = |name: &String| {
            serde_json::from_value(serde_json::Value::from(name.as_str())).map_err(|_| {
                format!(
                    "expect: `{name}` is no verdict; write holds, unstressed, vacuous, unknown, \
                     not-by-deadline or violated"
                )
            })
        };
        expect.list().iter().map(parse).collect()
    }

    /// The protocols; `all` is the whole catalogue.
    fn cards(&self) -> Result<Vec<&'static Card>, String> {
        let named = self.tests.list();
        let find = |name: &String| schism_protocols::find(name).map_err(|e| e.to_string());
        let excepted = self.except.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let cards: Vec<&'static Card> = if named == ["all"] {
            catalogue().iter().collect()
        } else {
            named.iter().map(find).collect::<Result<_, _>>()?
        };
        let kept = |card: &&Card| excepted.iter().all(|other| other.name != card.name);
        Ok(cards.into_iter().filter(kept).collect())
    }

    /// The defects to build in, one at a time; `all` are those of the card.
    fn twins_of(&self, card: &'static Card) -> Result<Vec<Option<String>>, String> {
        let Some(twins) = &self.twins else { return Ok(vec![None]) };
        let named = twins.list();
        if named == ["all"] {
            return Ok(card.twins.iter().map(|twin| Some(twin.name.into())).collect());
        }
        let known = |name: String| match card.twin(&name) {
            Ok(_) => Ok(Some(name)),
            Err(known) => Err(format!(
                "{} has no twin `{name}`; it has: {}",
                card.name,
                if known.is_empty() { "none".into() } else { known.join(", ") }
            )),
        };
        named.into_iter().map(known).collect()
    }

    /// The faults: if nothing is said, those of the plan, or what shows the twin's defect in a run as
    /// it usually is, and otherwise everything.
    fn nemesis_of(&self, card: &Card, twin: Option<&str>) -> Vec<String> {
        let planned = || {
            let twin = twin.and_then(|name| card.twin(name).ok());
            let scheduled = twin.is_some_and(|twin| twin.schedule.is_some());
            let planned = scheduled && !self.simulated && self.with.is_empty()
                || self.with.contains_key(PLANNED);
            vec![if planned { PLANNED } else { "everything" }.into()]
        };
        self.nemesis.as_ref().map_or_else(planned, OneOrMany::list)
    }

    /// One case each. What is simulated runs a whole range in one case and keeps none of it.
    fn seeds(&self) -> Result<Vec<String>, String> {
        let mut seeds = Vec::new();
        let list = self.seeds.as_ref().map_or(vec![Seeds::One(1)], OneOrMany::list);
        for entry in list {
            match entry {
                Seeds::One(seed) => seeds.push(seed.to_string()),
                Seeds::Range(range) if self.simulated => seeds.push(range),
                Seeds::Range(range) => {
                    let range = crate::cli::parse_seeds(&range)?;
                    if range.last - range.first >= 10_000 {
                        return Err("seeds: that many runs of processes take days".into());
                    }
                    seeds.extend((range.first..=range.last).map(|seed| seed.to_string()));
                }
            }
        }
        Ok(seeds)
    }

    /// Every combination of the other options.
    fn options(&self) -> Result<Vec<BTreeMap<String, String>>, String> {
        let mut all = vec![BTreeMap::new()];
        for (option, values) in &self.with {
            let values = values.list();
            let texts = values.iter().map(|value| match value {
                toml::Value::String(text) => Ok(text.clone()),
                toml::Value::Integer(number) => Ok(number.to_string()),
                toml::Value::Float(number) => Ok(number.to_string()),
                other => Err(format!(
                    "with: {option} = {other}: write a number, a text, or a list of them"
                )),
            });
            let texts = texts.collect::<Result<Vec<_>, _>>()?;
            let combined = all.iter().flat_map(|options| {
                texts.iter().map(|text| {
                    let mut options = options.clone();
                    options.insert(option.clone(), text.clone());
                    options
                })
            });
            all = combined.collect();
        }
        Ok(all)
    }
}

/// The command line of a case.
fn words(name: &CaseName) -> Vec<String> {
    let mut args = vec!["test".to_string(), name.test.clone()];
    if let Some(twin) = &name.twin {
        args.extend(["--twin".into(), twin.clone()]);
    }
    if name.nemesis != PLANNED {
        args.extend(["--nemesis".into(), name.nemesis.clone()]);
    }
    for (option, value) in &name.options {
        // In one word, so that a value cannot be taken for an option.
        args.push(format!("--{option}={value}"));
    }
    match (name.simulated, name.seeds.contains("..")) {
        (true, true) => args.extend(["--seeds".into(), name.seeds.clone()]),
        (true, false) => args.extend(["--sim".into(), "--seed".into(), name.seeds.clone()]),
        (false, _) => args.extend(["--seed".into(), name.seeds.clone()]),
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_smoke_suite_leaves_no_workload_out() {
        let smoke = Suite::find("smoke").expect("it is part of the program");
        let covered: BTreeSet<&str> = smoke
            .cases
            .iter()
            .filter_map(|case| schism_protocols::find(&case.name.test).ok())
            .map(|card| card.workload)
            .collect();
        let all: BTreeSet<&str> = catalogue().iter().map(|card| card.workload).collect();
        assert_eq!(covered, all);
    }

    #[test]
    fn the_suite_of_twins_leaves_none_out() {
        let text = include_str!("../../../../suites/twins.toml");
        let suite = Suite::parse("twins", "twins.toml", text).expect("a suite");
        let twin = |case: &Case| (case.name.test.to_string(), case.name.twin.clone());
        let mut covered: Vec<_> = suite.cases.iter().map(twin).collect();
        let twins_of = |card: &'static Card| {
            card.twins.iter().map(|twin| (card.name.to_string(), Some(twin.name.to_string())))
        };
        let mut all: Vec<_> = catalogue().iter().flat_map(twins_of).collect();
        covered.sort();
        all.sort();
        assert_eq!(covered, all);
    }

    #[test]
    fn every_combination_becomes_a_case() {
        let text = r#"
            [[cases]]
            tests = ["echo", "raft"]
            nemesis = ["none", "crash"]
            seeds = [1, "3..4"]
            with = { nodes = [3, 5], time-limit = "2s" }
        "#;
        let suite = Suite::parse("x", "x.toml", text).expect("a suite");
        assert_eq!(suite.cases.len(), 2 * 2 * 3 * 2);
        let distinct: BTreeSet<String> = suite.cases.iter().map(|c| c.name.to_string()).collect();
        assert_eq!(distinct.len(), suite.cases.len());
        let first = suite.cases[0].args.join(" ");
        assert_eq!(first, "test echo --nemesis none --nodes=3 --time-limit=2s --seed 1");
    }
}
