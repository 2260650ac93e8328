//! A line that a node wrote, taken apart.

use super::services::Services;
use schism_history::{NodeId, Peer};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What the router needs to know of a line.
pub(super) struct Letter<'a> {
    pub src: Cow<'a, [u8]>,
    pub dest: Cow<'a, [u8]>,
    /// The body's type; empty if it has none.
    pub kind: Cow<'a, str>,
    /// The body.
    pub body: &'a [u8],
}

/// Whom a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A node, a client or a service.
    Peer(Peer),
    /// The harness itself.
    Harness,
}

/// The name under which the harness is addressed.
pub(super) const HARNESS: &str = "schism";

#[derive(Deserialize)]
struct AnyLayout<'a> {
    #[serde(borrow)]
    src: Cow<'a, str>,
    #[serde(borrow)]
    dest: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
}

impl<'a> Letter<'a> {
    /// Reads a line. Of a program of ours, whose lines are known to be JSON, only the envelope is
    /// looked at; of any other, all of it, since what one node gets wrong must not be blamed on
    /// those that receive it.
    pub fn read(line: &'a [u8], ours: bool) -> Result<Letter<'a>, String> {
        if ours
            && let Some(envelope) = schism_node::scan(line)
            && let Ok(kind) = std::str::from_utf8(envelope.kind)
        {
            return Ok(Letter {
                src: Cow::Borrowed(envelope.src),
                dest: Cow::Borrowed(envelope.dest),
                kind: Cow::Borrowed(kind),
                body: envelope.body,
            });
        }
        let any: AnyLayout = serde_json::from_slice(line).map_err(|e| match e.classify() {
            serde_json::error::Category::Data => format!("not a message ({e})"),
            _ => format!("not JSON ({e})"),
        })?;
        let typed: Typed = serde_json::from_str(any.body.get())
            .map_err(|e| format!("a message whose body is not an object with a type ({e})"))?;
        Ok(Letter {
            src: bytes(any.src),
            dest: bytes(any.dest),
            kind: typed.kind,
            body: any.body.get().as_bytes(),
        })
    }

    /// Whom it is for, if there is such a one in a run with this many nodes.
    pub fn address(&self, nodes: usize) -> Option<Address> {
        let dest = &*self.dest;
        let number = |digits: &[u8]| {
            // Leading zeros would give a node two names.
            let plain = digits == b"0" || !digits.starts_with(b"0");
            if !plain || !digits.first()?.is_ascii_digit() {
                return None;
            }
            std::str::from_utf8(digits).ok()?.parse::<u32>().ok()
        };
        match dest.split_first()? {
            (b'n', digits) if let Some(n) = number(digits) => {
                let node = u16::try_from(n).ok().filter(|&n| usize::from(n) < nodes)?;
                Some(Address::Peer(Peer::Node(NodeId(node))))
            }
            (b'c', digits) if let Some(c) = number(digits) => Some(Address::Peer(Peer::Client(c))),
            _ if dest == HARNESS.as_bytes() => Some(Address::Harness),
            _ => Services::find(dest).map(|service| Address::Peer(Peer::Service(service))),
        }
    }
}

fn bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// A line in a message for people: what can be shown of it, and not too much.
pub(super) fn quote(line: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = String::from_utf8_lossy(line);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], line.len()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(dest: &str) -> Option<Address> {
        let line = format!(r#"{{"src":"n0","dest":{dest:?},"body":{{"type":"x"}}}}"#);
        Letter::read(line.as_bytes(), false).unwrap().address(3)
    }

    #[test]
    fn addresses_are_names_that_exist() {
        assert_eq!(address("n2"), Some(Address::Peer(Peer::Node(NodeId(2)))));
        assert_eq!(address("c17"), Some(Address::Peer(Peer::Client(17))));
        assert_eq!(address("seq-kv"), Some(Address::Peer(Peer::Service(1))));
        assert_eq!(address("schism"), Some(Address::Harness));
        for nobody in ["n3", "n02", "n+1", "n", "c", "c-1", "n99999999999", "x", "", "N1", "lin"] {
            assert_eq!(address(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn any_layout_of_a_message_is_read() {
        let line =
            br#" {"body": {"msg_id": 1, "type": "a\u0062"}, "dest": "n1", "src": "n0", "id": 7}"#;
        for ours in [true, false] {
            let letter = Letter::read(line, ours).unwrap();
            assert_eq!((&*letter.src, &*letter.dest), (&b"n0"[..], &b"n1"[..]));
            assert_eq!(letter.kind, "ab");
            assert_eq!(letter.body, br#"{"msg_id": 1, "type": "a\u0062"}"#);
        }
        let untyped = br#"{"src":"n0","dest":"n1","body":{"gossip":[1]}}"#;
        assert_eq!(Letter::read(untyped, true).unwrap().kind, "");
    }

    #[test]
    fn what_is_no_message_is_named() {
        let why = |line: &str| Letter::read(line.as_bytes(), false).err().unwrap();
        assert!(why("hello").starts_with("not JSON (expected value"));
        assert!(why(r#"{"src":"n0","dest":"n1","body":{"type":"x"}"#).starts_with("not JSON (EOF"));
        assert!(why(r#"{"src":"n0","body":{}}"#).contains("missing field `dest`"));
        assert!(why(r#"{"src":1,"dest":"n1","body":{}}"#).starts_with("not a message"));
        assert!(why(r#"{"src":"n0","dest":"n1","body":[1]}"#).contains("body is not an object"));
        // An envelope in our own layout around a broken body: only strangers are checked.
        let broken = r#"{"src":"n0","dest":"n1","body":{"type":"x",}}"#;
        assert!(why(broken).starts_with("not JSON"));
        assert!(Letter::read(broken.as_bytes(), true).is_ok());
        assert!(quote(&[b'x'; 500]).ends_with("x\"… (500 bytes)"));
    }
}
