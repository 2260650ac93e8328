//! JSON lines: one record per line, for scripts and for histories other tools recorded.
//!
//! Operations use Jepsen's field names and nothing else marks them:
//!
//! ```text
//! {"index":4,"time":1200,"process":0,"type":"invoke","f":"write","key":7,"value":1,"node":"n2"}
//! ```
//!
//! Any other line names its kind in the field `record`: `meta` (the first line), `event`,
//! `message`, `fault`, `node`, `phase`. Values JSON lacks are written as
//! [`Value`]'s serialization describes; keywords become strings.

use crate::intake::{FoundOp, Intake, Refused, bare};
use crate::{Entry, History, Meta, Nanos, NodeId, OpKind, Phase, Record, Value, Worker};
use compact_str::CompactString;
use memchr::memchr;
use serde::{Deserialize, Deserializer, Serialize};
use std::io::{self, Write};

/// Writes a history as JSON lines.
pub fn write_jsonl(history: &History, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    let meta = MetaLine { record: "meta", meta: &history.meta };
    end_line(&mut line, &meta)?;
    for record in &history.records {
        write_record(&mut line, record)?;
        if line.len() >= 64 * 1024 {
            output.write_all(&line)?;
            line.clear();
        }
    }
    output.write_all(&line)?;
    output.flush()
}

fn write_record(line: &mut Vec<u8>, Record { index, time, entry }: &Record) -> io::Result<()> {
    let (index, time) = (*index, *time);
    match entry {
        Entry::Op(op) => {
            let (process, kind, f) = (op.process, op.kind, op.f.as_str());
            let (key, value) = (op.key.as_ref(), &op.value);
            let (error, node) = (op.error.as_deref(), op.node);
            end_line(line, &OpLine { index, time, process, kind, f, key, value, error, node })
        }
        Entry::Event(what) => end_line(line, &KindLine { record: "event", index, time, what }),
        Entry::Message(what) => end_line(line, &KindLine { record: "message", index, time, what }),
        Entry::Fault(what) => end_line(line, &KindLine { record: "fault", index, time, what }),
        Entry::Node(what) => end_line(line, &KindLine { record: "node", index, time, what }),
        Entry::Phase(phase) => {
            let what = &InPhase { phase: *phase };
            end_line(line, &KindLine { record: "phase", index, time, what })
        }
    }
}

fn end_line(to: &mut Vec<u8>, item: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, item)?;
    to.push(b'\n');
    Ok(())
}

/// An operation's end, as it is written.
#[derive(Serialize)]
struct OpLine<'a> {
    index: u64,
    time: Nanos,
    process: Worker,
    #[serde(rename = "type")]
    kind: OpKind,
    f: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Value>,
    value: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeId>,
}

/// An operation's end, as it is read: everything may be missing or of an odd type. If it has a
/// `record`, it is none.
#[derive(Deserialize)]
#[serde(expecting = "an object, a record")]
struct LooseLine {
    record: Option<Value>,
    index: Option<i64>,
    time: Option<i64>,
    process: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<Value>,
    f: Option<CompactString>,
    #[serde(default, deserialize_with = "present")]
    key: Option<Value>,
    #[serde(default)]
    value: Value,
    error: Option<Value>,
    node: Option<Value>,
}

/// Tells a key that is null from one that is not there.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A record of another kind, as it is written.
#[derive(Serialize)]
struct KindLine<'a, T> {
    record: &'static str,
    index: u64,
    time: Nanos,
    #[serde(flatten)]
    what: &'a T,
}

/// A record of another kind, as it is read.
#[derive(Deserialize)]
struct LooseKind<T> {
    index: Option<i64>,
    time: Option<i64>,
    #[serde(flatten)]
    what: T,
}

/// A phase has no fields to flatten.
#[derive(Serialize, Deserialize)]
struct InPhase {
    phase: Phase,
}

/// The first line.
#[derive(Serialize)]
struct MetaLine<'a> {
    record: &'static str,
    #[serde(flatten)]
    meta: &'a Meta,
}

/// Takes every line of `text` in; on failure, says where in the text and why.
pub(crate) fn parse(text: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    let mut start = 0;
    while start < text.len() {
        let end = memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |n| start + n);
        let line = &text[start..end];
        if !line.trim_ascii().is_empty() {
            take(line, intake).map_err(|(column, refused)| (start + column, refused))?;
        }
        start = end + 1;
    }
    Ok(())
}

/// Takes one line in; on failure, says at which byte of it and why.
fn take(line: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    let at_start = |refused| (line.len() - line.trim_ascii_start().len(), refused);
    let op: LooseLine = read(line)?;
    if let Some(record) = op.record {
        return kind(line, record.as_str().unwrap_or_default(), intake);
    }
    let found = FoundOp {
        index: op.index,
        time: op.time,
        process: op.process,
        kind: op.kind,
        f: op.f.map(|f| bare(&f).into()),
        key: op.key,
        value: op.value,
        error: op.error.and_then(printed),
        node: op.node.and_then(|node| NodeId::parse(node.as_str()?)),
    };
    intake.op(found).map_err(at_start)
}

/// Takes in a line that names its kind.
fn kind(line: &str, record: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    fn entry<'de, T: Deserialize<'de>>(
        line: &'de str,
        intake: &mut Intake,
        entry: impl FnOnce(T) -> Entry,
    ) -> Result<(), (usize, Refused)> {
        let LooseKind { index, time, what } = read(line)?;
        intake.record(index, time, entry(what)).map_err(|refused| (0, refused))
    }
    match record {
        "meta" => {
            intake.history.meta = read(line)?;
            Ok(())
        }
        "event" => entry(line, intake, Entry::Event),
        "message" => entry(line, intake, Entry::Message),
        "fault" => entry(line, intake, Entry::Fault),
        "node" => entry(line, intake, Entry::Node),
        "phase" => entry(line, intake, |in_phase: InPhase| Entry::Phase(in_phase.phase)),
        other => {
            let problem = format!(
                "expected record meta, event, message, fault, node or phase, found {other:?}"
            );
            Err((0, Refused::Malformed(problem)))
        }
    }
}

/// An error in words: a string as it is, anything else as it is printed.
fn printed(error: Value) -> Option<CompactString> {
    match error {
        Value::Nil => None,
        Value::Str(text) => Some(text),
        other => Some(other.to_string().into()),
    }
}

/// Reads one line of JSON; on failure, says at which byte of it and why.
fn read<'de, T: Deserialize<'de>>(line: &'de str) -> Result<T, (usize, Refused)> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        // The position is told in terms of the file, not of the line.
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        (error.column().saturating_sub(1), Refused::Malformed(problem.to_owned()))
    })
}
