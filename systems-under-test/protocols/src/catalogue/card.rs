//! What is known of a protocol without running it.

use crate::detectors::DETECTION_BOUND;
use crate::{Environment, Model};
use schism_kernel::Node;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// A protocol of the catalogue.
#[derive(Clone, Copy)]
pub struct Card {
    /// Its name on command lines.
    pub name: &'static str,
    /// What it does, in a line.
    pub line: &'static str,
    /// Where it is from: the number in the book, or the paper.
    pub source: &'static str,
    /// Under which assumptions it keeps its promises.
    pub model: Model,
    /// The properties it promises, by their names.
    pub promises: &'static [&'static str],
    /// The workload that exercises them.
    pub workload: &'static str,
    /// Whether only the first process may write.
    pub one_writer: bool,
    /// How many of so many processes may crash.
    pub tolerates: fn(usize) -> usize,
    /// Builds the stack that is deployed.
    pub build: fn(Setup) -> Box<dyn Node>,
    /// The same with one defect each.
    pub twins: &'static [Twin],
    /// What it cannot keep, and must be seen to break: properties it does not promise, and
    /// promises that are lost outside its model.
    pub beyond: &'static [Beyond],
}

/// A protocol with a defect that costs it a promise.
#[derive(Clone, Copy)]
pub struct Twin {
    /// The name of the defect.
    pub name: &'static str,
    /// What it does wrong, in a line.
    pub line: &'static str,
    /// The promise it breaks.
    pub loses: &'static str,
    /// Builds it.
    pub build: fn(Setup) -> Box<dyn Node>,
    /// The plan of faults that shows it, by name, where faults drawn at random often do not.
    pub schedule: Option<&'static str>,
}

impl Twin {
    pub(super) const fn new(
        name: &'static str,
        line: &'static str,
        loses: &'static str,
        build: fn(Setup) -> Box<dyn Node>,
    ) -> Twin {
        Twin { name, line, loses, build, schedule: None }
    }

    /// Needs these faults to be seen.
    pub(super) const fn under(self, schedule: &'static str) -> Twin {
        Twin { schedule: Some(schedule), ..self }
    }
}

/// A property that a protocol does not have in some environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// The property.
    pub property: &'static str,
    /// Where it is lost. [`Environment::Model`]: already within the model, so it is not promised.
    pub under: Environment,
    /// Why the protocol does not have it there.
    pub why: &'static str,
}

/// What a stack is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How many processes there are.
    pub nodes: usize,
}

impl Setup {
    /// So many processes.
    pub fn new(nodes: usize) -> Setup {
        Setup { nodes }
    }
}

impl Beyond {
    pub(super) const fn new(
        property: &'static str,
        under: Environment,
        why: &'static str,
    ) -> Beyond {
        Beyond { property, under, why }
    }
}

/// The situations that algorithms mark, by the path of their module: read from their code.
pub(super) static SITUATIONS: &[(&str, &[&str])] =
    include!(concat!(env!("OUT_DIR"), "/situations.rs"));

impl Card {
    /// The situations that the protocol's stack can tell of.
    pub fn situations(&self) -> BTreeSet<&'static str> {
        let stack = (self.build)(Setup::new(3)).stack();
        let part = |(module, _): &&(&str, &[&str])| {
            stack.contains(&format!("{}::{module}::", env!("CARGO_CRATE_NAME")))
        };
        SITUATIONS.iter().filter(part).flat_map(|(_, marks)| marks.iter().copied()).collect()
    }

    /// Where timeouts tell of crashes: how long one may go unnoticed, and all be silent.
    pub fn notices_within(&self) -> Option<Duration> {
        (self.model == Model::Sync || self.workload == "detect").then_some(DETECTION_BOUND)
    }

    /// What its promises are measured against, among so many processes, by name: how many faults
    /// it is meant for, and the share of the processes that is to be reached.
    pub fn facts(&self, nodes: usize) -> Vec<(&'static str, String)> {
        let mut facts = vec![("f", (self.tolerates)(nodes).to_string())];
        if self.promises.contains(&"coverage") {
            facts.push(("coverage", super::gossip::COVERAGE.to_string()));
        }
        facts
    }

    /// The twin of this name, or the names of those there are.
    pub fn twin(&self, name: &str) -> Result<&'static Twin, Vec<&'static str>> {
        let known = self.twins.iter().find(|twin| twin.name == name);
        known.ok_or_else(|| self.twins.iter().map(|twin| twin.name).collect())
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("name", &self.name).field("model", &self.model).finish()
    }
}

/// There is no protocol of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownProtocol {
    /// The name.
    pub name: String,
    /// Names of the catalogue that are like it, the nearest first.
    pub nearest: Vec<&'static str>,
}

impl UnknownProtocol {
    pub(super) fn new(name: &str, catalogue: &'static [Card]) -> UnknownProtocol {
        let mut near: Vec<(usize, &'static str)> = catalogue
            .iter()
            .map(|card| (distance(name, card.name), card.name))
            .filter(|(distance, known)| *distance <= known.len() / 2 || known.contains(name))
            .collect();
        near.sort_unstable();
        let nearest = near.into_iter().map(|(_, name)| name).take(3).collect();
        UnknownProtocol { name: name.to_string(), nearest }
    }
}

impl fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no protocol {:?}", self.name)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            [one] => write!(f, "; did you mean {one}?"),
            [all @ .., last] => write!(f, "; did you mean {} or {last}?", all.join(", ")),
        }
    }
}

impl std::error::Error for UnknownProtocol {}

/// How many letters must be added, removed or replaced to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_in_the_code_is_one_of_some_protocol() {
        let all: BTreeSet<&str> =
            crate::catalogue().iter().flat_map(|card| card.situations()).collect();
        for (module, marks) in SITUATIONS {
            assert!(marks.iter().all(|mark| all.contains(mark)), "{module}: {marks:?}");
        }
        let raft = crate::find("raft").expect("it is in the catalogue").situations();
        assert!(raft.contains("leader change"), "{raft:?}");
        assert!(crate::find("echo").expect("it is, too").situations().is_empty());
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("raft", "raft"), 0);
        assert_eq!(distance("rfat", "raft"), 2);
        assert_eq!(distance("", "raft"), 4);
        assert_eq!(distance("perfect-link", "perfect-links"), 1);
    }

    #[test]
    fn an_unknown_name_is_met_with_the_nearest() {
        let error = crate::find("rafft").unwrap_err();
        assert_eq!(error.nearest[0], "raft");
        assert_eq!(error.to_string(), "there is no protocol \"rafft\"; did you mean raft?");
        assert!(crate::find("broadcast").unwrap_err().nearest.len() > 1);
        assert_eq!(crate::find("xyzzyxyzzy").unwrap_err().nearest, Vec::<&str>::new());
    }
}
