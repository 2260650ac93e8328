//! The pages in a browser: searching, comparing, watching. Skipped, and said so, where there is no
//! Chromium with its driver.

use super::http::{Answer, request};
use super::{HOLDS, HOLDS_TOO, Served};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A browser, driven by WebDriver's protocol: JSON over HTTP.
struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Browser {
    fn start() -> Result<Browser, String> {
        let missing = |e: std::io::Error| format!("chromedriver: {e}");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().map_err(missing)?;
        let output = driver.stdout.take().ok_or("chromedriver has no output")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.split("on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok();
            // First it repeats what it was asked for.
            port.filter(|port| *port > 0)
        });
        let port = port.ok_or("chromedriver does not say where it listens")?;
        // It goes on talking; nobody has to listen, but somebody has to hold the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut browser = Browser { driver, address, session: String::new() };
        let arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900"];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
        }}});
        let answer = browser.call("POST", "", &wanted);
        let session = answer["sessionId"].as_str();
        browser.session = session.ok_or(format!("no session: {answer}"))?.to_owned();
        Ok(browser)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = match self.session.as_str() {
            "" => "/session".to_owned(),
            session => format!("/session/{session}{path}"),
        };
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let answer: Answer = request(self.address, method, &path, "localhost", &body);
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        value["value"].clone()
    }

    fn open(&self, served: &Served, path: &str) {
        let url = format!("http://{}{path}", served.address);
        self.call("POST", "/url", &json!({"url": url}));
    }

    fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    fn element(&self, selector: &str) -> String {
        let found =
            self.call("POST", "/element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().and_then(|of| of.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("there is no {selector}: {found}")).to_owned()
    }

    fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/click"), &json!({}));
    }

    fn keys(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/value"), &json!({"text": text}));
    }

    fn wait(&self, script: &str) {
        let began = Instant::now();
        while self.run(&format!("return Boolean({script})")) != json!(true) {
            assert!(began.elapsed() < Duration::from_secs(30), "{script} does not come true");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.call("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Enter, as WebDriver calls it.
const ENTER: char = '\u{e007}';

#[test]
fn a_person_searches_compares_and_watches() {
    let browser = match Browser::start() {
        Ok(browser) => browser,
        Err(why) => {
            eprintln!("skipped: 1 test in a browser: {why}");
            return;
        }
    };
    let served = Served::with_failure(&[HOLDS, HOLDS_TOO]);

    // Searching, by keyboard alone.
    browser.open(&served, "/runs");
    assert_eq!(browser.run("return document.querySelectorAll('tbody tr').length"), json!(3));
    browser.keys("input[name=q]", &format!("echo{ENTER}"));
    browser.wait("document.querySelectorAll('tbody tr').length === 2");
    assert_eq!(
        browser.run("return document.querySelector('#count').innerText"),
        json!("2 of 3 runs")
    );

    // Comparing: two marks, no third.
    browser.open(&served, "/runs");
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
    for width in [360, 1200, 1920] {
        browser.call("POST", "/window/rect", &json!({"width": width, "height": 900}));
        let wide = "return document.documentElement.scrollWidth - innerWidth";
        assert!(browser.run(wide).as_f64().is_some_and(|beyond| beyond <= 0.0), "{width}");
    }

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
    browser.open(&served, "/runs/echo/2026-11-26T00-00-00Z-5/");
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
    println!("1 test in a browser");
}
