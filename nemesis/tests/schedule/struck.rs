//! Nodes that are struck by what they do themselves, and those that lie.

use super::{Host, SECOND, fault, kill, nodes};
use schism_history::{FaultEdge, NodeId, Peer};
use schism_nemesis::{
    Action, AfterKill, Delay, DiskFault, Fault, Moment, Occasion, Plan, Roles, Schedule, Target,
    Turn, What,
};
use std::collections::BTreeSet;
use std::time::Duration;

/// The links that a fault of this kind around n1 and n2 of four nodes changes.
fn links(what: What) -> BTreeSet<(Peer, Peer)> {
    let mut schedule =
        Schedule::new(Plan { faults: vec![fault(1, 3, what, nodes(&[1, 2]))] }, 4, 1);
    let actions = schedule.due(SECOND, &Roles { leader: None, up: &[true; 4] });
    let rules = actions.into_iter().find_map(|action| match action {
        Action::BeginLinks { rules, .. } => Some(rules),
        _ => None,
    });
    rules.into_iter().flatten().map(|(src, dest, _)| (src, dest)).collect()
}

#[test]
fn who_lags_hears_others_as_before_and_its_like_hears_it() {
    let long = Delay::Constant(Duration::from_millis(50));
    let link = |src, dest| (Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)));
    let expected = BTreeSet::from([link(1, 0), link(1, 3), link(2, 0), link(2, 3)]);
    assert_eq!(links(What::Lag(long)), expected);
    assert_eq!(links(What::Delay(long)).len(), 10);
}

#[test]
fn a_node_that_is_turned_lies_to_others_only() {
    for (turn, links) in [(Turn::Mute, 4), (Turn::Replay, 4), (Turn::Equivocate, 2)] {
        let mut schedule =
            Schedule::new(Plan { faults: vec![fault(1, 3, What::Turn(turn), nodes(&[2]))] }, 5, 1);
        let roles = Roles { leader: None, up: &[true; 5] };
        let actions = schedule.due(SECOND, &roles);
        assert!(actions.contains(&Action::Turned { node: NodeId(2), turn }), "{actions:?}");
        let rules = actions.iter().find_map(|action| match action {
            Action::BeginLinks { rules, .. } => Some(rules),
            _ => None,
        });
        let rules = rules.expect("what it says is tampered with");
        assert_eq!(rules.len(), links, "{turn}");
        assert!(rules.iter().all(|(src, ..)| *src == Peer::Node(NodeId(2))), "{rules:?}");
        let ended = schedule.due(3 * SECOND, &roles);
        assert_eq!(ended, [Action::EndLinks { fault: 0 }, Action::Ended { fault: 0 }]);
    }
}

#[test]
fn a_new_leader_falls_at_its_third_word() {
    let when = Some(Moment::any_message(3));
    let kill = Fault { when, ..fault(1, 2, kill(AfterKill::KeepDisk), Target::NewLeader) };
    let mut host = Host::new(vec![kill], 3, 1);
    host.run(4 * SECOND);
    let (n0, n1, n2) = (NodeId(0), NodeId(1), NodeId(2));
    assert!(!host.schedule.sent(4 * SECOND, "x", n0, n1), "nobody has begun to lead");
    host.schedule.leader_rose(5 * SECOND, n0);
    assert!(!host.schedule.sent(5 * SECOND, "x", n0, n1));
    assert!(!host.schedule.sent(5 * SECOND, "x", n0, n1));
    // Another one takes over before the third, and is counted anew.
    host.schedule.leader_rose(6 * SECOND, n1);
    assert!(!host.schedule.sent(6 * SECOND, "x", n0, n1));
    assert!(!host.schedule.sent(6 * SECOND, "x", n1, n2));
    assert!(!host.schedule.sent(6 * SECOND, "x", n1, n0));
    assert!(host.schedule.sent(7 * SECOND, "x", n1, n2));
    host.run(7 * SECOND);
    assert_eq!(host.up, [true, false, true]);
    host.run(99 * SECOND);
    assert_eq!(host.up, [true; 3]);
    assert_eq!(host.log[3], "8 end, touched 1: n1 is gone");
}

#[test]
fn a_new_leader_falls_when_it_is_asked_and_only_if_it_can_be_spared() {
    let asked = Moment { occasion: Occasion::Request { at: None }, ..Moment::any_message(2) };
    let told = Moment {
        occasion: Occasion::Event { kind: "any".into(), at: None },
        ..Moment::any_message(1)
    };
    let strike = |when| Fault {
        when: Some(when),
        ..fault(1, 3, kill(AfterKill::KeepDisk), Target::NewLeader)
    };
    let mut host = Host::new(vec![strike(asked), strike(told)], 3, 1);
    host.run(2 * SECOND);
    let (n0, n1) = (NodeId(0), NodeId(1));
    host.schedule.leader_rose(4 * SECOND, n0);
    host.schedule.asked(4 * SECOND, n0);
    host.schedule.asked(4 * SECOND, n1);
    host.run(4 * SECOND);
    assert_eq!(host.up, [true; 3], "n0 was asked once");
    host.schedule.asked(5 * SECOND, n0);
    host.run(5 * SECOND);
    assert_eq!(host.up, [false, true, true]);
    host.schedule.leader_rose(6 * SECOND, n1);
    host.schedule.told(6 * SECOND, "commit", n1);
    host.run(6 * SECOND);
    assert_eq!(host.up, [false, true, true], "n1 cannot be spared");
    host.run(7 * SECOND);
    assert_eq!(host.up, [true, false, true], "until n0 is back");
    host.run(9 * SECOND);
    assert_eq!(host.up, [true; 3]);
}

#[test]
fn a_node_whose_disk_fails_is_down_until_that_ends() {
    let disk = |disk| What::Disk(disk);
    let slow = DiskFault::Slow(Duration::from_millis(20));
    let mut host = Host::new(
        vec![
            fault(1, 5, disk(DiskFault::Eio), nodes(&[0])),
            fault(2, 6, disk(slow), nodes(&[0])),
            fault(2, 3, disk(DiskFault::Slow(Duration::from_millis(5))), nodes(&[0])),
            fault(3, 4, kill(AfterKill::WipeDisk), nodes(&[0])),
            fault(1, 5, disk(DiskFault::Enospc), nodes(&[1])),
        ],
        3,
        1,
    );
    host.run(SECOND);
    assert!(host.schedule.succumbed(0, NodeId(0)), "it is down until the fault ends");
    assert!(!host.schedule.succumbed(0, NodeId(2)), "that has nothing to do with it");
    host.up[0] = false;
    host.run(4 * SECOND);
    assert!(!host.up[0], "the kill has ended, the disk still fails");
    host.run(5 * SECOND);
    assert!(host.up[0] && host.wiped.contains(&NodeId(0)));
    host.schedule.slowed(1, 20_000_000);
    host.schedule.slowed(1, 21_000_000);
    host.run(6 * SECOND);
    assert!(!host.schedule.succumbed(0, NodeId(0)), "too late");
    let end = host.schedule.record(1, FaultEdge::End);
    assert_eq!((end.touched, &*end.detail), (2, "2 syncs took 41ms longer"));
    assert_eq!(host.schedule.record(4, FaultEdge::End).touched, 0, "n1 stored nothing");
    let said = |what: &str| host.log.iter().filter(|line| line.contains(what)).count();
    let slow =
        "has Trouble { fails: None, slow: Some((1, 20000000)), memory: None, descriptors: None }";
    assert_eq!((said(slow), said("n0 has Trouble")), (1, 6), "{:#?}", host.log);
}
