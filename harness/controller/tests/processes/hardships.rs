//! Disks that fail or are slow, and limits.

use super::play::{Seen, ours, play};
use schism_history::{DiskError, Trouble};
use schism_run::Disk;
use serde_json::json;

pub fn a_node_whose_disk_fails_stops() {
    for error in [DiskError::Eio, DiskError::Enospc] {
        let trouble = Trouble { fails: Some((7, error)), ..Trouble::default() };
        let (mut totals, mut fallen) = (Vec::new(), false);
        let seen = play(2, ours(), |seen, hands| match seen {
            Seen::AllReady => hands.ask(0, 0, json!({"type": "add"})),
            Seen::Reply(_, body) => {
                totals.push((body["incarnation"].as_u64(), body["total"].as_u64()));
                match totals.len() {
                    1 => {
                        hands.trouble(0, trouble);
                        // Nothing has to be durable for this.
                        hands.ask(0, 0, json!({"type": "read"}));
                    }
                    2 | 3 => hands.ask(0, 0, json!({"type": "add"})),
                    4 => hands.finish(),
                    _ => {}
                }
            }
            Seen::Succumbed(7, 0, _) => {
                fallen = true;
                hands.trouble(0, Trouble::default());
                hands.start(0, Disk::Kept);
            }
            Seen::Ready(0) if fallen => hands.ask(0, 0, json!({"type": "read"})),
            Seen::Died(..) | Seen::Garbage(..) => panic!("{seen:?}"),
            _ => {}
        })
        .unwrap();
        assert_eq!(totals[..2], [(Some(0), Some(1)); 2], "{error}: {seen:?}");
        let (Some(1), Some(kept)) = totals[2] else { panic!("{totals:?}") };
        // What could not be made durable was not acknowledged; it may be there or not.
        assert!((1..=2).contains(&kept), "{totals:?}");
        assert_eq!(totals[3], (Some(1), Some(kept + 1)), "it works again");
    }
}

pub fn a_slow_disk_holds_answers_up() {
    const LATE: u64 = 60_000_000;
    let trouble = Trouble { slow: Some((3, LATE)), ..Trouble::default() };
    let (mut asked, mut replies) = (0, Vec::new());
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::AllReady => {
            hands.trouble(0, trouble);
            asked = hands.now;
            hands.ask(0, 0, json!({"type": "add"}));
        }
        Seen::Reply(..) => {
            replies.push(hands.now - asked);
            asked = hands.now;
            match replies.len() {
                1 => hands.ask(0, 0, json!({"type": "read"})),
                _ => hands.finish(),
            }
        }
        _ => {}
    })
    .unwrap();
    assert!(replies[0] >= LATE, "{replies:?}");
    assert!(replies[1] < LATE, "nothing was to be made durable: {replies:?}");
    let told: Vec<&Seen> = seen.iter().filter(|s| matches!(s, Seen::Slowed(..))).collect();
    assert_eq!(told, [&Seen::Slowed(3, LATE)]);
}

pub fn limits_are_seen_by_the_system() {
    let few = Trouble { descriptors: Some((1, 9)), ..Trouble::default() };
    // Less than it has already: the first thing it asks for is refused.
    let tight = Trouble { memory: Some((2, 4096)), ..few };
    let mut lives = 0;
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::Ready(0) => {
            lives += 1;
            match lives {
                1 => {
                    hands.trouble(0, few);
                    hands.kill(0);
                    hands.start(0, Disk::Kept);
                }
                2 => {
                    hands.trouble(0, tight);
                    hands.ask(0, 0, json!({"type": "echo", "echo": "x".repeat(8 << 20)}));
                }
                _ => hands.ask(0, 0, json!({"type": "echo", "echo": "x".repeat(8 << 20)})),
            }
        }
        Seen::Succumbed(2, 0, _) => {
            hands.trouble(0, Trouble::default());
            hands.start(0, Disk::Kept);
        }
        Seen::Reply(..) => hands.finish(),
        Seen::Died(..) | Seen::Garbage(..) => panic!("it is the limit's doing: {seen:?}"),
        _ => {}
    })
    .unwrap();
    assert_eq!(lives, 3);
    let limited: Vec<String> = seen
        .iter()
        .filter_map(|s| match s {
            Seen::Limited(fault, 0, to) => Some(format!("{fault}: {to}")),
            _ => None,
        })
        .collect();
    let expected = ["1: 9 descriptors", "1: 9 descriptors", "2: 4096 bytes of memory"];
    assert_eq!(limited, expected, "in this life and in the next");
}

pub fn a_kill_takes_what_was_not_synced() {
    // A node that acknowledges before it makes sure: some of what it said is lost with it.
    const KILLS: u32 = 12;
    let (mut lives, mut said, mut missing) = (0, 0, 0);
    let seen = play(1, ours(), |seen, hands| match seen {
        Seen::Ready(0) => hands.ask(1, 0, json!({"type": "read"})),
        Seen::Reply(1, body) => {
            missing += said - body["total"].as_u64().unwrap();
            if lives == KILLS {
                return hands.finish();
            }
            hands.ask(0, 0, json!({"type": "add_late"}));
        }
        Seen::Reply(0, body) => {
            said = body["total"].as_u64().unwrap();
            // It has time to write, but nothing it says waits for that.
            hands.alarm(2000, u64::from(lives));
        }
        Seen::Alarm(_) => {
            lives += 1;
            hands.kill(0);
            hands.start(0, Disk::Kept);
        }
        Seen::Died(..) | Seen::Garbage(..) => panic!("{seen:?}"),
        _ => {}
    })
    .unwrap();
    let lost = seen.iter().filter(|s| matches!(s, Seen::Lost(_))).count() as u64;
    assert!((2..u64::from(KILLS)).contains(&missing), "{missing} were said and lost");
    assert_eq!(lost, missing, "every loss is told");
}
