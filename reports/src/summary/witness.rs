//! A finding with the records that show it, in words.

use super::FaultSpan;
use crate::words;
use schism_checkers::{Finding, Status};
use schism_history::{Entry, History, Nanos, OpKind, Record};
use serde::{Deserialize, Serialize};

/// The most records of a witness that are put into words.
const LINES: usize = 200;

/// A finding, ready to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What the checker found.
    pub finding: Finding,
    /// Its witness, one record a line. Very long witnesses are cut.
    pub witness: Vec<Line>,
    /// The faults in force while the witness happened: what, from, until.
    pub faults: Vec<FaultSpan>,
}

/// A record in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Index of the record.
    pub index: u64,
    /// When.
    pub time: Nanos,
    /// Who: a node, a client process, a link, the nemesis.
    pub who: String,
    /// What kind of record it is.
    pub subject: Subject,
    /// What happened.
    pub what: String,
}

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// An operation was invoked.
    Invoke,
    /// An operation certainly happened.
    Ok,
    /// An operation certainly did not happen.
    Fail,
    /// Nobody knows of an operation.
    Info,
    /// A protocol told something.
    Event,
    /// A message met its fate.
    Message,
    /// A fault began or ended.
    Fault,
    /// Something happened to a node.
    Node,
    /// The run entered a phase.
    Phase,
}

impl Judged {
    pub(super) fn of(history: &History, faults: &[FaultSpan], finding: &Finding) -> Judged {
        let records: Vec<&Record> =
            finding.witness.iter().filter_map(|&index| record(history, index)).collect();
        let during = records.first().zip(records.last()).map(|(a, b)| (a.time, b.time));
        Judged {
            faults: during.map_or_else(Vec::new, |(from, until)| {
                faults.iter().filter(|f| f.overlaps(from, until)).cloned().collect()
            }),
            witness: records.into_iter().take(LINES).map(Line::of).collect(),
            finding: finding.clone(),
        }
    }

    /// Whether it says that something is wrong.
    pub fn is_bad(&self) -> bool {
        matches!(self.finding.status, Status::Violated | Status::NotByDeadline)
    }
}

/// The record with an index.
fn record(history: &History, index: u64) -> Option<&Record> {
    let records = &history.records;
    records.binary_search_by_key(&index, |r| r.index).ok().map(|i| &records[i])
}

impl Line {
    /// Puts a record into words.
    pub fn of(record: &Record) -> Line {
        let (who, subject, what) = match &record.entry {
            Entry::Op(op) => {
                let who = match op.node {
                    Some(node) => format!("process {} → {node}", op.process),
                    None => format!("process {}", op.process),
                };
                let subject = match op.kind {
                    OpKind::Invoke => Subject::Invoke,
                    OpKind::Ok => Subject::Ok,
                    OpKind::Fail => Subject::Fail,
                    OpKind::Info => Subject::Info,
                };
                (who, subject, words::operation(op))
            }
            Entry::Event(event) => (event.node.to_string(), Subject::Event, words::event(event)),
            Entry::Message(message) => {
                let who = format!("{} → {}", message.src, message.dest);
                (who, Subject::Message, words::message(message))
            }
            Entry::Fault(fault) => ("nemesis".to_owned(), Subject::Fault, words::fault(fault)),
            Entry::Node(event) => {
                (event.node.to_string(), Subject::Node, words::change(&event.change))
            }
            Entry::Phase(phase) => {
                ("harness".to_owned(), Subject::Phase, format!("enters the {phase} phase"))
            }
        };
        Line { index: record.index, time: record.time, who, subject, what }
    }
}
