//! What the nodes wrote on their standard error.

use schism_history::Nanos;

/// The log of a node, or as much of it as a page can carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeLog {
    /// Whose.
    pub node: String,
    /// Its last lines.
    pub lines: Vec<LogLine>,
    /// How many lines before them are left out.
    pub left_out: usize,
}

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read, on the run's clock; lines of unknown origin have no time.
    pub time: Option<Nanos>,
    /// What it says.
    pub text: String,
}

/// The most lines of one node.
const LINES: usize = 500;
/// The most characters of one line.
const WIDTH: usize = 2_000;

impl NodeLog {
    /// Reads a log as the harness writes it: each line begins with its time in seconds.
    pub fn parse(node: &str, log: &[u8]) -> NodeLog {
        let text = String::from_utf8_lossy(log);
        let lines: Vec<&str> = text.lines().collect();
        let left_out = lines.len().saturating_sub(LINES);
        let lines = lines[left_out..].iter().map(|line| LogLine::parse(line)).collect();
        NodeLog { node: node.to_owned(), lines, left_out }
    }

    /// Whether the node itself said anything: the harness writes a line for each start.
    pub fn is_silent(&self) -> bool {
        self.left_out == 0 && self.lines.iter().all(|line| line.text.starts_with("--- "))
    }
}

impl LogLine {
    fn parse(line: &str) -> LogLine {
        let stamped = line.trim_start().split_once(' ').and_then(|(time, text)| {
            let (seconds, decimals) = time.split_once('.')?;
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
            (decimals.len() == 6 && digits(decimals) && digits(seconds)).then_some(())?;
            let micros = format!("{seconds}{decimals}").parse::<u64>().ok()?;
            Some((micros.checked_mul(1000)?, text))
        });
        let (time, text) = match stamped {
            Some((time, text)) => (Some(time), text),
            None => (None, line),
        };
        LogLine { time, text: text.chars().take(WIDTH).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamped_lines_have_a_time_and_others_do_not() {
        let log =
            NodeLog::parse("n1", b"  0.000000 --- incarnation 0 ---\n 12.345678 hello 1.0\nx\n");
        assert_eq!(log.lines[1], LogLine { time: Some(12_345_678_000), text: "hello 1.0".into() });
        assert_eq!(log.lines[2], LogLine { time: None, text: "x".into() });
        assert!(!log.is_silent());
        assert!(NodeLog::parse("n1", b"  0.000000 --- incarnation 0 ---\n").is_silent());
    }

    #[test]
    fn long_logs_keep_their_end() {
        let text: String = (0..1_200).map(|i| format!("line {i}\n")).collect();
        let log = NodeLog::parse("n0", text.as_bytes());
        assert_eq!((log.left_out, log.lines.len()), (700, 500));
        assert_eq!(log.lines[499].text, "line 1199");
    }
}
