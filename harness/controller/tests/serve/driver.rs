//! A browser that tests drive.

use super::http::{Answer, request};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Enter, as WebDriver calls it.
pub const ENTER: char = '\u{e007}';
/// The key that points down.
pub const DOWN: char = '\u{e015}';

/// A browser, driven by WebDriver's protocol: JSON over HTTP.
pub struct Browser {
    driver: Child,
    address: SocketAddr,
    session: String,
}

impl Browser {
    /// Starts one; without it, says which test is skipped, whoever captures the output of tests.
    pub fn start(test: &str) -> Option<Browser> {
        let started = Browser::try_start();
        if let Err(why) = &started {
            let _ = writeln!(std::io::stderr(), "skipped: 1 test in a browser ({test}): {why}");
        }
        started.ok()
    }

    fn try_start() -> Result<Browser, String> {
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
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1200,900",
            // What is clicked does not glide away.
            "--force-prefers-reduced-motion",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let answer = browser.call("POST", "", &wanted);
        let session = answer["sessionId"].as_str();
        browser.session = session.ok_or(format!("no session: {answer}"))?.to_owned();
        Ok(browser)
    }

    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = match self.session.as_str() {
            "" => "/session".to_owned(),
            session => format!("/session/{session}{path}"),
        };
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let answer: Answer = request(self.address, method, &path, "localhost", &body);
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let value = value["value"].clone();
        let failed = !self.session.is_empty() && value["error"].is_string();
        assert!(!failed, "{method} {path} {body}: {} {}", value["error"], value["message"]);
        value
    }

    pub fn open(&self, url: &str) {
        self.call("POST", "/url", &json!({"url": url}));
    }

    pub fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    fn element(&self, selector: &str) -> String {
        let found =
            self.call("POST", "/element", &json!({"using": "css selector", "value": selector}));
        let id = found.as_object().and_then(|of| of.values().next()).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("there is no {selector}: {found}")).to_owned()
    }

    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/click"), &json!({}));
    }

    pub fn keys(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.call("POST", &format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// Where the upper left corner of an element is, once it is in view.
    fn corner(&self, selector: &str) -> (f64, f64) {
        let corner = self.run(&format!(
            "const element = document.querySelector('{selector}'); \
             element.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const {{ left, top }} = element.getBoundingClientRect(); return [left, top]"
        ));
        let side = |axis: usize| corner[axis].as_f64().expect("a place");
        (side(0), side(1))
    }

    /// Moves the mouse through points of an element, from its upper left, with the button down from
    /// the first on, or nowhere.
    pub fn mouse(&self, selector: &str, points: &[(f64, f64)], pressed: bool) {
        let (left, top) = self.corner(selector);
        let mut actions = Vec::new();
        for (x, y) in points {
            let (x, y) = ((left + x).round(), (top + y).round());
            actions.push(json!({"type": "pointerMove", "duration": 0, "x": x, "y": y}));
            if pressed && actions.len() == 1 {
                actions.push(json!({"type": "pointerDown", "button": 0}));
            }
        }
        if pressed {
            actions.push(json!({"type": "pointerUp", "button": 0}));
        }
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": actions});
        self.call("POST", "/actions", &json!({"actions": [mouse]}));
    }

    /// Turns the wheel over a point of an element.
    pub fn wheel(&self, selector: &str, (x, y): (f64, f64), by: i32) {
        let (left, top) = self.corner(selector);
        let turn = json!({
            "type": "scroll", "x": (left + x) as i64, "y": (top + y) as i64,
            "deltaX": 0, "deltaY": by, "duration": 0,
        });
        let wheel = json!({"type": "wheel", "id": "wheel", "actions": [turn]});
        self.call("POST", "/actions", &json!({"actions": [wheel]}));
    }

    /// What the page complained of.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({"type": "browser"}));
        let lines = log.as_array().cloned().unwrap_or_default();
        let severe = lines.iter().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| line["message"].to_string()).collect()
    }

    /// That nothing stands out to the side, on whatever the page is looked at.
    pub fn fits(&self) {
        for width in [360, 1200, 1920] {
            self.call("POST", "/window/rect", &json!({"width": width, "height": 900}));
            let wide = "return document.documentElement.scrollWidth - innerWidth";
            assert!(self.run(wide).as_f64().is_some_and(|beyond| beyond <= 0.0), "{width}");
        }
    }

    pub fn wait(&self, script: &str) {
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
