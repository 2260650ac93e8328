//! The two directions of a node's pipes.

use memchr::memchr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

/// Bytes that wait to be written.
#[derive(Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    /// How many of them are written already.
    gone: usize,
}

impl Outgoing {
    /// Appends a line and its line feed.
    pub fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
    }

    pub fn len(&self) -> usize {
        self.bytes.len() - self.gone
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.gone = 0;
    }

    /// Writes as much as the pipe takes; says how much that was.
    pub fn write(&mut self, mut pipe: &File) -> io::Result<usize> {
        let before = self.gone;
        let result = loop {
            if self.gone == self.bytes.len() {
                break Ok(());
            }
            match pipe.write(&self.bytes[self.gone..]) {
                Ok(written) => self.gone += written,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        let written = self.gone - before;
        if self.gone == self.bytes.len() {
            self.clear();
            // After a flood, the memory goes back.
            self.bytes.shrink_to(RETAINED);
        } else if self.gone > RETAINED && self.gone > self.bytes.len() / 2 {
            self.bytes.drain(..self.gone);
            self.gone = 0;
        }
        result.map(|()| written)
    }
}

/// How much memory an idle queue may keep.
const RETAINED: usize = 1 << 20;

/// What a read came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// There were bytes.
    Some,
    /// There is nothing at the moment.
    Nothing,
    /// There will never be any.
    End,
}

/// Bytes that were read, up to the end of a line or beyond.
#[derive(Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    filled: usize,
    /// No line feed stands before this.
    searched: usize,
    /// Lines before this were taken out.
    start: usize,
}

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

impl Incoming {
    /// Reads once.
    pub fn read(&mut self, mut pipe: &File) -> io::Result<Reading> {
        self.bytes.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.searched -= self.start;
        self.start = 0;
        if self.bytes.len() < self.filled + CHUNK {
            self.bytes.resize(self.filled + CHUNK, 0);
        }
        match pipe.read(&mut self.bytes[self.filled..]) {
            Ok(0) => Ok(Reading::End),
            Ok(read) => {
                self.filled += read;
                Ok(Reading::Some)
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => Ok(Reading::Some),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Reading::Nothing),
            Err(e) => Err(e),
        }
    }

    /// The next whole line, without its line feed.
    pub fn line(&mut self) -> Option<&[u8]> {
        match memchr(b'\n', &self.bytes[self.searched..self.filled]) {
            Some(offset) => {
                let line = self.start..self.searched + offset;
                self.searched = line.end + 1;
                self.start = self.searched;
                Some(&self.bytes[line])
            }
            None => {
                self.searched = self.filled;
                None
            }
        }
    }

    /// What was read after the last whole line.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::fd::{AsFd, OwnedFd};

    fn nonblocking_pipe() -> (File, File) {
        let (reader, writer) = io::pipe().unwrap();
        let both = [OwnedFd::from(reader), OwnedFd::from(writer)].map(|end| {
            super::super::process::make_nonblocking(end.as_fd()).unwrap();
            File::from(end)
        });
        let [reader, writer] = both;
        (reader, writer)
    }

    #[test]
    fn a_full_pipe_keeps_the_rest_for_later() {
        let (reader, writer) = nonblocking_pipe();
        let mut outgoing = Outgoing::default();
        let lines: Vec<Vec<u8>> = (0..5000).map(|i| format!("{i:01000}").into_bytes()).collect();
        for line in &lines {
            outgoing.push(line);
        }
        let mut incoming = Incoming::default();
        let mut seen = 0;
        loop {
            outgoing.write(&writer).unwrap();
            let reading = incoming.read(&reader).unwrap();
            while let Some(line) = incoming.line() {
                assert_eq!(line, lines[seen]);
                seen += 1;
            }
            if reading == Reading::Nothing {
                break;
            }
        }
        assert_eq!((seen, outgoing.len(), incoming.rest().len()), (5000, 0, 0));
        drop(reader);
        outgoing.push(b"too late");
        assert_eq!(outgoing.write(&writer).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    proptest! {
        #[test]
        fn lines_come_out_however_they_were_cut_up(
            chunks in prop::collection::vec("[a\n]{1,9}", 0..40)
        ) {
            let (reader, mut writer) = nonblocking_pipe();
            let mut incoming = Incoming::default();
            let mut lines = Vec::new();
            for chunk in &chunks {
                writer.write_all(chunk.as_bytes()).unwrap();
                prop_assert_eq!(incoming.read(&reader).unwrap(), Reading::Some);
                while let Some(line) = incoming.line() {
                    lines.push(String::from_utf8(line.to_vec()).unwrap());
                }
            }
            lines.push(String::from_utf8(incoming.rest().to_vec()).unwrap());
            prop_assert_eq!(lines.join("\n"), chunks.concat());
        }
    }
}
