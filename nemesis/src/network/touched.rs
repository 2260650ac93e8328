//! What a fault did to messages.

use std::fmt;

/// How many messages a fault touched, by what it did to them. All zero: it did not land.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Lost by chance, or because a rate-limited queue was full.
    pub dropped: u64,
    /// Stopped by a partition.
    pub cut: u64,
    /// Arrived later than they would have.
    pub delayed: u64,
    /// Arrived once more.
    pub duplicated: u64,
    /// Arrived altered.
    pub corrupted: u64,
    /// Waited for a frozen link.
    pub held: u64,
}

impl Touched {
    /// Everything it did, added up. A message may count several times.
    pub fn total(&self) -> u64 {
        self.parts().iter().map(|(count, _)| count).sum()
    }

    fn parts(&self) -> [(u64, &'static str); 6] {
        [
            (self.cut, "cut"),
            (self.dropped, "dropped"),
            (self.delayed, "delayed"),
            (self.duplicated, "duplicated"),
            (self.corrupted, "corrupted"),
            (self.held, "held"),
        ]
    }
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut some = false;
        for (count, verb) in self.parts().into_iter().filter(|(count, _)| *count > 0) {
            match (some, count) {
                (true, _) => write!(f, ", {} {verb}", grouped(count))?,
                (false, 1) => write!(f, "1 message {verb}")?,
                (false, _) => write!(f, "{} messages {verb}", grouped(count))?,
            }
            some = true;
        }
        if some { Ok(()) } else { f.write_str("no message touched") }
    }
}

/// `1 204`: thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(Touched::default().to_string(), "no message touched");
        let touched = Touched { dropped: 1204, delayed: 1, ..Touched::default() };
        assert_eq!(touched.to_string(), "1 204 messages dropped, 1 delayed");
        assert_eq!(Touched { cut: 1, ..Touched::default() }.to_string(), "1 message cut");
        assert_eq!(touched.total(), 1205);
        assert_eq!(grouped(1_000_000), "1 000 000");
    }
}
