//! A run of processes is watched while it goes on.

use super::{Served, schism};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_run_is_watched_from_beginning_to_end() {
    let served = Served::with(&[]);
    let mut run = schism()
        .args(["test", "echo", "-n", "1", "-t", "3s", "--nemesis", "none", "--no-report"])
        .current_dir(served.folder.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("schism starts");
    let began = Instant::now();
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(60), "{what} has not come");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait("the run", &|| served.page("/runs").contains("▸ running"));
    let path = served.runs("echo").remove(0);
    assert!(served.page(&format!("/runs/{path}/")).contains("data-refresh"));
    let live = || served.page(&format!("/runs/{path}/live"));
    wait("a hundred operations", &|| {
        let page = live();
        let ok = page.split(": ").nth(1).and_then(|rest| rest.split(" ok").next());
        ok.is_some_and(|ok| ok.replace('\u{a0}', "").parse::<u64>().is_ok_and(|ok| ok > 100))
    });
    assert!(live().contains("Operations per second"));
    assert!(run.wait().expect("it ends").code().is_some());
    assert!(live().contains("data-over"));
    assert!(!served.page(&format!("/runs/{path}/")).contains("data-refresh"));
    assert!(!served.store().join(&path).join("progress.json").exists());
}
