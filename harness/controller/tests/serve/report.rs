//! The page of a run in a browser, opened from disk: zooming, pointing, following, filtering.

use super::driver::{Browser, DOWN, ENTER};
use super::{Served, schism};
use serde_json::{Value, json};

const TIMELINE: &str = "#timeline-figure canvas";
const SPACETIME: &str = "#spacetime-figure canvas";

/// A page with both diagrams on it.
struct Page {
    browser: Browser,
}

impl Page {
    /// From when to when a diagram reaches.
    fn view(&self, diagram: &str) -> [f64; 2] {
        let plane = format!("return [Schism.{diagram}.plane.from, Schism.{diagram}.plane.until]");
        let view = self.browser.run(&plane);
        [0, 1].map(|end| view[end].as_f64().expect("a time"))
    }

    fn span(&self, diagram: &str) -> f64 {
        let [from, until] = self.view(diagram);
        until - from
    }

    /// How many messages the space-time diagram says it shows.
    fn messages(&self) -> u64 {
        // It is drawn with the next frame.
        let next = "const done = arguments[0]; \
                    requestAnimationFrame(() => requestAnimationFrame(() => done(1)))";
        self.browser.call("POST", "/execute/async", &json!({"script": next, "args": []}));
        let said = self
            .browser
            .run("return document.querySelector('#spacetime-figure [role=status]').textContent");
        let count = said.as_str().and_then(|said| said.split(": ").nth(1)?.split(' ').next());
        count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{said}"))
    }

    fn text(&self, selector: &str) -> String {
        let text =
            self.browser.run(&format!("return document.querySelector('{selector}').innerText"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Where the first operation of the violation is in the timeline.
    fn violation(&self) -> (f64, f64) {
        let at = self.browser.run(
            "const [first] = Schism.operations(Schism.data().witnesses[0].records); \
             const { x, y } = Schism.timeline.plane.items().find((item) => item.what === first); \
             return [x + 2, y]",
        );
        (at[0].as_f64().expect("a place"), at[1].as_f64().expect("a place"))
    }
}

/// The page of a run that fails, whose nodes wrote something hostile.
fn opened() -> Option<(Served, Page)> {
    let browser = Browser::start("the report of a run")?;
    let served = Served::with_failure(&[]);
    let run = served.store().join(&served.runs("majority-register")[0]);
    let log = "  1.500000 <img src=x onerror=\"document.title=1\">\n";
    std::fs::create_dir_all(run.join("nodes")).expect("a directory");
    std::fs::write(run.join("nodes/n0.log"), log).expect("a log");
    let made = schism().arg("show").arg("--report").arg(&run).output().expect("schism starts");
    let page = run.join("report/index.html");
    assert!(page.is_file(), "{}", String::from_utf8_lossy(&made.stderr));
    browser.open(&format!("file://{}", page.display()));
    browser.run("document.querySelector('#timeline').scrollIntoView()");
    browser.wait("Schism.timeline.plane && Schism.spacetime.plane && Schism.timeline.plane.width");
    Some((served, Page { browser }))
}

#[test]
fn a_person_finds_out_what_went_wrong() {
    let Some((_served, page)) = opened() else { return };
    let browser = &page.browser;

    // It begins where the promise was broken, and comes back there.
    let witness = browser.run("return Schism.data().witnesses[0]");
    let end = |name: &str| witness[name].as_f64().expect("a time");
    let near = |[from, until]: [f64; 2]| {
        from <= end("from") && end("until") <= until && until - from < 5e6
    };
    assert!(near(page.view("timeline")) && near(page.view("spacetime")));

    // Zooming and moving by button, by key, by wheel, by mouse.
    let span = page.span("timeline");
    browser.click("#timeline-figure [data-zoom=in]");
    assert!((page.span("timeline") - span / 2.0).abs() < 2.0);
    browser.keys(TIMELINE, "-");
    assert!((page.span("timeline") - span).abs() < 2.0);
    browser.keys(TIMELINE, "0");
    let duration = browser.run("return Schism.data().duration");
    assert_eq!(json!(page.span("timeline")), json!(duration.as_f64()));
    browser.wheel(TIMELINE, (600.0, 100.0), -600);
    browser.wait(&format!("Schism.timeline.plane.until - Schism.timeline.plane.from < {duration}"));
    browser.click("#timeline-figure .jump");
    assert!(near(page.view("timeline")) && near(page.view("spacetime")));
    let before = page.view("timeline");
    browser.mouse(TIMELINE, &[(600.0, 100.0), (550.0, 100.0), (500.0, 100.0)], true);
    let after = page.view("timeline");
    assert!(after[0] > before[0], "{before:?} {after:?}");
    assert!((after[1] - after[0] - before[1] + before[0]).abs() < 2.0, "{before:?} {after:?}");

    // Pointing at an operation tells of it; a click follows it through the messages.
    browser.click("#timeline-figure .jump");
    let bar = page.violation();
    browser.mouse(TIMELINE, &[bar], false);
    let told = page.text("#timeline-figure output");
    let what =
        browser.run("return Schism.text(Schism.operations(Schism.data().witnesses[0].records)[0])");
    let call = what.as_str().and_then(|text| text.split(" → ").next()).expect("an operation");
    assert!(told.contains(call) && told.contains("process "), "{told} does not tell of {call}");
    browser.mouse(TIMELINE, &[bar], true);
    let followed = page.messages();
    assert!(page.text("#spacetime-figure [role=status]").contains("Following "));
    browser.run(
        "[...document.querySelectorAll('#spacetime-figure button')]\
         .find((button) => button.textContent === 'Show all traffic again').click()",
    );
    let all = page.messages();
    assert!(0 < followed && followed < all, "{followed} of {all}");

    // Filters hide types and nodes.
    browser.click("#spacetime-figure summary");
    let tick = |name: &str| {
        browser.run(&format!(
            "[...document.querySelectorAll('#spacetime-figure label')]\
             .find((label) => label.textContent.trim() === {name:?}).click()"
        ));
        page.messages()
    };
    let kind = browser.run("return Schism.data().kinds[0]");
    let without = tick(kind.as_str().expect("a type"));
    assert!(without < all, "{without} of {all}");
    assert_eq!(tick(kind.as_str().expect("a type")), all);
    assert!(tick("n0") < all);
    assert_eq!(tick("n0"), all);
    assert!(tick("only undelivered messages") < all);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_person_without_a_mouse_reads_it_too() {
    let Some((_served, page)) = opened() else { return };
    let browser = &page.browser;
    browser.click("#timeline-figure .jump");
    for canvas in [TIMELINE, SPACETIME] {
        browser.keys(canvas, &DOWN.to_string());
        let output = canvas.replace("canvas", "output");
        let first = page.text(&output);
        assert!(first.contains("record"), "{first}");
        browser.keys(canvas, &DOWN.to_string());
        assert_ne!(page.text(&output), first);
    }
    browser.keys(TIMELINE, &format!("{DOWN}{ENTER}"));
    page.messages();
    assert!(page.text("#spacetime-figure [role=status]").contains("Following "));

    // A line of a log leads to its moment, and is not more than text.
    browser.click("#logs summary");
    browser.click("#logs .moment");
    let [from, until] = page.view("timeline");
    assert!(((from + until) / 2.0 - 1.5e6).abs() < 2.0, "{from} {until}");
    assert!(page.text("#logs li").contains("<img src=x"));
    assert_eq!(browser.run("return document.querySelectorAll('img').length"), json!(0));

    // The command that repeats the run can be taken along.
    let grant = json!({"cmd": "Browser.grantPermissions", "params": {
        "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
    }});
    browser.call("POST", "/goog/cdp/execute", &grant);
    browser.click("[data-copy]");
    browser.wait("document.querySelector('[data-copy]').textContent !== 'Copy'");
    let taken = "const done = arguments[0]; navigator.clipboard.readText().then(done, () => \
                 done(getSelection().toString()))";
    let taken = browser.call("POST", "/execute/async", &json!({"script": taken, "args": []}));
    let taken = taken.as_str().unwrap_or_default().trim();
    assert!(taken.starts_with("schism test majority-register "), "{taken}");

    browser.fits();
    assert_eq!(browser.complaints(), Vec::<String>::new());
    let alt =
        browser.run("return [...document.querySelectorAll('[role=img]')].map((i) => i.ariaLabel)");
    let alts = alt.as_array().cloned().unwrap_or_default();
    assert!(alts.len() > 4 && alts.iter().all(|alt| alt.as_str().is_some_and(|a| a.len() > 20)));
    assert!(alts.iter().any(|alt: &Value| alt.as_str().is_some_and(|a| a.contains(" ms"))));
}
