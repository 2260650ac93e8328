//! Operations from the text that Jepsen prints while a test runs, and keeps as `history.txt`: on a
//! line each, process, type, function, value and error, behind whatever a logger puts before them.
//!
//! ```text
//! INFO  jepsen.util - 3    :invoke    :cas    [2 1]
//! INFO  jepsen.util - 3    :info      :cas    :timed-out
//! 0    :fail    :write    3    :no-leader
//! ```
//!
//! A log says other things in between; lines that do not have that shape are passed over.

use super::scan::Scanner;
use crate::Value;
use crate::intake::{FoundOp, Intake, Refused};
use memchr::memchr;

/// Whether there is an operation in the first lines of a text.
pub(crate) fn recognize(text: &str) -> bool {
    const LINES: usize = 1000;
    text.lines().take(LINES).any(|line| operation(line).is_some())
}

/// Takes in the operation of every line that has one; on failure, says where in the text and why.
pub(crate) fn parse(text: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    let mut start = 0;
    while start < text.len() {
        let end = memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |n| start + n);
        if let Some(at) = operation(&text[start..end]) {
            take(&text[start + at..end], intake).map_err(|(at_line, refused)| {
                let within = at_line.min(end - start - at);
                (start + at + within, refused)
            })?;
        }
        start = end + 1;
    }
    Ok(())
}

/// Where a line's operation begins: at a process before two keywords, its type and its function.
fn operation(line: &str) -> Option<usize> {
    let mut words = line.split_ascii_whitespace();
    let mut last = [words.next()?, words.next()?];
    for word in words {
        let [process, kind] = last;
        let a_process = process == ":nemesis" || process.bytes().all(|b| b.is_ascii_digit());
        if a_process && kind.starts_with(':') && word.starts_with(':') {
            return Some(process.as_ptr().addr() - line.as_ptr().addr());
        }
        last = [kind, word];
    }
    None
}

/// Takes in the operation that this text is.
fn take(text: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    let mut scanner = Scanner::new(text);
    let process = Some(scanner.value()?);
    let kind = Some(scanner.value()?);
    let f = match scanner.value()? {
        Value::Keyword(name) => Some(name),
        _ => None,
    };
    let value = if scanner.peek()?.is_some() { scanner.value()? } else { Value::Nil };
    let error = Some(text[scanner.at..].trim_ascii()).filter(|rest| !rest.is_empty());
    let error = error.map(Into::into);
    intake.op(FoundOp { process, kind, f, value, error, ..FoundOp::default() }).map_err(|r| (0, r))
}
