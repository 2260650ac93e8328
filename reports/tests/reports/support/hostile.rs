//! A run whose every text tries to break out of the page or the terminal.

use super::{MILLI, SECOND, Sample, Story};
use schism_checkers::{Finding, Status};
use schism_history::{Fate, NodeChange, OpKind};
use schism_reports::RunFacts;
use serde_json::json;

/// What must never be executed or obeyed.
pub const EVIL: &str =
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u{1b}[2J\u{202e}";

/// Hostile names, values, errors, faults, details and facts.
pub fn hostile() -> Sample {
    let mut story = Story::new(1);
    story.phases(MILLI, 900 * MILLI, SECOND);
    story.start(2);
    story.op(10 * MILLI, 0, OpKind::Invoke, EVIL, Some(1), EVIL, 0);
    story.op(20 * MILLI, 0, OpKind::Ok, EVIL, Some(1), EVIL, 0);
    story.event(30 * MILLI, 0, EVIL, Some(1), Some(1), EVIL);
    story.message(0, 1, EVIL, 31 * MILLI, MILLI, Fate::Lost);
    story.fault(0, EVIL, &[0], (5 * MILLI, 800 * MILLI), 3, EVIL);
    story.node(40 * MILLI, 0, NodeChange::Garbage(EVIL.into()));
    story.node(50 * MILLI, 0, NodeChange::Died(EVIL.into()));
    story.node(60 * MILLI, 1, NodeChange::Byzantine(EVIL.into()));
    let history = story.tell(EVIL, EVIL, 1, 2);
    let all = history.records.iter().map(|r| r.index).collect();
    let mut bad = Finding::bad(EVIL, Status::Violated, EVIL, all);
    bad.details = json!({ EVIL: [EVIL, {"deep": EVIL}] });
    let facts = RunFacts {
        command: EVIL.into(),
        version: EVIL.into(),
        started: EVIL.into(),
        containment: EVIL.into(),
        faults_planned: Some(2),
        report: EVIL.into(),
        environment: vec![EVIL.into()],
        marks: [(EVIL.to_owned(), 1)].into(),
    };
    Sample { history, findings: vec![bad, Finding::kept(EVIL, 1, 0, EVIL)], facts }
}
