//! Checks of the run itself rather than of what the system promised.

use schism_checkers::{Budget, Check, Finding, Status};
use schism_history::{Entry, FaultEdge, History, NodeChange};
use std::collections::BTreeMap;

/// That no node ended unasked or broke the protocol with the harness.
pub(crate) struct NodesKeepRunning;

impl Check for NodesKeepRunning {
    fn property(&self) -> &str {
        "nodes keep running"
    }

    fn check(&self, history: &History, _: &Budget) -> Finding {
        let mut started = 0;
        for record in &history.records {
            let Entry::Node(event) = &record.entry else { continue };
            let (verb, how) = match &event.change {
                NodeChange::Started { .. } => {
                    started += 1;
                    continue;
                }
                NodeChange::Died(how) => ("ended unasked", how),
                NodeChange::Garbage(line) => ("broke the protocol with the harness", line),
                _ => continue,
            };
            let text = format!("{} {verb}: {how}", event.node);
            return Finding::bad(self.property(), Status::Violated, text, vec![record.index]);
        }
        Finding::kept(self.property(), started, started, "watched to the end")
    }
}

/// That what the plan said was really done to something.
pub(crate) struct FaultsLanded;

impl Check for FaultsLanded {
    fn property(&self) -> &str {
        "faults landed"
    }

    fn check(&self, history: &History, _: &Budget) -> Finding {
        let mut faults: BTreeMap<u32, (u64, String)> = BTreeMap::new();
        for record in &history.records {
            let Entry::Fault(fault) = &record.entry else { continue };
            let known = faults.entry(fault.id).or_insert((0, fault.what.to_string()));
            if fault.edge == FaultEdge::End {
                known.0 = known.0.max(fault.touched);
            }
        }
        let planned = faults.len() as u64;
        let missed: Vec<&str> =
            faults.values().filter(|(touched, _)| *touched == 0).map(|(_, w)| w.as_str()).collect();
        let landed = planned - missed.len() as u64;
        if planned == 0 {
            let text = "no fault was planned";
            return Finding::bad(self.property(), Status::Holds, text, Vec::new());
        }
        let mut text = format!("{landed} of {planned} faults touched something");
        if !missed.is_empty() {
            text.push_str(&format!("; not so: {}", missed.join(", ")));
        }
        let status = if landed * 2 < planned { Status::Vacuous } else { Status::Holds };
        Finding::bad(self.property(), status, text, Vec::new()).counted(planned, landed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schism_history::{Fault, NodeEvent, NodeId, Record};

    fn history(entries: Vec<Entry>) -> History {
        let record = |(i, entry)| Record { index: i as u64, time: i as u64, entry };
        History {
            records: entries.into_iter().enumerate().map(record).collect(),
            ..History::default()
        }
    }

    fn fault(id: u32, edge: FaultEdge, touched: u64) -> Entry {
        let what = format!("fault {id}").into();
        Entry::Fault(Fault { id, edge, what, targets: vec![], touched, detail: "".into() })
    }

    #[test]
    fn a_run_whose_faults_mostly_missed_is_vacuous() {
        use FaultEdge::{Begin, End};
        let budget = Budget::default();
        let none = FaultsLanded.check(&history(vec![]), &budget);
        assert_eq!(none.status, Status::Holds);
        let both = vec![fault(0, Begin, 0), fault(0, End, 3), fault(1, Begin, 0), fault(1, End, 1)];
        assert_eq!(FaultsLanded.check(&history(both), &budget).status, Status::Holds);
        let missed = vec![fault(0, Begin, 0), fault(0, End, 0), fault(1, Begin, 0)];
        let finding = FaultsLanded.check(&history(missed), &budget);
        assert_eq!(finding.status, Status::Vacuous);
        assert!(finding.explanation.contains("fault 0, fault 1"), "{}", finding.explanation);
    }

    #[test]
    fn a_node_that_dies_unasked_is_found_and_one_that_was_killed_is_not() {
        let event = |change| Entry::Node(NodeEvent { node: NodeId(2), change });
        let started = event(NodeChange::Started { incarnation: 0, with_disk: false });
        let budget = Budget::default();
        let killed = history(vec![started.clone(), event(NodeChange::Killed)]);
        assert_eq!(NodesKeepRunning.check(&killed, &budget).status, Status::Holds);
        let died = history(vec![started, event(NodeChange::Died("exit status 1".into()))]);
        let finding = NodesKeepRunning.check(&died, &budget);
        assert_eq!(finding.status, Status::Violated);
        assert_eq!(finding.witness, [1]);
        assert_eq!(finding.explanation, "n2 ended unasked: exit status 1");
    }
}
