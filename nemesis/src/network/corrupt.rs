//! A message that arrives altered.

/// Alters one digit or letter of a message's body, and nothing of its structure: the destination
/// can still read the line and must cope with what it says.
///
/// The number decides which one, and what it becomes. Nothing happens to a body that has neither.
pub fn corrupt(body: &mut [u8], number: u64) {
    let places = places(body);
    if places.is_empty() {
        return;
    }
    let place = places[(number % places.len() as u64) as usize];
    let turn = 1 + (number >> 32) % 8;
    let rotate =
        |byte: u8, first: u8, count: u64| first + ((u64::from(byte - first) + turn) % count) as u8;
    body[place] = match body[place] {
        // No number may begin with a zero, so none is made.
        byte @ b'1'..=b'9' => rotate(byte, b'1', 9),
        byte @ b'a'..=b'z' => rotate(byte, b'a', 26),
        byte @ b'A'..=b'Z' => rotate(byte, b'A', 26),
        other => other,
    };
}

/// Where a byte can be altered: digits that are not zero, and letters of strings, the names of
/// fields aside.
fn places(body: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'1'..=b'9' => places.push(at),
            b'"' => {
                let (inside, after) = string(body, at);
                if body.get(after) != Some(&b':') {
                    places.extend(inside);
                }
                at = after;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    places
}

/// The letters and digits of the string that begins here, and where it ends.
fn string(body: &[u8], quote: usize) -> (Vec<usize>, usize) {
    let mut inside = Vec::new();
    let mut at = quote + 1;
    while at < body.len() && body[at] != b'"' {
        match body[at] {
            b'\\' if body.get(at + 1) == Some(&b'u') => at += 5,
            b'\\' => at += 1,
            b'1'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => inside.push(at),
            _ => {}
        }
        at += 1;
    }
    (inside, (at + 1).min(body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn values_change_and_structure_stays() {
        let body = r#"{"type":"Ack","m":{"seq":10,"e":1.5e-3,"t":"a\u00e9\n\"z"},"ok":true}"#;
        let keys = |v: &Value| v["m"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let before: Value = serde_json::from_str(body).unwrap();
        for number in (0..4096u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            let mut altered = body.as_bytes().to_vec();
            corrupt(&mut altered, number);
            let differing = altered.iter().zip(body.as_bytes()).filter(|(a, b)| a != b).count();
            assert_eq!(differing, 1);
            let after: Value = serde_json::from_slice(&altered).unwrap();
            assert_ne!(before, after);
            assert_eq!(keys(&before), keys(&after));
        }
    }

    #[test]
    fn a_body_without_anything_to_alter_stays() {
        for body in ["{}", "", "\"", r#"{"a":0}"#, r#"{"a":null}"#, r#"{"a":"\u1234"#] {
            let mut altered = body.as_bytes().to_vec();
            corrupt(&mut altered, u64::MAX);
            assert_eq!(altered, body.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut body: Vec<u8>, number: u64) {
            corrupt(&mut body, number);
        }
    }
}
