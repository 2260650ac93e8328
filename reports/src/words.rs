//! Numbers, times and records as a person reads them.

use schism_history::{
    Fate, Fault, FaultEdge, Message, Nanos, NodeChange, OpEvent, OpKind, Outcome, ProtocolEvent,
    Value,
};
use std::borrow::Cow;
use std::fmt::Write;

/// A length of time to three significant digits: `870 ns`, `1.52 ms`, `60.0 s`.
pub fn duration(nanos: Nanos) -> String {
    let (scaled, unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    format!("{} {unit}", digits(scaled))
}

/// Three significant digits, or all digits before the point.
fn digits(x: f64) -> String {
    match x {
        x if x < 9.995 => format!("{x:.2}"),
        x if x < 99.95 => format!("{x:.1}"),
        x => format!("{x:.0}"),
    }
}

/// A moment of the run: `3.210 s`.
pub fn moment(nanos: Nanos) -> String {
    format!("{:.3} s", nanos as f64 / 1e9)
}

/// Moments that are read together: in milliseconds, or in microseconds if those do not tell them
/// apart.
pub fn moments(times: impl Iterator<Item = Nanos> + Clone) -> impl Fn(Nanos) -> String {
    let later = times.clone().skip(1);
    let fine = times.zip(later).any(|(a, b)| a != b && a / 1_000_000 == b / 1_000_000);
    let decimals = if fine { 6 } else { 3 };
    move |nanos| format!("{:.decimals$} s", nanos as f64 / 1e9)
}

/// A whole number in groups of three digits: `12 345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            // A no-break space: a number is one word.
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

/// A number that need not be whole, to three significant digits.
pub fn number(x: f64) -> String {
    if x >= 1000.0 { count(x.round() as u64) } else { digits(x) }
}

/// A number of bytes: `512 B`, `1.20 kB`.
pub fn bytes(n: f64) -> String {
    match n {
        n if n < 1e3 => format!("{n:.0} B"),
        n if n < 1e6 => format!("{} kB", digits(n / 1e3)),
        n if n < 1e9 => format!("{} MB", digits(n / 1e6)),
        n => format!("{} GB", digits(n / 1e9)),
    }
}

/// A part of a whole: `12.5 %`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", part as f64 * 100.0 / whole as f64)
    }
}

/// The outcome of an operation, as it is called everywhere.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Fail => "fail",
        Outcome::Info => "info",
    }
}

/// What became of a message.
pub fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Delivered => "delivered",
        Fate::Duplicated => "duplicated",
        Fate::Lost => "lost",
        Fate::Cut => "cut by a partition",
        Fate::Dead => "destination dead",
        Fate::InFlight => "in flight at the end",
    }
}

/// Text from outside as text: what would move a terminal's cursor or hide the rest of a line is
/// written as an escape.
pub fn plain(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| {
        let hides = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}');
        !c.is_control() && !hides
    };
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let escaped = text
        .chars()
        .map(|c| if harmless(c) { c.to_string() } else { c.escape_default().to_string() });
    Cow::Owned(escaped.collect())
}

/// The longest a value may be in a line.
const VALUE: usize = 160;

/// A value in a line: long ones are cut, and say how long they are.
pub fn value(value: &Value) -> String {
    let text = value.to_string();
    let text = plain(&text);
    match text.char_indices().nth(VALUE) {
        None => text.into_owned(),
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
    }
}

/// `write 5 (key 3)`, `read returned 5`, `cas did not happen: …`.
pub fn operation(op: &OpEvent) -> String {
    let mut text = plain(&op.f).into_owned();
    let shown = (!op.value.is_nil()).then(|| value(&op.value));
    match (op.kind, shown) {
        (OpKind::Invoke, Some(argument)) => {
            let _ = write!(text, " {argument}");
        }
        (OpKind::Invoke, None) => {}
        (OpKind::Ok, Some(result)) => {
            let _ = write!(text, " returned {result}");
        }
        (OpKind::Ok, None) => text += " done",
        (OpKind::Fail, _) => text += " did not happen",
        (OpKind::Info, _) => text += " has an unknown outcome",
    }
    if let Some(key) = &op.key {
        let _ = write!(text, " (key {})", value(key));
    }
    if let Some(error) = &op.error {
        let _ = write!(text, ": {}", plain(error));
    }
    text
}

/// `deliver "m7" from n0, instance 2, number 3`.
pub fn event(event: &ProtocolEvent) -> String {
    let mut text = plain(&event.kind).into_owned();
    if !event.value.is_nil() {
        let _ = write!(text, " {}", value(&event.value));
    }
    if let Some(peer) = event.peer {
        let link = match event.kind.as_str() {
            "vote" => "for",
            kind if kind.contains("deliver") => "from",
            _ => "of",
        };
        let _ = write!(text, " {link} {peer}");
    }
    if let Some(instance) = event.instance {
        let _ = write!(text, ", instance {instance}");
    }
    if let Some(number) = event.number {
        let _ = write!(text, ", number {number}");
    }
    text
}

/// `Accept lost (sent at 1.203 s, 120 B)`.
pub fn message(message: &Message) -> String {
    let (kind, sent) = (plain(&message.kind), moment(message.sent));
    let bytes = bytes(f64::from(message.bytes));
    format!("{kind} {} (sent at {sent}, {bytes})", fate(message.fate))
}

/// `partition halves n0 n1 | n2 begins`.
pub fn fault(fault: &Fault) -> String {
    let what = plain(&fault.what);
    match fault.edge {
        FaultEdge::Begin => format!("{what} begins"),
        FaultEdge::End if fault.detail.is_empty() => format!("{what} ends"),
        FaultEdge::End => format!("{what} ends: {}", plain(&fault.detail)),
    }
}

/// `killed`, `started again with its disk`.
pub fn change(change: &NodeChange) -> String {
    match change {
        NodeChange::Started { incarnation: 0, .. } => "started".to_owned(),
        NodeChange::Started { with_disk: true, .. } => "started again with its disk".to_owned(),
        NodeChange::Started { .. } => "started again without its disk".to_owned(),
        NodeChange::Ready => "ready".to_owned(),
        NodeChange::Killed => "killed by the nemesis".to_owned(),
        NodeChange::Paused => "paused by the nemesis".to_owned(),
        NodeChange::Resumed => "resumed".to_owned(),
        NodeChange::Byzantine(strategy) => format!("turned Byzantine: {}", plain(strategy)),
        NodeChange::Died(how) => format!("ended unasked: {}", plain(how)),
        NodeChange::Garbage(line) => format!("broke the wire protocol: {}", plain(line)),
        NodeChange::Stopped => "shut down".to_owned(),
        NodeChange::Clock(skew) => format!("its clock is {skew}"),
    }
}

/// Names of nodes, in a row.
pub fn nodes(nodes: &[schism_history::NodeId]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_carry_units() {
        let times = [0, 999, 1_000, 1_499_600, 9_996_000, 61_000_000_000].map(duration);
        assert_eq!(times, ["0 ns", "999 ns", "1.00 µs", "1.50 ms", "10.0 ms", "61.0 s"]);
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(count(12), "12");
        assert_eq!(number(0.5), "0.50");
        assert_eq!(number(186.4), "186");
        assert_eq!(bytes(999.0), "999 B");
        assert_eq!(bytes(1_500.0), "1.50 kB");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(0, 0), "–");
    }

    #[test]
    fn moments_are_as_fine_as_they_need_to_be() {
        let coarse = moments([1_000_000, 2_000_000].into_iter());
        assert_eq!(coarse(1_000_000), "0.001 s");
        let fine = moments([1_000_000, 1_400_000].into_iter());
        assert_eq!(fine(1_400_000), "0.001400 s");
    }

    #[test]
    fn what_hides_or_moves_text_is_written_out() {
        assert_eq!(plain("plain ✓"), "plain ✓");
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\nc\\u{202e}");
    }

    #[test]
    fn long_values_say_that_they_were_cut() {
        let long = Value::Str("x".repeat(1000).into());
        let text = value(&long);
        assert!(text.chars().count() < 200 && text.ends_with("(1002 characters)"), "{text}");
    }
}
