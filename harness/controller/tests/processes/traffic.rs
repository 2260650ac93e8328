//! Messages between nodes and with clients.

use super::play::{Hands, Seen, ours, play};
use schism_history::{Fate, NodeId, Peer, Value};
use schism_nemesis::{Delay, LinkRule};
use serde_json::json;
use std::time::Duration;

pub fn clients_are_answered() {
    let mut asked = 0;
    let seen = play(3, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            for node in 0..3 {
                hands.ask(
                    node.into(),
                    node,
                    json!({"type": "echo", "echo": "naïve \"\n\u{1F600}"}),
                );
            }
            hands.ask(7, 1, json!({"type": "no-such-question"}));
            hands.ask(8, 1, json!({"type": "echo", "echo": 3}));
        }
        Seen::Reply(..) => {
            asked += 1;
            if asked == 5 {
                hands.finish();
            }
        }
        _ => {}
    })
    .unwrap();
    let reply = |client| {
        let is = |s: &&Seen| matches!(s, Seen::Reply(c, _) if *c == client);
        let Some(Seen::Reply(_, body)) = seen.iter().find(is) else { panic!("no reply") };
        body.clone()
    };
    for client in 0..3 {
        let body = reply(client);
        assert_eq!(body["type"], "echo_ok");
        assert_eq!(body["echo"], "naïve \"\n\u{1F600}");
        assert_eq!(body["in_reply_to"], client + 1);
    }
    assert_eq!((&reply(7)["type"], &reply(7)["code"]), (&json!("error"), &json!(10)));
    assert_eq!((&reply(8)["type"], &reply(8)["code"]), (&json!("error"), &json!(12)));
    assert_eq!(reply(8)["in_reply_to"], 5);
}

pub fn a_flood_does_not_deadlock() {
    // Every node writes 20 MB before it reads anything: far more than pipes and queues hold.
    let mut done = 0;
    play(3, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            for node in 0..3 {
                hands.ask(node.into(), node, json!({"type": "flood", "count": 10_000}));
            }
        }
        Seen::Reply(_, body) => {
            assert_eq!(body["type"], "done");
            done += 1;
            if done == 3 {
                hands.finish();
            }
        }
        Seen::Died(..) | Seen::Garbage(..) => panic!("{seen:?}"),
        _ => {}
    })
    .unwrap();
    assert_eq!(done, 3);
}

pub fn a_stopped_node_stops_nobody_else() {
    // n2 is stopped and left with megabytes unread; n0 and n1 go on talking, and nothing is lost.
    let mut replies: Vec<u32> = Vec::new();
    play(3, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.pause(2),
        Seen::Confirmed(2, _) => {
            hands.ask(0, 0, json!({"type": "flood", "count": 5_000}));
            hands.ask(1, 1, json!({"type": "flood", "count": 5_000}));
            hands.alarm(300_000, 0);
        }
        Seen::Alarm(_) => {
            assert!(replies.is_empty(), "{replies:?}");
            hands.ask(2, 0, json!({"type": "echo", "echo": "still here"}));
        }
        Seen::Reply(client, _) => {
            replies.push(*client);
            if *client == 2 {
                hands.resume(2);
            }
            if replies.len() == 3 {
                hands.finish();
            }
        }
        _ => {}
    })
    .unwrap();
    assert_eq!(replies[0], 2);
}

fn link(src: u16, dest: u16, rule: LinkRule) -> [(Peer, Peer, LinkRule); 1] {
    [(Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)), rule)]
}

pub fn link_rules_hold_between_processes() {
    let ping = |to: u16| json!({"type": "ping", "to": to});
    let delay = Delay::Constant(Duration::from_millis(30));
    let mut begun = 0;
    let mut thawed = false;
    let seen = play(4, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            let slow = LinkRule { delay: Some(delay), ..LinkRule::default() };
            hands.fabric.begin(0, link(0, 1, slow));
            let twice = LinkRule { duplicate: 1.0, ..LinkRule::default() };
            hands.fabric.begin(3, link(2, 3, twice));
            hands.fabric.begin(1, link(0, 2, LinkRule { cut: true, ..LinkRule::default() }));
            hands.fabric.begin(2, link(3, 0, LinkRule { freeze: true, ..LinkRule::default() }));
            begun = hands.now;
            hands.ask(1, 0, ping(1));
            hands.ask(4, 2, ping(3));
        }
        Seen::Reply(4, _) => {}
        Seen::Reply(1, _) => {
            assert!(hands.now - begun >= 30_000_000);
            hands.ask(2, 0, ping(2));
            hands.ask(3, 3, ping(0));
            hands.alarm(50_000, 0);
        }
        Seen::Alarm(_) => {
            thawed = true;
            hands.fabric.end(2);
            hands.thaw();
        }
        Seen::Reply(3, _) => {
            assert!(thawed);
            hands.finish();
        }
        Seen::Reply(..) => panic!("{seen:?} through a partition"),
        _ => {}
    })
    .unwrap();
    let fates = |src, dest| {
        let ends = (Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)));
        let all = seen.iter().filter_map(|s| match s {
            Seen::Message(m) if (m.src, m.dest) == ends => Some((&*m.kind, m.fate)),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    assert_eq!(fates(0, 1), [("Request", Fate::Delivered)]);
    assert_eq!(fates(2, 3), [("Request", Fate::Delivered), ("Request", Fate::Duplicated)]);
    assert_eq!(fates(0, 2), [("Request", Fate::Cut)]);
    assert_eq!(fates(3, 0), [("Request", Fate::Delivered)]);
    assert_eq!(fates(0, 3), [("Ack", Fate::Delivered)]);
}

pub fn notes_and_marks_are_told() {
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.ask(0, 0, json!({"type": "tell"})),
        Seen::Reply(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let Seen::Note(note) = &seen[2] else { panic!("{seen:?}") };
    assert_eq!((note.node, &*note.kind, note.peer), (NodeId(0), "lead", Some(NodeId(0))));
    assert_eq!((note.number, &note.value), (Some(7), &Value::Str("seven".into())));
    assert_eq!(seen[3], Seen::Mark("told".into()));
    assert!(matches!(seen[4], Seen::Reply(..)));
}

pub fn timers_go_off() {
    let mut begun = 0;
    let mut order = Vec::new();
    play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            begun = hands.now;
            for (client, ms) in [(0, 60), (1, 20), (2, 40)] {
                hands.ask(client, 0, json!({"type": "wait", "ms": ms}));
            }
        }
        Seen::Reply(client, _) => {
            order.push(*client);
            if order.len() == 3 {
                assert!(hands.now - begun >= 60_000_000);
                hands.finish();
            }
        }
        _ => {}
    })
    .unwrap();
    assert_eq!(order, [1, 2, 0]);
}

/// Two nodes have written several messages before any is read; what the script wants on every
/// single one holds neither node's others back. Nobody writes again who would bring them along.
pub fn who_is_interrupted_is_heard_out() {
    const ROUNDS: usize = 20;
    let flood = |hands: &mut Hands| {
        for node in 0..2 {
            hands.ask(node.into(), node, json!({"type": "flood", "count": 2}));
        }
        hands.ask(2, 2, json!({"type": "echo", "echo": "so that both have written"}));
    };
    let mut sent = 0;
    play(4, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            let cut = LinkRule { cut: true, ..LinkRule::default() };
            hands.fabric.begin(0, link(0, 1, cut));
            hands.fabric.begin(1, link(1, 0, cut));
            flood(hands);
        }
        // Nobody reads the two until both have written; how long that takes changes no verdict.
        Seen::Reply(2, _) => std::thread::sleep(Duration::from_millis(2)),
        Seen::Sent(0 | 1) => {
            sent += 1;
            hands.thaw();
            match sent {
                last if last == ROUNDS * 12 => hands.finish(),
                whole if whole % 12 == 0 => flood(hands),
                _ => {}
            }
        }
        _ => {}
    })
    .unwrap();
    assert_eq!(sent, ROUNDS * 12);
}
