//! What a node says on its standard error.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// One node's log: a file of bounded length, and the end of it in memory for messages.
pub(super) struct NodeLog {
    file: File,
    written: u64,
    cap: u64,
    tail: VecDeque<u8>,
}

/// How much of the end is remembered.
const TAIL: usize = 16 * 1024;
/// How many lines of the end are quoted.
const QUOTED: usize = 20;

impl NodeLog {
    pub fn create(path: &Path, cap: u64) -> io::Result<NodeLog> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(NodeLog { file, written: 0, cap, tail: VecDeque::new() })
    }

    /// A process begins to write.
    pub fn begin(&mut self, incarnation: u32) -> io::Result<()> {
        self.tail.clear();
        self.append(format!("--- incarnation {incarnation} ---\n").as_bytes())
    }

    /// Takes what a process wrote.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.append(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.written >= self.cap {
            return Ok(());
        }
        let room = usize::try_from(self.cap - self.written).unwrap_or(usize::MAX);
        self.written += bytes.len() as u64;
        self.file.write_all(&bytes[..bytes.len().min(room)])?;
        if self.written >= self.cap {
            self.file.write_all(b"\n--- the log is full: the rest was not kept ---\n")?;
        }
        Ok(())
    }

    /// The last lines of the process that wrote last.
    pub fn end(&self) -> String {
        let bytes: Vec<u8> = self.tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines.len().saturating_sub(QUOTED);
        // A long backtrace must not hide the message it belongs to.
        let panic = lines.iter().rposition(|line| line.contains(" panicked at "));
        let first = panic.map_or(last, |panic| panic.min(last));
        lines[first..lines.len().min(first + QUOTED)].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_ends_at_its_cap_and_remembers_the_end_of_what_was_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n0.log");
        let mut log = NodeLog::create(&path, 100).unwrap();
        log.begin(0).unwrap();
        for i in 0..3000 {
            log.take(format!("line {i}\n").as_bytes()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(kept.starts_with("--- incarnation 0 ---\nline 0\n"), "{kept}");
        assert!(kept.ends_with("--- the log is full: the rest was not kept ---\n"), "{kept}");
        assert!(kept.len() < 160, "{}", kept.len());
        let end = log.end();
        assert_eq!(end.lines().count(), QUOTED);
        assert!(end.starts_with("line 2980\n") && end.ends_with("line 2999"), "{end}");
        log.begin(1).unwrap();
        assert_eq!(log.end(), "");
        log.take(b"thread 'main' panicked at x.rs:1:1:\nwhy\nstack backtrace:\n").unwrap();
        log.take("  at somewhere\n".repeat(50).as_bytes()).unwrap();
        assert!(log.end().starts_with("thread 'main' panicked at x.rs:1:1:\nwhy\n"));
        assert_eq!(log.end().lines().count(), QUOTED);
    }
}
