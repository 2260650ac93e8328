//! The pages in a browser: searching, comparing, watching. Skipped, and said so, where there is no
//! Chromium with its driver.

use super::driver::{Browser, ENTER};
use super::{HOLDS, HOLDS_TOO, Served};
use serde_json::json;

#[test]
fn a_person_searches_compares_and_watches() {
    let Some(browser) = Browser::start("searching, comparing, watching") else { return };
    let served = Served::with_failure(&[HOLDS, HOLDS_TOO]);

    // Searching, by keyboard alone.
    browser.open(&served.url("/runs"));
    assert_eq!(browser.run("return document.querySelectorAll('tbody tr').length"), json!(3));
    browser.keys("input[name=q]", &format!("echo{ENTER}"));
    browser.wait("document.querySelectorAll('tbody tr').length === 2");
    assert_eq!(
        browser.run("return document.querySelector('#count').innerText"),
        json!("2 of 3 runs")
    );

    // Comparing: two marks, no third.
    browser.open(&served.url("/runs"));
    assert_eq!(
        browser.run("return document.querySelector('.compare button').disabled"),
        json!(true)
    );
    browser.click("tbody tr:nth-child(1) input");
    browser.click("tbody tr:nth-child(2) input");
    let third = "return document.querySelector('tbody tr:nth-child(3) input').disabled";
    assert_eq!(browser.run(third), json!(true));
    browser.click(".compare button");
    browser.wait("document.querySelectorAll('figure.chart svg .curve').length > 0");
    assert_eq!(browser.run("return document.querySelectorAll('figure.chart').length"), json!(3));
    browser.fits();

    // Watching a run whose word changes.
    let run = served.store().join("echo/2026-11-26T00-00-00Z-5");
    std::fs::create_dir_all(&run).expect("a run");
    let recipe = served.store().join(&served.runs("majority-register")[0]).join("run.toml");
    std::fs::copy(recipe, run.join("run.toml")).expect("a recipe");
    let tell = |ok: u64| {
        let point = |at: f64| json!({"at": at, "rates": [ok as f64, 0.0, 0.0], "faults": 1});
        let told = json!({
            "phase": "chaos", "elapsed": 2_000_000_000u64, "limit": 9_000_000_000u64,
            "ended": [ok, 0, 0], "faults": ["kill <b>n1</b>"], "points": [point(0.5), point(1.0)],
        });
        std::fs::write(run.join("progress.json"), told.to_string()).expect("progress");
    };
    tell(41);
    browser.open(&served.url("/runs/echo/2026-11-26T00-00-00Z-5/"));
    browser.wait("document.querySelector('[data-refresh]').innerText.includes('41 ok')");
    tell(4242);
    browser.wait("document.querySelector('[data-refresh]').innerText.includes('4\u{a0}242 ok')");
    assert_eq!(
        browser.run("return document.querySelectorAll('[data-refresh] b').length"),
        json!(0)
    );
    std::fs::remove_file(run.join("progress.json")).expect("it was there");
    browser
        .wait("document.querySelector('.verdict').innerText.toLowerCase().includes('broke off')");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
