//! Rounds: written by hand, and lawless against a slow oracle.

use crate::compared::compare;
use crate::draw::{self, Weather};
use crate::oracle::World;
use crate::support::{Rng, Tape};
use schism_checkers::Status::{Holds, Unknown, Vacuous, Violated};
use schism_history::{Entry, Fate, Message, Peer};

#[test]
fn rounds_of_decisions() {
    let mut t = Tape::new(4);
    assert_eq!(t.status("consensus", "round bound"), Unknown);
    t.0.meta.facts.insert("f".into(), "3".into());
    t.kill(3);
    t.numbered(0, "decide", 3, 1);
    assert_eq!(t.status("consensus", "early stopping"), Holds);
    t.numbered(1, "decide", 4, 1);
    assert_eq!(t.status("consensus", "round bound"), Holds);
    let finding = t.judge("consensus", "early stopping");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n1 decided 1 in round 4 at 0.030 s; with 1 faults of at most 3, 3 rounds are allowed"
    );
    t.numbered(1, "deliver", 5, 1);
    assert_eq!(t.status("consensus", "round bound"), Violated);
}

fn last_message(tape: &mut Tape) -> &mut Message {
    match tape.0.records.last_mut().map(|record| &mut record.entry) {
        Some(Entry::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages() {
    let mut t = Tape::new(3);
    assert_eq!(t.status("consensus", "message bound"), Vacuous);
    let begins = |t: &mut Tape, number| t.event(0, "round", None, Some(number), "Data");
    let said = |t: &mut Tape, dest, ms: u64| t.message(0, dest, ms * 1_000_000, Fate::Delivered);
    begins(&mut t, 1);
    said(&mut t, 1, 11);
    said(&mut t, 2, 12);
    let copied_by_a_fault = last_message(&mut t).clone();
    t.push(Entry::Message(copied_by_a_fault));
    begins(&mut t, 2);
    said(&mut t, 1, 50);
    assert_eq!(t.status("consensus", "message bound"), Holds);
    let broken = |at| {
        let mut bad = t.clone();
        said(&mut bad, 1, at);
        let finding = bad.judge("consensus", "message bound");
        assert_eq!(finding.status, Violated);
        finding.explanation
    };
    assert_eq!(broken(60), "n0 sent n1 a second Data in round 2, at 0.060 s");
    assert_eq!(broken(20), "n0 sent n1 a second Data in round 1, at 0.020 s");
    assert_eq!(broken(5), "n0 sent n1 a Data at 0.005 s, before its first round had begun");
    let mut two_rounds_at_once = t.clone();
    let at = begins(&mut two_rounds_at_once, 3) as usize;
    begins(&mut two_rounds_at_once, 4);
    two_rounds_at_once.0.records[at + 1].time = two_rounds_at_once.0.records[at].time;
    said(&mut two_rounds_at_once, 1, 100);
    said(&mut two_rounds_at_once, 1, 100);
    assert_eq!(two_rounds_at_once.status("consensus", "message bound"), Holds);
    said(&mut two_rounds_at_once, 1, 100);
    let finding = two_rounds_at_once.judge("consensus", "message bound");
    assert_eq!(finding.explanation, "n0 sent n1 a second Data in round 4, at 0.100 s");
    let mut not_in_rounds = t.clone();
    said(&mut not_in_rounds, 1, 60);
    last_message(&mut not_in_rounds).kind = "Other".into();
    assert_eq!(not_in_rounds.status("consensus", "message bound"), Holds);
    t.0.meta.facts.insert("messages-all-below".into(), "1".into());
    t.0.meta.facts.insert("messages-one-in".into(), "4".into());
    assert_eq!(t.status("consensus", "message bound"), Unknown);
}

const WEATHER: Weather = Weather { restarts: false, liars: true, instances: true };
const F: u64 = 2;

/// Decisions in one of the first rounds, rounds that begin, and what is said in them.
fn drawn(rng: &mut Rng, weather: Weather) -> Tape {
    let mut begun = [0; 8];
    let mut tape = draw::lawless(rng, weather, 12, |rng, tape, node| {
        let now = (tape.0.records.len() as u64 + 1) * 10_000_000;
        match rng.below(6) {
            0 => {
                let round = 1 + rng.next() % (F + 2);
                tape.numbered(node, "decide", round, 1);
            }
            1 | 2 => {
                begun[usize::from(node)] += 1;
                tape.event(node, "round", None, Some(begun[usize::from(node)]), "Data");
            }
            _ => {
                let dest = rng.node(tape.0.meta.nodes);
                tape.message(node, dest, now - rng.next() % 3 * 4_000_000, Fate::Delivered);
                if rng.chance(20) {
                    let copy = last_message(tape).clone();
                    tape.push(Entry::Message(copy));
                }
            }
        }
    });
    tape.0.meta.facts.insert("f".into(), F.to_string());
    tape
}

/// Whether somebody decided too late, with t told by `known`.
fn too_late(w: &World, early: bool) -> bool {
    w.of("decide").filter(|e| w.honest(e.node)).any(|e| {
        let fell = |n: &usize| w.crashes.iter().any(|c| c.0 == *n && c.1 < e.index);
        let crashed = (0..w.nodes).filter(fell).count() as u64;
        let t = crashed + w.liars.len() as u64;
        let bound = if early { (t + 2).min(F + 1) } else { F + 1 };
        e.number.is_some_and(|round| round > bound)
    })
}

/// Whether somebody said too much: two messages without the beginning of a round between them, or
/// one without any before it.
fn too_many(w: &World, tape: &Tape) -> bool {
    let mut sent: Vec<(usize, usize, u64, u64)> = Vec::new();
    for record in &tape.0.records {
        let Entry::Message(m) = &record.entry else { continue };
        let (Peer::Node(src), Peer::Node(dest)) = (m.src, m.dest) else { continue };
        sent.push((usize::from(src.0), usize::from(dest.0), m.sent, m.id));
    }
    let began = |p: usize, after: Option<u64>, by: u64| {
        w.of("round").any(|e| e.node == p && after.is_none_or(|a| e.time > a) && e.time <= by)
    };
    let in_rounds = |p: usize| w.of("round").any(|e| e.node == p);
    sent.iter().filter(|a| w.honest(a.0) && in_rounds(a.0)).any(|a| {
        let same_round = |b: &&(usize, usize, u64, u64)| {
            (a.0, a.1) == (b.0, b.1) && a.3 != b.3 && !began(a.0, Some(a.2.min(b.2)), a.2.max(b.2))
        };
        !began(a.0, None, a.2) || sent.iter().any(|b| same_round(&b))
    })
}

#[test]
fn as_the_oracle_says() {
    for (property, early) in [("round bound", false), ("early stopping", true)] {
        let oracle = |w: &World, _: &Tape| too_late(w, early);
        compare("consensus", property, WEATHER, drawn, |_| true, oracle);
    }
    compare("consensus", "message bound", WEATHER, drawn, |_| true, too_many);
}
