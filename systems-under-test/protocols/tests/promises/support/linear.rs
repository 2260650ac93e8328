//! A plain search for a linearization of operations on one key (Wing and Gong, memoised).

use super::Operation;
use std::collections::HashSet;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Read(Option<i64>),
    Write(i64),
    /// From, to, and whether it succeeded.
    Cas(i64, i64, bool),
}

#[derive(Clone, Copy, Debug)]
pub struct Op {
    pub invoked: Duration,
    /// Nothing if it may take effect any time later, or never.
    pub returned: Option<Duration>,
    pub action: Action,
}

/// Operations that have surely not happened, and reads without an answer, say nothing.
pub fn operations(of: &[Operation], key: u64) -> Vec<Op> {
    let of_key = of.iter().filter(|o| o.question["key"].as_u64().unwrap_or(0) == key);
    of_key.filter_map(operation).collect()
}

fn operation(o: &Operation) -> Option<Op> {
    let reply = o.reply.as_ref().map(|(_, body)| body);
    let kind = reply.and_then(|body| body["type"].as_str());
    let code = reply.and_then(|body| body["code"].as_u64());
    let int = |field: &str| o.question[field].as_i64().expect("an integer");
    let action = match (o.question["type"].as_str()?, kind, code) {
        (_, Some("error"), Some(10 | 11)) | ("read", None, _) => return None,
        ("read", Some("read_ok"), _) => Action::Read(reply.and_then(|b| b["value"].as_i64())),
        ("read", Some("error"), Some(20)) => Action::Read(None),
        ("write", None | Some("write_ok"), _) => Action::Write(int("value")),
        ("cas", None | Some("cas_ok"), _) => Action::Cas(int("from"), int("to"), true),
        // A liar's answer to another question: nothing that a store could have said.
        ("cas", Some("read_ok"), _) => Action::Read(Some(i64::MIN)),
        ("cas", Some("error"), Some(20 | 22)) => Action::Cas(int("from"), int("to"), false),
        other => panic!("what is {other:?}?"),
    };
    Some(Op { invoked: o.invoked, returned: o.reply.as_ref().map(|(at, _)| *at), action })
}

pub fn linearizable(mut ops: Vec<Op>) -> bool {
    ops.sort_by_key(|op| op.invoked);
    let mut dead_ends = HashSet::new();
    search(&ops, &mut vec![false; ops.len()], None, &mut dead_ends)
}

fn search(
    ops: &[Op],
    done: &mut Vec<bool>,
    value: Option<i64>,
    dead_ends: &mut HashSet<(Vec<bool>, Option<i64>)>,
) -> bool {
    let pending = |i: &usize| !done[*i];
    if (0..ops.len()).filter(pending).all(|i| ops[i].returned.is_none()) {
        return true;
    }
    if dead_ends.contains(&(done.clone(), value)) {
        return false;
    }
    let first_return =
        (0..ops.len()).filter(pending).filter_map(|i| ops[i].returned).min().expect("one returned");
    let candidates: Vec<usize> =
        (0..ops.len()).filter(pending).filter(|&i| ops[i].invoked <= first_return).collect();
    for i in candidates {
        let next = match ops[i].action {
            Action::Read(seen) if seen == value => value,
            Action::Write(written) => Some(written),
            Action::Cas(from, to, true) if value == Some(from) => Some(to),
            Action::Cas(from, _, false) if value != Some(from) => value,
            _ => continue,
        };
        done[i] = true;
        let found = search(ops, done, next, dead_ends);
        done[i] = false;
        if found {
            return true;
        }
    }
    dead_ends.insert((done.clone(), value));
    false
}

#[test]
fn a_search_knows_right_from_wrong() {
    let op =
        |from, to, action| Op { invoked: super::MS * from, returned: Some(super::MS * to), action };
    use Action::*;
    let write = op(0, 10, Write(1));
    assert!(linearizable(vec![write, op(2, 3, Read(Some(1))), op(4, 5, Read(Some(1)))]));
    assert!(!linearizable(vec![write, op(2, 3, Read(Some(1))), op(4, 5, Read(None))]));
    assert!(!linearizable(vec![write, op(11, 12, Read(None))]));
    let lost = Op { returned: None, ..write };
    assert!(linearizable(vec![lost, op(11, 12, Read(None)), op(13, 14, Read(Some(1)))]));
    assert!(!linearizable(vec![write, op(11, 12, Cas(2, 3, true))]));
    assert!(linearizable(vec![write, op(11, 12, Cas(2, 3, false))]));
}
