//! The judge's end of a history file.

use super::block::{self, FRAME, MAGIC, Next, VERSION};
use super::wire::Decoder;
use crate::{Error, Meta, Record, Torn, TornBy};
use std::io::{BufReader, Read};

/// Reads a history file record by record, holding one block in memory.
pub struct Reader<R: Read> {
    input: BufReader<R>,
    file: String,
    meta: Meta,
    payload: Vec<u8>,
    /// How much of the payload has been decoded.
    used: usize,
    decoder: Decoder,
    /// Where the block in memory begins, in bytes from the start of the file.
    offset: u64,
    records: u64,
    ended: bool,
    torn: Option<Torn>,
}

impl<R: Read> Reader<R> {
    /// Reads the header; `file` is what errors call the input.
    pub fn new(input: R, file: &str) -> Result<Reader<R>, Error> {
        let mut input = BufReader::with_capacity(block::FULL, input);
        let io = |source| Error::Io { file: file.to_owned(), source };
        let mut head = [0; MAGIC.len() + 1];
        let length = block::fill(&mut input, &mut head).map_err(io)?;
        let [magic @ .., version] = head;
        if length < head.len() || &magic != MAGIC {
            let found = if length == 0 { "is empty" } else { "begins otherwise" };
            return Err(Error::Unrecognized { file: file.to_owned(), found: found.to_owned() });
        }
        if version != VERSION {
            let (found, expected) = (version, VERSION);
            return Err(Error::Version { file: file.to_owned(), found, expected });
        }
        let mut payload = Vec::new();
        let header = |why: TornBy| Error::Header { file: file.to_owned(), why };
        let meta = match block::next(&mut input, &mut payload).map_err(io)? {
            Next::Block => {
                postcard::from_bytes(&payload).map_err(|_| header(TornBy::Undecodable))?
            }
            Next::End => return Err(header(TornBy::Undecodable)),
            Next::Torn(why) => return Err(header(why)),
        };
        let offset = (head.len() + FRAME + payload.len()) as u64;
        payload.clear();
        Ok(Reader {
            input,
            file: file.to_owned(),
            meta,
            payload,
            used: 0,
            decoder: Decoder::default(),
            offset,
            records: 0,
            ended: false,
            torn: None,
        })
    }

    /// What is known of the run.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Where and why the recording breaks off, once the last record was read.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// The next record, or `None` at the end of what can be read.
    pub fn next_record(&mut self) -> Result<Option<Record>, Error> {
        while self.used == self.payload.len() {
            if self.ended {
                return Ok(None);
            }
            if !self.payload.is_empty() {
                self.offset += (FRAME + self.payload.len()) as u64;
            }
            self.used = 0;
            let next = block::next(&mut self.input, &mut self.payload);
            match next.map_err(|source| Error::Io { file: self.file.clone(), source })? {
                Next::Block => self.decoder.restart(),
                Next::End => self.end(None),
                Next::Torn(why) => self.end(Some(why)),
            }
        }
        let mut rest = &self.payload[self.used..];
        let record = self.decoder.next(&mut rest);
        self.used = self.payload.len() - rest.len();
        match record {
            Some(record) => {
                self.records += 1;
                Ok(Some(record))
            }
            None => {
                self.end(Some(TornBy::Undecodable));
                Ok(None)
            }
        }
    }

    fn end(&mut self, why: Option<TornBy>) {
        self.ended = true;
        self.payload.clear();
        self.used = 0;
        let (offset, records) = (self.offset, self.records);
        self.torn = why.map(|why| Torn { offset, records, why });
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
