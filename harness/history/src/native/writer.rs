//! The recorder's end of a history file.

use super::block::{self, FRAME, FULL, LONGEST, MAGIC, VERSION};
use super::wire::{Body, Item};
use crate::{Entry, Error, History, Meta, Nanos, Record};
use compact_str::CompactString;
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Appends records to a history file.
///
/// It holds one block in memory and writes it whole when it is full, on [`flush`](Writer::flush)
/// and on drop. [`finish`](Writer::finish) also writes the end mark, by which a reader knows that
/// the recording was not cut off.
pub struct Writer<W: Write = File> {
    output: W,
    /// The block being filled, room for its frame first.
    block: Vec<u8>,
    names: HashMap<CompactString, u32>,
    next_index: u64,
    last_time: Nanos,
    /// What the next record of the block is encoded against.
    base: (u64, Nanos),
    /// A write failed and may have left half a block: nothing sound can follow it.
    broken: bool,
}

impl Writer<File> {
    /// Creates the file, or empties it.
    pub fn create(path: impl AsRef<Path>, meta: &Meta) -> Result<Writer<File>, Error> {
        let path = path.as_ref();
        let created = File::create(path).and_then(|file| Writer::new(file, meta));
        created.map_err(|source| Error::Io { file: path.display().to_string(), source })
    }
}

impl<W: Write> Writer<W> {
    /// Writes the header to `output`, which needs no buffering of its own.
    pub fn new(mut output: W, meta: &Meta) -> io::Result<Writer<W>> {
        let mut block = vec![0; FRAME];
        encode(meta, &mut block)?;
        block::seal(&mut block);
        block.splice(..0, MAGIC.iter().copied().chain([VERSION]));
        output.write_all(&block)?;
        block.clear();
        block.resize(FRAME, 0);
        block.reserve(FULL + FULL / 4);
        Ok(Writer {
            output,
            block,
            names: HashMap::new(),
            next_index: 0,
            last_time: 0,
            base: (0, 0),
            broken: false,
        })
    }

    /// Appends what happened at `time` and says which index it was given.
    ///
    /// The order of the calls is the order of the history: a time read a moment before that of the
    /// record already appended is raised to it.
    pub fn append(&mut self, time: Nanos, entry: &Entry) -> io::Result<u64> {
        let index = self.next_index;
        let time = time.max(self.last_time);
        self.put(index, time, entry)?;
        Ok(index)
    }

    /// Appends a record as it stands, index and time included.
    pub fn append_record(&mut self, record: &Record) -> io::Result<()> {
        self.put(record.index, record.time, &record.entry)
    }

    fn put(&mut self, index: u64, time: Nanos, entry: &Entry) -> io::Result<()> {
        let start = self.block.len();
        let Writer { block, names, base, .. } = self;
        let mut failed = None;
        let body = Body::of(entry, |name| {
            if let Some(&number) = names.get(name) {
                return number;
            }
            let number = names.len() as u32;
            names.insert(name.into(), number);
            failed = encode(&Item::Name(name), block).err().or(failed.take());
            number
        });
        let index_step = index.wrapping_sub(base.0);
        let time_step = time.wrapping_sub(base.1) as i64;
        let encoded = match failed {
            Some(error) => Err(error),
            None => encode(&Item::Record(index_step, time_step, body), block),
        };
        if encoded.is_err() || block.len() - start > LONGEST - FULL {
            block.truncate(start);
            // Names the lost record introduced must not be referred to: begin another block.
            self.flush()?;
            return Err(encoded.err().unwrap_or_else(|| too_long(LONGEST - FULL)));
        }
        *base = (index, time);
        self.next_index = index.wrapping_add(1);
        self.last_time = time;
        if self.block.len() >= FULL { self.write_block() } else { Ok(()) }
    }

    /// Writes what is held in memory.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write_block()?;
        self.output.flush()
    }

    /// Writes what is held in memory, and the end mark.
    pub fn finish(mut self) -> io::Result<()> {
        self.write_block()?;
        block::seal(&mut self.block);
        self.output.write_all(&self.block)?;
        self.output.flush()
    }

    fn write_block(&mut self) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write to this history failed"));
        }
        if self.block.len() > FRAME {
            block::seal(&mut self.block);
            self.broken = true;
            self.output.write_all(&self.block)?;
            self.broken = false;
            self.block.truncate(FRAME);
        }
        self.names.clear();
        self.base = (0, 0);
        Ok(())
    }
}

impl<W: Write> Drop for Writer<W> {
    /// An error has nobody left to be told to; the missing end mark tells the reader.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

fn too_long(limit: usize) -> io::Error {
    let what = format!("a record of more than {limit} bytes does not fit into a history");
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Writes a whole history to a file of our own format.
pub fn write(path: impl AsRef<Path>, history: &History) -> Result<(), Error> {
    let path = path.as_ref();
    let mut writer = Writer::create(path, &history.meta)?;
    let written = history.records.iter().try_for_each(|record| writer.append_record(record));
    written
        .and_then(|()| writer.finish())
        .map_err(|source| Error::Io { file: path.display().to_string(), source })
}

/// Appends to a buffer that is kept from record to record.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

fn encode(item: &impl Serialize, block: &mut Vec<u8>) -> io::Result<()> {
    postcard::serialize_with_flavor(item, Append(block)).map_err(io::Error::other)
}
