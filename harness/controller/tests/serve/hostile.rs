//! What is in a store may be hostile, and so may who asks.

use super::http::{get, request};
use super::{HOLDS, Served};
use std::fs;
use std::os::unix::fs::symlink;

const SCRIPT: &str = "<script>alert(1)</script>";
const SECRET: &str = "nobody should read this";

/// A store with scripts wherever text can stand, and links that lead out of it.
fn hostile() -> Served {
    let served = Served::with(&[HOLDS]);
    let store = served.store();
    fs::write(served.folder.path().join("secret"), SECRET).expect("a secret");
    let run = store.join("evil\"><script>alert(1)<").join("2026-01-01T00-00-00Z-1");
    fs::create_dir_all(run.join("nodes")).expect("a run");
    let recipe = format!(
        "test = \"{SCRIPT}\"\ntwin = \"{SCRIPT}\"\nworkload = \"{SCRIPT}\"\nnodes = 3\nseed = 1\n"
    );
    fs::write(run.join("run.toml"), recipe).expect("a recipe");
    let verdict = serde_json::json!({
        "overall": "violated",
        "findings": [{"property": SCRIPT, "status": "violated", "explanation": SCRIPT}],
        "facts": {"command": SCRIPT, "started": SCRIPT},
    });
    fs::write(run.join("verdict.json"), verdict.to_string()).expect("a verdict");
    fs::write(run.join("nodes").join("<script>alert(1)<.log"), SCRIPT).expect("a log");
    fs::write(run.join("page.html"), SCRIPT).expect("a page");
    fs::write(run.join("history"), "no history").expect("a history");
    symlink("../../../secret", run.join("secret.txt")).expect("a link");
    symlink("/etc", run.join("etc")).expect("a link");
    symlink("..", store.join("out")).expect("a link");
    let suite = store.join("suites/evil/2026");
    fs::create_dir_all(&suite).expect("a suite");
    let case = serde_json::json!({
        "case": {"test": SCRIPT, "nemesis": SCRIPT, "seeds": SCRIPT, "simulated": true,
                 "options": {SCRIPT: SCRIPT}},
        "command": SCRIPT, "expect": ["holds"], "started": SCRIPT, "seconds": 1e300,
        "outcome": {"failed": {"code": 70, "said": SCRIPT}}, "run": "javascript:alert(1)/x",
    });
    let result = serde_json::json!({
        "name": SCRIPT, "about": SCRIPT, "version": SCRIPT, "started": SCRIPT, "seconds": -1e300,
        "cores": 2, "shard": SCRIPT, "cut-short": SCRIPT, "cases": [case],
    });
    fs::write(suite.join("suite.json"), result.to_string()).expect("a result");
    fs::write(suite.join("cases.jsonl"), "").expect("a ledger");
    // And what no program of ours writes.
    for (name, recipe) in [("not-toml", "= = ="), ("other-types", "seed = \"many\"")] {
        let run = store.join("broken").join(name);
        fs::create_dir_all(&run).expect("a run");
        fs::write(run.join("run.toml"), recipe).expect("a recipe");
        fs::write(run.join("verdict.json"), "{").expect("a verdict");
    }
    served
}

/// The address of the hostile run.
const EVIL: &str = "evil%22%3E%3Cscript%3Ealert%281%29%3C/2026-01-01T00-00-00Z-1";

#[test]
fn scripts_are_shown_as_text() {
    let served = hostile();
    let live = format!("/runs/{EVIL}/");
    let compare = format!("/compare?run={EVIL}&run={EVIL}");
    let pages = ["/runs", &live, "/suites", "/suites/evil/2026/"];
    for path in pages.iter().chain(["/runs?q=%3Cscript%3Ealert(1)%3C/script%3E"].iter()) {
        let answer = served.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(!answer.text().contains("<script>alert"), "{path}");
        assert!(answer.text().contains("&lt;script&gt;alert"), "{path} does not show it");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
    }
    let answer = served.get(&compare);
    assert_eq!(answer.status, 404);
    assert!(!answer.text().contains("<script>alert"));
    // A link of a suite goes to a run of the store, never elsewhere.
    assert!(served.page("/suites/evil/2026/").contains("href=\"/runs/javascript%3Aalert"));
}

#[test]
fn pages_of_the_store_run_in_a_sandbox() {
    let served = hostile();
    let answer = served.get(&format!("/files/{EVIL}/page.html"));
    assert_eq!(answer.status, 200);
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("sandbox allow-scripts"), "{policy}");
    assert!(policy.contains("default-src 'none'") && !policy.contains("allow-same-origin"));
    let log = served.get(&format!("/files/{EVIL}/nodes/%3Cscript%3Ealert%281%29%3C.log"));
    assert_eq!(log.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(log.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn nothing_outside_the_store_is_served() {
    let served = hostile();
    for path in [
        "/files/../secret",
        "/files/%2e%2e/secret",
        "/files/..%2fsecret",
        "/files/%2e%2e%2fsecret",
        "/files/echo/../../secret",
        "/files/echo/%2e%2e/%2e%2e/secret",
        "/files//etc/passwd",
        "/files/%2fetc%2fpasswd",
        "/files/out/secret",
        "/files/%00",
        "/files/echo%00/x",
        "/files/echo",
        "/files/",
        &format!("/files/{EVIL}/secret.txt"),
        &format!("/files/{EVIL}/etc/passwd"),
        "/runs/../secret/",
        "/runs/%2e%2e/secret/",
        "/runs/out/store/",
        "/runs/out/store/live",
        "/archive/%2e%2e/store",
        "/archive/out/store",
        "/suites/%2e%2e/echo/",
        "/compare?run=../store&run=out/store",
    ] {
        let answer = served.get(path);
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains(SECRET), "{path}");
        assert!(!answer.text().contains("root:"), "{path}");
    }
    let archive = served.get(&format!("/archive/{EVIL}"));
    let mut unpacked = tar::Archive::new(flate2::read::GzDecoder::new(&archive.body[..]));
    let names: Vec<String> = unpacked
        .entries()
        .expect("an archive")
        .map(|entry| entry.expect("an entry").path().expect("a path").display().to_string())
        .collect();
    assert!(names.iter().any(|name| name.ends_with("/page.html")));
    assert!(
        !names.iter().any(|name| name.contains("secret") || name.contains("/etc")),
        "{names:?}"
    );
}

#[test]
fn what_cannot_be_read_is_listed_as_such() {
    let served = hostile();
    let page = served.page("/runs?verdict=unreadable");
    assert_eq!(page.matches("! unreadable").count(), 2);
    assert!(page.contains("run.toml: "));
    assert_eq!(served.get("/runs/broken/not-toml/").status, 200);
    // The server has survived all of it.
    assert!(served.page("/runs?q=echo").contains("seed"));
}

#[test]
fn only_requests_to_this_machine_are_answered_and_none_that_changes_anything() {
    let served = Served::with(&[HOLDS]);
    assert_eq!(get(served.address, "/runs", "evil.example").status, 421);
    assert_eq!(get(served.address, "/runs", "127.0.0.1:9").status, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(request(served.address, method, "/runs", "localhost", "").status, 405);
    }
}
