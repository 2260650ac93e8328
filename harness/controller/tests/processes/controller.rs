//! What happens to nodes when the controller ends, and to the controller when it is interrupted.

use super::play::{Seen, ours, play_in};
use schism::processes::{Config, Host, HostError, Program};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The life of this binary as a controller: it tells on standard output how far it is.
pub fn main(mode: &str) -> ExitCode {
    if mode != "unprepared" {
        schism::processes::prepare();
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (program, patient) = match mode {
        "daemons" | "unprepared" => (daemons(folder.path()), false),
        _ => (ours(), true),
    };
    if !patient {
        let host = Host::new(Config::new(1, program.clone(), folder.path()));
        println!("{}", host.expect("a host").containment());
    }
    let stops = matches!(mode, "panics" | "stops");
    let configure = |config: &mut Config| config.catch_interrupts = true;
    let result = play_in(folder.path(), 1, program, configure, |seen, hands| match seen {
        Seen::AllReady if stops => hands.pause(0),
        Seen::AllReady => println!("ready"),
        Seen::Confirmed(..) if mode == "panics" => panic!("a mistake of the controller's"),
        Seen::Confirmed(..) => println!("ready"),
        Seen::Interrupt if stops => hands.finish(),
        Seen::Interrupt => {
            println!("interrupted");
            if mode == "polite" {
                hands.ask(0, 0, json!({"type": "read"}));
            }
        }
        Seen::Reply(..) => hands.finish(),
        _ => {}
    });
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::from(HostError::exit_code(&error))
        }
    }
}

/// A node with a child, and a daemon that has left its session and ignores what it can.
fn daemons(folder: &Path) -> Program {
    let path = folder.join("node.sh");
    let text = r#"#!/bin/sh
(setsid sh -c 'trap "" TERM HUP INT; sleep 98765; exec sleep 98765' >/dev/null 2>&1 &)
sleep 98765 &
read -r line
echo '{"src": "n0", "dest": "schism", "body": {"type": "init_ok", "in_reply_to": 1}}'
exec sleep 98765
"#;
    std::fs::write(&path, text).expect("the script can be written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    Program::foreign(&path, vec![]).expect("a program")
}

/// A controller in a process of its own, and what it says.
struct Controller {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    /// A mark in the environment of everything it starts.
    mark: String,
    /// Where it puts what it does not mean to keep.
    temporary: TempDir,
}

impl Controller {
    fn start(mode: &str, user: Option<u32>) -> Controller {
        let mark = format!("SCHISM_TEST_{mode}_{}_{user:?}", std::process::id());
        let mut command = Command::new("/proc/self/exe");
        command.args(["controller", mode]).env("SCHISM_TEST_MARK", &mark);
        let temporary = tempfile::tempdir().expect("a folder can be made");
        std::fs::set_permissions(temporary.path(), PermissionsExt::from_mode(0o777))
            .expect("chmod");
        command.stdout(Stdio::piped()).process_group(0).env("TMPDIR", temporary.path());
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let mut child = command.spawn().expect("a controller");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Controller { child, lines, mark, temporary }
    }

    fn says(&mut self, expected: &str) {
        let line = self.lines.next().map(Result::unwrap);
        assert!(line.as_deref().is_some_and(|l| l.starts_with(expected)), "{expected} {line:?}");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

/// Processes, without zombies, whose environment has the mark.
fn marked(mark: &str) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    pids.filter(has).collect()
}

pub fn nothing_survives_the_controller() {
    let root = nix::unistd::geteuid().is_root();
    let nobody = root.then_some(65534);
    // An ordinary user who does not prepare is refused a namespace.
    for (mode, user) in [("daemons", None), ("daemons", nobody), ("unprepared", nobody)] {
        let mut controller = Controller::start(mode, user);
        let line = controller.lines.next().unwrap().unwrap();
        controller.says("ready");
        let contained = line.starts_with("nodes run in a PID namespace");
        assert!(!contained || mode != "unprepared");
        // Itself, the node, its child, the daemon and the daemon's child, and perhaps an init.
        let all = if contained { 6 } else { 5 };
        let begun = Instant::now();
        while marked(&controller.mark).len() < all {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", marked(&controller.mark));
            std::thread::sleep(Duration::from_millis(5));
        }
        controller.child.kill().unwrap();
        controller.child.wait().unwrap();
        let begun = Instant::now();
        let mut left = marked(&controller.mark);
        while !left.is_empty() && begun.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(5));
            left = marked(&controller.mark);
        }
        if contained {
            assert_eq!(left, Vec::<i32>::new(), "user {user:?}");
        } else {
            // Without a namespace the node itself must be gone; its daemon may stay.
            assert!(left.len() <= 3, "{left:?}: {line}");
            for pid in left {
                let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
            }
        }
    }
}

pub fn an_interrupt_is_told_a_second_aborts() {
    let mut controller = Controller::start("polite", None);
    controller.says("ready");
    controller.signal("INT");
    controller.says("interrupted");
    assert_eq!(controller.child.wait().unwrap().code(), Some(0));

    let mut controller = Controller::start("stubborn", None);
    controller.says("ready");
    // Ctrl-C reaches the controller's process group, in which there is nobody else.
    let own = controller.child.id() as i32;
    // The init of a namespace leaves it first thing, whenever the system lets it.
    let begun = Instant::now();
    while members_of(own) != [own] {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", members_of(own));
        std::thread::sleep(Duration::from_millis(5));
    }
    controller.signal("TERM");
    controller.says("interrupted");
    controller.signal("INT");
    controller.says("aborted");
    assert_eq!(controller.child.wait().unwrap().code(), Some(130));
    assert_eq!(marked(&controller.mark), Vec::<i32>::new());
}

/// What is in a folder.
fn contents(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub fn a_controller_that_panics_or_is_interrupted_leaves_nothing() {
    // Each time with a node that is stopped, and would not end by itself.
    let mut controller = Controller::start("panics", None);
    assert_eq!(controller.child.wait().unwrap().code(), Some(101));
    assert_eq!(marked(&controller.mark), Vec::<i32>::new());
    assert_eq!(contents(controller.temporary.path()), Vec::<String>::new());
    for signal in ["INT", "TERM"] {
        let mut controller = Controller::start("stops", None);
        controller.says("ready");
        controller.signal(signal);
        assert_eq!(controller.child.wait().unwrap().code(), Some(0), "{signal}");
        assert_eq!(marked(&controller.mark), Vec::<i32>::new(), "{signal}");
        assert_eq!(contents(controller.temporary.path()), Vec::<String>::new(), "{signal}");
    }
}

pub fn the_program_touches_only_its_store() {
    for signal in ["INT", "TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["work", "home", "tmp"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let mark = format!("SCHISM_TEST_PROGRAM_{}_{signal}", std::process::id());
        let mut child = Command::new(env!("CARGO_BIN_EXE_schism"))
            .args(["test", "raft", "-n", "3", "-t", "60s", "--nemesis", "pause"])
            .args(["--interval", "300ms", "--settle", "100ms", "--seed", "1", "--no-report"])
            .current_dir(path("work"))
            .env("HOME", path("home"))
            .env("TMPDIR", path("tmp"))
            .env("SCHISM_TEST_MARK", &mark)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stopped = |pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
        };
        let begun = Instant::now();
        while !marked(&mark).iter().any(stopped) {
            assert!(begun.elapsed() < Duration::from_secs(60), "no node was ever stopped");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 2)), "{signal}: it is judged all the same: {code:?}");
        assert_eq!(marked(&mark), Vec::<i32>::new(), "{signal}");
        let left: Vec<Vec<String>> = ["work", "home", "tmp"].map(|it| contents(&path(it))).into();
        assert_eq!(left, [vec!["store".to_owned()], vec![], vec![]], "{signal}");
    }
}

/// The process group of a process.
pub fn group_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(2)?.parse().ok()
}

/// Everybody in a process group, without zombies.
pub fn members_of(group: i32) -> Vec<i32> {
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let alive = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    };
    pids.filter(|&pid| group_of(pid) == Some(group)).filter(alive).collect()
}
