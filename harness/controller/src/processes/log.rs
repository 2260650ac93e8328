//! What a node says on its standard error.

use schism_history::Nanos;
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
    /// Whether the last line has not ended yet.
    in_line: bool,
}

/// How much of the end is remembered.
const TAIL: usize = 16 * 1024;
/// How many lines of the end are quoted.
const QUOTED: usize = 20;

impl NodeLog {
    pub fn create(path: &Path, cap: u64) -> io::Result<NodeLog> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(NodeLog { file, written: 0, cap, tail: VecDeque::new(), in_line: false })
    }

    /// A process begins to write.
    pub fn begin(&mut self, now: Nanos, incarnation: u32) -> io::Result<()> {
        self.tail.clear();
        if std::mem::take(&mut self.in_line) {
            // The last process was killed in the middle of a line.
            self.append(b"\n")?;
        }
        self.stamped(now, format!("--- incarnation {incarnation} ---\n").as_bytes())
    }

    /// Takes what a process wrote.
    pub fn take(&mut self, now: Nanos, bytes: &[u8]) -> io::Result<()> {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.stamped(now, bytes)
    }

    /// Writes with the time, in seconds of the run, at the beginning of each line.
    fn stamped(&mut self, now: Nanos, bytes: &[u8]) -> io::Result<()> {
        let stamp = format!("{:>3}.{:06} ", now / 1_000_000_000, now / 1000 % 1_000_000);
        let mut text = Vec::with_capacity(bytes.len() + 2 * stamp.len());
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if !self.in_line {
                text.extend(stamp.as_bytes());
            }
            text.extend(line);
            self.in_line = !line.ends_with(b"\n");
        }
        self.append(&text)
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
        let mut log = NodeLog::create(&path, 150).unwrap();
        log.begin(0, 0).unwrap();
        for i in 0..3000 {
            log.take(1_000 * i, format!("line {i}\n").as_bytes()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept.starts_with(
                "  0.000000 --- incarnation 0 ---\n  0.000000 line 0\n  0.000001 line 1\n"
            ),
            "{kept}"
        );
        assert!(kept.ends_with("--- the log is full: the rest was not kept ---\n"), "{kept}");
        assert!(kept.len() < 210, "{}", kept.len());
        let end = log.end();
        assert_eq!(end.lines().count(), QUOTED);
        assert!(end.starts_with("line 2980\n") && end.ends_with("line 2999"), "{end}");
        log.begin(2_500_000_000, 1).unwrap();
        assert_eq!(log.end(), "");
        log.take(0, b"thread 'main' panicked at x.rs:1:1:\nwhy\nstack backtrace:\n").unwrap();
        log.take(0, "  at somewhere\n".repeat(50).as_bytes()).unwrap();
        assert!(log.end().starts_with("thread 'main' panicked at x.rs:1:1:\nwhy\n"));
        assert_eq!(log.end().lines().count(), QUOTED);
    }
    #[test]
    fn a_line_that_comes_in_parts_has_one_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n0.log");
        let mut log = NodeLog::create(&path, 1000).unwrap();
        log.take(1_000, b"one ").unwrap();
        log.take(2_000, b"line\nand anoth").unwrap();
        log.begin(12_000_003_000, 1).unwrap();
        let kept = std::fs::read_to_string(&path).unwrap();
        let expected =
            "  0.000001 one line\n  0.000002 and anoth\n 12.000003 --- incarnation 1 ---\n";
        assert_eq!(kept, expected);
    }
}
