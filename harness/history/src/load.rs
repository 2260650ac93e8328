//! From a file to a history, whatever format it is in.

use crate::{Error, History, Reader, Torn};
use std::fs::File;
use std::path::Path;

/// A history as it was read, and what reading it met.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The history, as far as it could be read.
    pub history: History,
    /// Where and why the recording breaks off, if it does. Only our own format can tell.
    pub torn: Option<Torn>,
}

/// Reads a file of our own format. What precedes a torn or damaged tail is read.
pub fn read(path: impl AsRef<Path>) -> Result<Loaded, Error> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| Error::Io { file: name.clone(), source })?;
    let mut reader = Reader::new(file, &name)?;
    let mut history = History { meta: reader.meta().clone(), records: Vec::new() };
    while let Some(record) = reader.next_record()? {
        history.records.push(record);
    }
    Ok(Loaded { history, torn: reader.torn().cloned() })
}
