//! The outside of a message: who, to whom, of which type.
//!
//! Our own nodes write every message in one layout, without spaces and in one order of fields, so
//! that reading the envelope is a matter of a few comparisons and the body need not be looked at.
//! [`scan`] reads exactly this layout; anything else, however valid, is left to a JSON parser.

use memchr::memchr;

/// A message, taken apart as far as a router needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Who wrote it.
    pub src: &'a [u8],
    /// Whom it is for.
    pub dest: &'a [u8],
    /// The body's `type`.
    pub kind: &'a [u8],
    /// The body, from brace to brace.
    pub body: &'a [u8],
}

const SRC: &[u8] = br#"{"src":""#;
const DEST: &[u8] = br#","dest":""#;
const BODY: &[u8] = br#","body":"#;
const KIND: &[u8] = br#"{"type":""#;

/// Reads the envelope of a line in the layout of our own nodes; `None` for every other layout.
///
/// The line comes without its line feed. What follows the body's `type` is not looked at, apart
/// from the closing braces.
pub fn scan(line: &[u8]) -> Option<Envelope<'_>> {
    let (src, rest) = word(line.strip_prefix(SRC)?)?;
    let (dest, rest) = word(rest.strip_prefix(DEST)?)?;
    let body = rest.strip_prefix(BODY)?.strip_suffix(b"}")?;
    let (kind, rest) = word(body.strip_prefix(KIND)?)?;
    rest.ends_with(b"}").then_some(Envelope { src, dest, kind, body })
}

/// A string up to its closing quote, and what follows the quote. Escapes are not for us.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b'"', text)?;
    let (word, rest) = text.split_at(end);
    (!word.contains(&b'\\')).then_some((word, &rest[1..]))
}

/// The message inside the body that a peer of the same stack wrote.
pub(crate) fn peer_message<'a>(body: &'a [u8], kind: &[u8]) -> Option<&'a [u8]> {
    let rest = body.get(KIND.len() + kind.len()..)?;
    rest.strip_prefix(br#"","m":"#)?.strip_suffix(b"}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_layout_is_taken_apart() {
        let line = br#"{"src":"n0","dest":"n12","body":{"type":"Ack","m":{"seq":3}}}"#;
        let envelope = scan(line).unwrap();
        assert_eq!(envelope.src, b"n0");
        assert_eq!(envelope.dest, b"n12");
        assert_eq!(envelope.kind, b"Ack");
        assert_eq!(envelope.body, br#"{"type":"Ack","m":{"seq":3}}"#);
        assert_eq!(peer_message(envelope.body, envelope.kind).unwrap(), br#"{"seq":3}"#);
    }

    #[test]
    fn every_other_layout_is_left_alone() {
        for line in [
            r#"{"src": "n0", "dest": "n1", "body": {"type": "x"}}"#,
            r#"{"dest":"n1","src":"n0","body":{"type":"x"}}"#,
            r#"{"src":"n0","dest":"n1","body":{"msg_id":1,"type":"x"}}"#,
            r#"{"src":"n\u0030","dest":"n1","body":{"type":"x"}}"#,
            r#"{"src":"n0","dest":"n1","body":{"type":"x"}"#,
            r#"{"src":"n0","dest":"n1","body":{"type":"x"#,
            r#"{"src":"n0","dest":"n1","body":{"type":"x","#,
            r#"{"src":"n0"#,
            "",
            "hello",
        ] {
            assert_eq!(scan(line.as_bytes()), None, "{line}");
        }
        assert_eq!(peer_message(br#"{"type":"x"}"#, b"x"), None);
        assert_eq!(peer_message(br#"{"type":"x","other":1}"#, b"x"), None);
    }
}
