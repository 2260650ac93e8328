//! Lists, pages of runs, comparisons, archives, suites.

use super::{HOLDS, HOLDS_TOO, Served, schism};
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::io::Read;

/// How many rows a list has.
fn rows(page: &str) -> usize {
    page.matches("<td class=\"mark\">").count()
}

#[test]
fn runs_are_searched_filtered_and_sorted() {
    let served = Served::with_failure(&[HOLDS, HOLDS_TOO]);
    assert_eq!(served.get("/").header("location"), Some("/runs"));
    assert_eq!(rows(&served.page("/runs")), 3);
    for (query, found) in [
        ("q=echo", 2),
        ("q=ECHO+132", 1),
        ("q=linearizable", 1),
        ("test=echo", 2),
        ("verdict=violated", 1),
        ("seed=131", 1),
        ("seed=13", 0),
        ("from=2000-01-01&to=2100-01-01", 3),
        ("to=2000-01-01", 0),
        ("from=2100-01-01", 0),
        ("test=echo&seed=132&verdict=holds", 1),
        ("q=%3Cscript%3E", 0),
        ("page=99&sort=nonsense&x=y", 3),
    ] {
        assert_eq!(rows(&served.page(&format!("/runs?{query}"))), found, "{query}");
    }
    let order = |sort: &str| {
        let page = served.page(&format!("/runs?sort={sort}"));
        let parts = page.split("href=\"/runs/").skip(1);
        let names =
            parts.filter_map(|part| part.split_once("/\">").map(|(path, _)| path.to_owned()));
        names.collect::<Vec<String>>()
    };
    let ends = |order: &[String], ends: [&str; 3]| {
        order.len() == 3 && order.iter().zip(ends).all(|(path, end)| path.contains(end))
    };
    assert!(ends(&order("seed"), ["majority", "-131", "-132"]), "{:?}", order("seed"));
    assert!(order("verdict")[0].contains("majority"), "the worst comes first");
    assert!(order("test")[2].contains("majority"), "echo comes before it");
}

#[test]
fn a_run_shows_what_was_found_and_how_to_do_it_again() {
    let served = Served::with_failure(&[]);
    let run = served.runs("majority-register").remove(0);
    let page = served.page(&format!("/runs/{run}/"));
    assert!(page.contains("✗ violated"));
    assert!(page.contains("--sim --seed "));
    assert!(page.contains(&format!("/files/{run}/history")));
    let recipe = served.get(&format!("/files/{run}/run.toml"));
    assert_eq!(recipe.header("content-type"), Some("text/plain; charset=utf-8"));
    let file = std::fs::read(served.store().join(&run).join("run.toml")).expect("the recipe");
    assert_eq!(recipe.body, file);
    assert_eq!(served.get("/runs/majority-register/none/").status, 404);
    assert_eq!(served.get("/nonsense").status, 404);
}

#[test]
fn an_archive_holds_every_file_of_a_run() {
    let served = Served::with(&[HOLDS]);
    let run = served.runs("echo").remove(0);
    let answer = served.get(&format!("/archive/{run}"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/gzip")));
    let name = run.replace('/', "-");
    let disposition = format!("attachment; filename=\"{name}.tar.gz\"");
    assert_eq!(answer.header("content-disposition"), Some(disposition.as_str()));
    let mut archive = tar::Archive::new(GzDecoder::new(&answer.body[..]));
    let mut held = BTreeMap::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("its path").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        held.insert(path, content);
    }
    for file in ["run.toml", "history", "verdict.json"] {
        let content = std::fs::read(served.store().join(&run).join(file)).expect("the file");
        assert_eq!(held.get(&format!("{name}/{file}")), Some(&content), "{file}");
    }
}

#[test]
fn two_runs_are_compared() {
    let slow = &["echo", "--sim", "--seed", "12", "-t", "6s", "--pace", "80ms", "--no-report"];
    let fast = &["echo", "--sim", "--seed", "11", "-t", "6s", "--nemesis", "none", "--no-report"];
    let served = Served::with_failure(&[fast, slow]);
    let runs = served.runs("echo");
    let (fast, slow) = if runs[0].ends_with("-11") { (0, 1) } else { (1, 0) };
    let ask = |a: &str, b: &str| served.page(&format!("/compare?run={a}&run={b}"));
    let page = ask(&runs[fast], &runs[slow]);
    assert!(page.contains("✗ B is worse, significant"), "throughput fell to an eighth");
    assert!(page.contains("Latency by percentile"));
    assert!(ask(&runs[slow], &runs[fast]).contains("✓ B is better, significant"));
    let same = ask(&runs[fast], &runs[fast]);
    assert!(!same.contains("significant</span>"), "a run does not differ from itself");
    let other = ask(&runs[fast], &served.runs("majority-register")[0]);
    assert!(other.contains("not judged") && other.contains("differs"));
    assert_eq!(served.get(&format!("/compare?run={}", runs[0])).status, 400);
    assert_eq!(served.get(&format!("/compare?run={}&run=echo/x", runs[0])).status, 404);
}

#[test]
fn suites_have_pages_that_lead_to_their_runs() {
    let served = Served::with(&[]);
    assert!(served.page("/suites").contains("No suite has run yet"));
    let suite = "[[cases]]\ntests = \"echo\"\nsimulated = true\nwith = { time-limit = \"2s\" }\n";
    std::fs::write(served.folder.path().join("mine.toml"), suite).expect("a suite");
    let output = schism().args(["suite", "mine.toml"]).current_dir(served.folder.path()).output();
    assert!(output.expect("schism starts").status.success());
    let list = served.page("/suites");
    let link = list.split("href=\"/suites/mine/").nth(1).and_then(|rest| rest.split('"').next());
    let page = served.page(&format!("/suites/mine/{}", link.expect("a link")));
    assert!(page.contains("✓ passed"));
    let run = served.runs("echo").remove(0);
    assert!(page.contains(&format!("/runs/{run}/")));
    // What a suite under way has done so far stands in its ledger.
    let directory = served.store().join("suites/mine").join(link.expect("a link"));
    std::fs::remove_file(directory.join("suite.json")).expect("it was there");
    assert!(served.page("/suites").contains("unfinished"));
    assert!(served.page(&format!("/suites/mine/{}", link.expect("a link"))).contains("holds"));
}
