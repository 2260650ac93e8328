//! Kills, restarts, pauses and deaths.

use super::play::{Seen, ours, play};
use schism_history::{Fate, NodeId, Peer, Skew};
use schism_run::Disk;
use serde_json::json;

pub fn acknowledged_stores_survive_kills() {
    // One client adds as fast as it can; the node is killed forty times, wherever it may be, and
    // must never come back with less than it had acknowledged or more than it was asked.
    const KILLS: u64 = 40;
    let (mut acknowledged, mut asked, mut kills) = (0, 0, 0);
    let mut dice = 7u64;
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::Ready(0) => {
            hands.ask(0, 0, json!({"type": "read"}));
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            hands.alarm((dice >> 33) % 3000, kills);
        }
        Seen::Reply(_, body) => {
            let total = body["total"].as_u64().unwrap();
            assert!(total >= acknowledged && total <= asked, "{acknowledged} {total} {asked}");
            if kills == KILLS && body["incarnation"] == kills {
                return hands.finish();
            }
            acknowledged = total;
            asked = total + 1;
            hands.ask(0, 0, json!({"type": "add"}));
        }
        Seen::Alarm(life) if *life == kills && kills < KILLS => {
            kills += 1;
            hands.kill(0);
            hands.start(0, Disk::Kept);
        }
        Seen::Died(..) | Seen::Garbage(..) => panic!("{seen:?}"),
        _ => {}
    })
    .unwrap();
    assert_eq!(kills, KILLS);
    assert!(acknowledged > KILLS, "{acknowledged} acknowledged");
    let dead = |s: &&Seen| **s == Seen::Confirmed(0, "was seen dead".into());
    assert_eq!(seen.iter().filter(dead).count() as u64, KILLS);
}

pub fn a_wiped_disk_is_empty() {
    let mut totals = Vec::new();
    play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.ask(0, 0, json!({"type": "add"})),
        Seen::Ready(_) => hands.ask(0, 0, json!({"type": "read"})),
        Seen::Reply(_, body) => {
            totals.push((body["incarnation"].as_u64().unwrap(), body["total"].as_u64().unwrap()));
            match totals.len() {
                2 => {
                    hands.kill(0);
                    hands.start(0, Disk::Kept);
                }
                3 => {
                    hands.kill(0);
                    hands.start(0, Disk::Wiped);
                }
                4 => hands.finish(),
                _ => {}
            }
        }
        _ => {}
    })
    .unwrap();
    assert_eq!(totals[1..], [(0, 1), (1, 1), (2, 0)]);
}

pub fn a_pause_is_seen() {
    let mut stopped = false;
    let mut resumed = false;
    play(2, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.pause(1),
        Seen::Confirmed(1, how) => {
            assert_eq!(how, "was seen stopped");
            stopped = true;
            hands.ask(0, 1, json!({"type": "read"}));
            hands.alarm(100_000, 0);
        }
        Seen::Alarm(_) => {
            resumed = true;
            hands.resume(1);
        }
        Seen::Reply(..) => {
            assert!(stopped && resumed);
            hands.finish();
        }
        _ => {}
    })
    .unwrap();
}

pub fn a_clock_that_jumps_ahead_sets_off_timers() {
    let hour = Skew { since: 0, offset: 3_600_000_000_000, ppm: 0 };
    let mut gone_off = false;
    let seen = play(2, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            hands.ask(0, 1, json!({"type": "wait", "ms": 3_000_000}));
            hands.clock(4, 1, hour);
        }
        Seen::Reply(0, _) => {
            gone_off = true;
            hands.kill(1);
            hands.start(1, Disk::Kept);
            hands.clock(4, 1, hour);
        }
        Seen::Ready(1) if gone_off => hands.clock(4, 1, Skew::default()),
        Seen::Clock(_, _, 0) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let read = |ahead| Seen::Clock(4, 1, ahead);
    let readings: Vec<&Seen> = seen.iter().filter(|s| matches!(s, Seen::Clock(..))).collect();
    assert_eq!(readings.last(), Some(&&read(0)));
    assert_eq!(readings.iter().filter(|s| ***s == read(hour.offset)).count(), 2, "{readings:?}");
}

pub fn a_panic_is_a_death() {
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.ask(0, 0, json!({"type": "panic"})),
        Seen::Died(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let Some(Seen::Died(0, how)) = seen.last() else { panic!("{seen:?}") };
    assert!(how.starts_with("exited with status 101"), "{how}");
    assert!(how.contains("the client asked for it"), "{how}");
}

pub fn what_was_written_before_a_kill_counts() {
    // n0 answers a hundred questions and is killed at the first answer: those that it had
    // written are all heard, in order and without a gap.
    let mut replies = Vec::new();
    let mut dead = false;
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            for client in 0..100 {
                hands.ask(client, 0, json!({"type": "add"}));
            }
        }
        Seen::Reply(_, body) => {
            replies.push(body["total"].as_u64().unwrap());
            if replies.len() == 1 {
                hands.kill(0);
            }
        }
        Seen::Confirmed(..) => {
            dead = true;
            hands.ask(0, 0, json!({"type": "read"}));
        }
        Seen::Undelivered(0, 0) => hands.finish(),
        _ => {}
    })
    .unwrap();
    assert!(dead);
    assert!(replies.iter().copied().eq(1..=replies.len() as u64));
    assert!(!seen.iter().any(|s| matches!(s, Seen::Died(..) | Seen::Garbage(..))), "{seen:?}");
}

pub fn a_sender_struck_in_the_middle_has_sent_to_some() {
    // n0 writes forty messages at once and is struck as the fifth is passed on.
    let mut sent = 0;
    let seen = play(5, ours(), |seen, hands| match seen {
        Seen::AllReady => hands.ask(0, 0, json!({"type": "flood", "count": 10})),
        Seen::Sent(0) => {
            sent += 1;
            if sent == 5 {
                hands.strike(0);
            }
        }
        Seen::Confirmed(0, _) => hands.alarm(100_000, 0),
        Seen::Alarm(_) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let fates: Vec<Fate> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Message(m) if m.src == Peer::Node(NodeId(0)) => Some(m.fate),
            _ => None,
        })
        .collect();
    assert_eq!(fates.len(), 40);
    assert_eq!(fates[..5], [Fate::Delivered; 5]);
    let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
    assert!((5..31).contains(&lost), "{lost} of 40 are lost");
    assert!(fates.iter().all(|fate| matches!(fate, Fate::Lost | Fate::Delivered)), "{fates:?}");
}

pub fn a_dead_node_hears_nothing() {
    let seen = play(2, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            hands.kill(1);
            hands.ask(0, 0, json!({"type": "ping", "to": 1}));
            hands.ask(1, 1, json!({"type": "read"}));
        }
        Seen::Message(_) => hands.finish(),
        _ => {}
    })
    .unwrap();
    assert!(seen.contains(&Seen::Undelivered(1, 1)));
    let fates: Vec<Fate> = seen
        .iter()
        .filter_map(|it| if let Seen::Message(message) = it { Some(message.fate) } else { None })
        .collect();
    assert_eq!(fates, [Fate::Dead], "{seen:?}");
}
