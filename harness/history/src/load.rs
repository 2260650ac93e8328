//! From a file to a history, whatever format it is in.
//!
//! The format is told by how the content begins, never by the file's name: ours by its magic
//! bytes, JSON lines by an object whose first key is followed by a colon, EDN by anything else
//! that can begin a Jepsen history, what Jepsen prints by operations on its first lines.

use crate::intake::{Intake, Refused};
use crate::native::MAGIC;
use crate::rules::Rules;
use crate::{Error, History, Place, Reader, Torn, edn, jsonl};
use memchr::{memchr_iter, memrchr};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

/// A format a history was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own file.
    Native,
    /// One JSON object per line.
    JsonLines,
    /// Jepsen's EDN.
    Edn,
    /// What Jepsen prints: its log, or `history.txt`.
    Log,
}

/// Where operations of a text format keep the independent object they concern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keyed {
    /// In the field `key`, where there is one: our own exports.
    #[default]
    Field,
    /// In the value, which is a pair `[key value]`: Jepsen's `independent` workloads.
    Tuple,
    /// Nowhere: every operation is on one object, and a field `key` means something else.
    None,
}

/// How to read a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Where text formats keep keys.
    pub keyed: Keyed,
}

/// A history as it was read, and what reading it met.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The history, as far as it could be read.
    pub history: History,
    /// The format it was in.
    pub format: Format,
    /// Where and why the recording breaks off, if it does. Only our own format can tell.
    pub torn: Option<Torn>,
    /// How many records were left out because a history has no place for them: lines of the
    /// nemesis with which no fault begins or ends, and of processes that are not clients.
    pub skipped: u64,
}

/// Reads a history of any format, and checks that it keeps the rules (see [`crate::validate`]).
pub fn load(path: impl AsRef<Path>, options: &LoadOptions) -> Result<Loaded, Error> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let io = |source| Error::Io { file: name.clone(), source };
    let mut file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    (&mut file).take(MAGIC.len() as u64).read_to_end(&mut bytes).map_err(io)?;
    if bytes == MAGIC {
        return native(Cursor::new(bytes).chain(file), &name, true);
    }
    file.read_to_end(&mut bytes).map_err(io)?;
    parse(&name, &bytes, options)
}

/// Reads a history of any format from memory; `name` is what errors call it.
pub fn parse(name: &str, bytes: &[u8], options: &LoadOptions) -> Result<Loaded, Error> {
    if bytes.starts_with(MAGIC) {
        return native(bytes, name, true);
    }
    let mut intake = Intake::new(options.keyed);
    let (text, format) = text(name, bytes)?;
    intake.history.records.reserve(memchr_iter(b'\n', text.as_bytes()).count() + 1);
    take_in(text, format, &mut intake).map_err(|(at, refused)| {
        let place = place(name, text.as_bytes(), at);
        match refused {
            Refused::Malformed(problem) => Error::Syntax { place, problem },
            Refused::Broken(broken) => Error::Rule { place, broken },
            Refused::Sought => Error::Syntax { place, problem: "sought".into() },
        }
    })?;
    Ok(Loaded { history: intake.history, format, torn: None, skipped: intake.skipped })
}

/// Where in a text file the record with an index stands. Nowhere in a file of our own format.
pub fn locate(path: impl AsRef<Path>, options: &LoadOptions, index: u64) -> Option<Place> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let bytes = std::fs::read(path).ok().filter(|bytes| !bytes.starts_with(MAGIC))?;
    let (text, format) = text(&name, &bytes).ok()?;
    let mut intake = Intake::new(options.keyed);
    intake.sought = Some(index);
    match take_in(text, format, &mut intake) {
        Err((at, Refused::Sought)) => Some(place(&name, text.as_bytes(), at)),
        _ => None,
    }
}

/// The text of a file, and its format.
fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<(&'b str, Format), Error> {
    let text = str::from_utf8(bytes).map_err(|error| Error::Syntax {
        place: place(name, bytes, error.valid_up_to()),
        problem: "expected UTF-8".to_owned(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let format = recognize(text)
        .map_err(|found| Error::Unrecognized { file: name.to_owned(), found: found.to_owned() })?;
    Ok((text, format))
}

fn take_in(text: &str, format: Format, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    match format {
        Format::Edn => edn::parse(text, intake),
        Format::Log => edn::log::parse(text, intake),
        Format::JsonLines | Format::Native => jsonl::parse(text, intake),
    }
}

/// Reads a file of our own format. What precedes a torn or damaged tail is read, and whether it
/// keeps the rules is not asked.
pub fn read(path: impl AsRef<Path>) -> Result<Loaded, Error> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| Error::Io { file: name.clone(), source })?;
    native(file, &name, false)
}

fn native(input: impl Read, name: &str, strict: bool) -> Result<Loaded, Error> {
    let mut reader = Reader::new(input, name)?;
    let mut history = History { meta: reader.meta().clone(), records: Vec::new() };
    let mut rules = Rules::default();
    while let Some(record) = reader.next_record()? {
        if strict {
            rules.follow(&record).map_err(|broken| Error::Rule {
                place: Place::Record { file: name.to_owned(), index: record.index },
                broken,
            })?;
        }
        history.records.push(record);
    }
    Ok(Loaded { history, format: Format::Native, torn: reader.torn().cloned(), skipped: 0 })
}

/// Tells JSON lines from EDN, or what it is that is neither.
fn recognize(text: &str) -> Result<Format, &'static str> {
    let start = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
    let Some(first) = start.chars().next() else { return Err("is empty") };
    let inner = start[first.len_utf8()..].trim_start();
    match first {
        '{' if inner.starts_with('"') => {
            let key = inner[1..].split_once('"').map_or("", |(_, rest)| rest);
            Ok(if key.trim_start().starts_with(':') { Format::JsonLines } else { Format::Edn })
        }
        '[' if inner.starts_with("{\"") => Err("is a JSON array, not one object per line"),
        '{' | '[' | '(' | '#' | ';' => Ok(Format::Edn),
        _ if edn::log::recognize(text) => Ok(Format::Log),
        _ => Err("does not begin with a record"),
    }
}

/// The place of a byte of a text.
fn place(name: &str, text: &[u8], at: usize) -> Place {
    let before = &text[..at.min(text.len())];
    let line_start = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let line = memchr_iter(b'\n', before).count() as u64 + 1;
    let column = (before.len() - line_start) as u64 + 1;
    Place::Text { file: name.to_owned(), line, column }
}
