//! Durations as a person writes them: `1.5s`, `200ms`, `2m`.
//!
//! Reading and printing are exact to the nanosecond, so that a plan that went through a file is the
//! same plan. Use with `#[serde(with = "schism_nemesis::time")]`.

use serde::de::{Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;
use std::time::Duration;

const UNITS: [(&str, u128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads `1.5s`. The error says what was wrong and what would be right.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = |why: &str| format!("`{text}` {why}: write it like \"1.5s\", \"200ms\" or \"2m\"");
    let text = text.trim();
    if text.starts_with('-') {
        return Err(wrong("is negative, and a time cannot be"));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.contains('.') {
        return Err(wrong("is not a time"));
    }
    if unit.is_empty() {
        return Err(wrong("has no unit"));
    }
    let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(wrong("has an unknown unit"));
    };
    exact(whole, fraction, *scale)
        .map(Duration::from_nanos)
        .ok_or_else(|| wrong("is longer than five centuries, or finer than a nanosecond"))
}

/// `whole.fraction` × `scale`, if that is a whole number of nanoseconds that fits.
fn exact(whole: &str, fraction: &str, scale: u128) -> Option<u64> {
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 15 {
        return None;
    }
    let digits = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? };
    let parts = 10u128.pow(fraction.len() as u32);
    let whole = whole.parse::<u64>().ok()?;
    let scaled = digits * scale;
    let nanos = u128::from(whole).checked_mul(scale)?.checked_add(scaled / parts)?;
    if scaled.is_multiple_of(parts) { u64::try_from(nanos).ok() } else { None }
}

/// Prints a duration in the largest of s, ms, us and ns that leaves no leading zero.
pub fn words(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, scale, places) = match nanos {
        0 => return "0s".into(),
        1_000_000_000.. => ("s", 1_000_000_000, 9),
        1_000_000.. => ("ms", 1_000_000, 6),
        1_000.. => ("us", 1_000, 3),
        _ => ("ns", 1, 0),
    };
    let (whole, rest) = (nanos / scale, nanos % scale);
    if rest == 0 {
        return format!("{whole}{unit}");
    }
    let fraction = format!("{rest:0places$}");
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

/// For serde: writes what [`words`] says.
pub fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&words(*duration))
}

/// For serde: reads what [`parse`] reads.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time in quotes with its unit, like \"1.5s\" or \"200ms\"")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
            parse(text).map_err(E::custom)
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Duration, E> {
            Err(E::invalid_type(Unexpected::Signed(number), &self))
        }
    }
    from.deserialize_any(Text)
}

/// Differences: `2s`, `-200ms`, in nanoseconds.
pub mod signed {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::time::Duration;

    /// Reads `-200ms`.
    pub fn parse(text: &str) -> Result<i64, String> {
        let (sign, size) = match text.trim().strip_prefix('-') {
            Some(size) => (-1, size),
            None => (1, text.trim().trim_start_matches('+')),
        };
        let size = super::parse(size)?.as_nanos();
        i64::try_from(size)
            .map(|nanos| sign * nanos)
            .map_err(|_| format!("`{text}` is longer than two centuries"))
    }

    /// Prints it with its sign.
    pub fn words(nanos: i64) -> String {
        let sign = if nanos < 0 { '-' } else { '+' };
        format!("{sign}{}", super::words(Duration::from_nanos(nanos.unsigned_abs())))
    }

    /// For serde: writes what [`words`] says, without a plus.
    pub fn serialize<S: Serializer>(nanos: &i64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(words(*nanos).trim_start_matches('+'))
    }

    /// For serde: reads what [`parse`] reads.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse(" 200 ms "), Ok(Duration::from_millis(200)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert_eq!(parse("7µs"), parse("7us"));
    }

    #[test]
    fn says_what_would_be_right() {
        for (text, why) in [
            ("-1s", "negative"),
            ("3", "no unit"),
            ("3 days", "unknown unit"),
            ("soon", "not a time"),
            ("", "not a time"),
            ("1.s", "not a time"),
            ("1.2.3s", "not a time"),
            ("0.5ns", "finer"),
            ("99999999999999h", "centuries"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why) && error.contains("1.5s"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn survives_a_round_trip(nanos in prop_oneof![0..2_000u64, 0..3_000_000_000u64, any::<u64>()]) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse(&words(duration)), Ok(duration));
        }

        #[test]
        fn differences_survive_a_round_trip(nanos in any::<i64>()) {
            let nanos = nanos.max(-i64::MAX);
            prop_assert_eq!(signed::parse(&signed::words(nanos)), Ok(nanos));
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = parse(&text);
            let _ = signed::parse(&text);
        }
    }
}
