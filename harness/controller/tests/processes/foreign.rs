//! Programs that know nothing of us.

use super::play::{Hands, Seen, play, play_in};
use schism::processes::{HostError, Program};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A shell script as a node. It answers `init` itself; for every other line, `$line`, it does
/// what the test says.
fn script(folder: &Path, each: &str) -> Program {
    let text = format!(
        r#"#!/bin/sh
while read -r line; do
  case "$line" in
    *'"init"'*)
      me=$(echo "$line" | sed 's/.*"node_id":"\([^"]*\)".*/\1/')
      echo '{{"dest": "schism", "body": {{"type": "init_ok", "in_reply_to": 1}}, "src": "'$me'"}}' ;;
    *)
      id=$(echo "$line" | sed 's/.*"msg_id":\([0-9]*\).*/\1/')
      {each} ;;
  esac
done
"#
    );
    program(folder, &text)
}

fn program(folder: &Path, text: &str) -> Program {
    let path = folder.join("node.sh");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Program::foreign(&path, vec![]).unwrap()
}

fn poke(hands: &mut Hands) {
    hands.ask(0, 0, json!({"type": "poke"}));
}

pub fn a_shell_script_is_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let each = r#"echo '{"src": "'$me'", "dest": "c0", "body": {"type": "poke_ok", "in_reply_to": '$id'}}'"#;
    let mut replies = 0;
    play_in(
        folder.path(),
        2,
        script(folder.path(), each),
        |_| {},
        |seen, hands| match seen {
            Seen::AllReady => {
                hands.ask(0, 0, json!({"type": "poke"}));
                hands.ask(0, 1, json!({"type": "poke"}));
            }
            Seen::Reply(0, body) => {
                assert_eq!(body["type"], "poke_ok");
                replies += 1;
                if replies == 2 {
                    hands.finish();
                }
            }
            _ => {}
        },
    )
    .unwrap();
    let log = std::fs::read_to_string(folder.path().join("nodes/n1.log")).unwrap();
    let silent = log.lines().all(|line| line.ends_with(" --- incarnation 0 ---"));
    assert!(silent && log.lines().count() == 1, "{log}");
}

pub fn services_answer() {
    // What the node asks a service, it passes on to the client.
    let folder = tempfile::tempdir().unwrap();
    let each = r#"case "$line" in
        *'"poke"'*) echo '{"src":"n0","dest":"lin-kv","body":{"type":"cas","msg_id":9,"key":"k","from":0,"to":1,"create_if_not_exists":true}}'
                    echo '{"src":"n0","dest":"lin-tso","body":{"type":"ts","msg_id":10}}' ;;
        *) echo '{"src":"n0","dest":"c0","body":{"type":"heard","what":'"$line"'}}' ;;
      esac"#;
    let mut heard = Vec::new();
    play(1, script(folder.path(), each), |seen, hands| match seen {
        Seen::AllReady => poke(hands),
        Seen::Reply(_, body) => {
            heard.push(body["what"].clone());
            if heard.len() == 2 {
                hands.finish();
            }
        }
        _ => {}
    })
    .unwrap();
    let expected = json!([
        {"src": "lin-kv", "dest": "n0", "body": {"type": "cas_ok", "in_reply_to": 9}},
        {"src": "lin-tso", "dest": "n0", "body": {"type": "ts_ok", "in_reply_to": 10, "ts": 0}},
    ]);
    assert_eq!(json!(heard), expected);
}

/// What the harness says about a node that does this when it is poked.
fn garbage(each: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let seen = play(2, script(folder.path(), each), |seen, hands| match seen {
        Seen::AllReady => poke(hands),
        Seen::Garbage(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    match seen.last() {
        Some(Seen::Garbage(0, what)) => what.clone(),
        _ => panic!("{seen:?}"),
    }
}

pub fn garbage_is_quoted() {
    let what = garbage("echo 'starting up…'");
    assert!(
        what.starts_with("not JSON (expected value at line 1 column 1): \"starting up…\"."),
        "{what}"
    );
    assert!(what.contains("standard error"), "{what}");
    let what = garbage(r#"echo '{"src": "n0", "dest": "n7", "body": {"type": "x"}}'"#);
    assert!(what.starts_with("a message to nobody: there are n0 to n1, "), "{what}");
    let what = garbage(r#"echo '{"src": "n1", "dest": "n0", "body": {"type": "x"}}'"#);
    assert!(what.starts_with("a message signed by another node"), "{what}");
    let what = garbage(r#"echo '{"src": "n0", "dest": "schism", "body": {"type": "gossip"}}'"#);
    assert!(what.starts_with("a message to the harness that is no note"), "{what}");
    let what = garbage(r#"echo '{"src": "n0", "dest": "n1", "body": 3}'"#);
    assert!(what.starts_with("a message whose body is not an object"), "{what}");
}

pub fn a_line_cut_off_by_death_is_garbage() {
    let folder = tempfile::tempdir().unwrap();
    let each = r#"printf '{"src": "n0", "de'; exit 0"#;
    let seen = play(1, script(folder.path(), each), |seen, hands| match seen {
        Seen::AllReady => poke(hands),
        Seen::Died(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let [.., Seen::Garbage(0, what), Seen::Died(0, how)] = &seen[..] else { panic!("{seen:?}") };
    assert!(what.starts_with(r#"it ended within a line: "{\"src\": \"n0\", \"de""#), "{what}");
    assert_eq!(how, "exited with status 0. It said nothing on standard error");
}

pub fn a_death_tells_the_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let each = r#"for i in $(seq 100); do echo "line $i" >&2; done; kill -SEGV $$"#;
    let seen = play(1, script(folder.path(), each), |seen, hands| match seen {
        Seen::AllReady => poke(hands),
        Seen::Died(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let Some(Seen::Died(0, how)) = seen.last() else { panic!("{seen:?}") };
    let expected = "was ended by signal 11 (SIGSEGV). The end of its standard error:\nline 81\n";
    assert!(how.starts_with(expected) && how.ends_with("\nline 100"), "{how}");
}

pub fn a_node_that_never_answers_init() {
    let folder = tempfile::tempdir().unwrap();
    let mute = program(folder.path(), "#!/bin/sh\necho 'what now?' >&2\nexec sleep 1000\n");
    let soon = |config: &mut schism::processes::Config| {
        config.init_timeout = Duration::from_millis(300);
    };
    let error = play_in(folder.path(), 2, mute, soon, |_, _| {}).unwrap_err();
    assert!(matches!(error, HostError::NeverReady { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("n0 did not answer init within 0.3 s: "), "{text}");
    assert!(text.ends_with("what now?"), "{text}");
    assert_eq!(error.exit_code(), 64);

    // One that has run before: a death like any other.
    let once = folder.path().join("started");
    let text = format!(
        r#"#!/bin/sh
if mkdir {0} 2>/dev/null; then
  read -r line
  echo '{{"src": "n0", "dest": "schism", "body": {{"type": "init_ok", "in_reply_to": 1}}}}'
fi
exec sleep 1000
"#,
        once.display()
    );
    let once = program(folder.path(), &text);
    let soon = |config: &mut schism::processes::Config| {
        config.init_timeout = Duration::from_millis(1500);
    };
    let seen = play_in(folder.path(), 1, once, soon, |seen, hands| match seen {
        Seen::AllReady => {
            hands.kill(0);
            hands.start(0, schism_run::Disk::Kept);
        }
        Seen::Died(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    let Some(Seen::Died(0, how)) = seen.last() else { panic!("{seen:?}") };
    assert!(how.starts_with("did not answer init within 1.5 s"), "{how}");
}

pub fn a_program_that_cannot_be_run() {
    let folder = tempfile::tempdir().unwrap();
    let headless = program(folder.path(), "echo hello\n");
    let error = play(1, headless, |_, _| {}).unwrap_err();
    assert!(matches!(error, HostError::Spawn { .. }), "{error}");
    assert!(error.to_string().contains("names its interpreter"), "{error}");
    let lost = program(folder.path(), "#!/no/such/interpreter\n");
    let error = play(1, lost, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("Does the interpreter"), "{error}");
}

pub fn the_children_of_a_killed_node_die() {
    let folder = tempfile::tempdir().unwrap();
    let each = r#"sleep 1000 &
      read -r pid rest < /proc/self/stat
      echo '{"src": "n0", "dest": "c0", "body": {"type": "ok", "pid": '$pid'}}'"#;
    let mut group = 0;
    play(1, script(folder.path(), each), |seen, hands| match seen {
        Seen::AllReady => poke(hands),
        Seen::Reply(_, body) => {
            let pid = body["pid"].as_i64().unwrap() as i32;
            group = super::controller::group_of(pid).unwrap();
            assert_eq!(super::controller::members_of(group).len(), 2);
            hands.kill(0);
        }
        Seen::Confirmed(..) => hands.finish(),
        _ => {}
    })
    .unwrap();
    assert_eq!(super::controller::members_of(group), Vec::<i32>::new());
}
