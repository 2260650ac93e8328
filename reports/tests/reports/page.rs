//! Reports on whole runs: what stands in them, that they hold together, that nothing breaks out.

use crate::support::{Sample, failing_broadcast, failing_register, healthy_raft, hostile};
use schism_checkers::Status;
use schism_history::{Fate, History};
use schism_reports::plots::{Format, Plot, Series};
use schism_reports::{NodeLog, RunFacts, Summary, html, terminal};

fn page(sample: &Sample) -> String {
    html::report(&sample.history, &sample.summary(), &[]).expect("a page")
}

/// Whether elements are closed in the order they were opened, scripts and styles left out.
fn balanced(page: &str) -> Result<(), String> {
    const VOID: [&str; 4] = ["meta", "path", "input", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').ok_or("a tag without an end")?;
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
        if tag.starts_with('/') {
            let opened = open.pop();
            if opened != Some(name) {
                return Err(format!("</{name}> closes {opened:?}"));
            }
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            if name == "script" || name == "style" {
                let end = format!("</{name}>");
                rest = &rest[rest.find(&end).ok_or("a script without an end")? + end.len()..];
            } else {
                open.push(name);
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("never closed: {open:?}")) }
}

#[test]
fn figures_of_a_healthy_run() {
    let sample = healthy_raft(2_000, true);
    let summary = sample.summary();
    assert_eq!(summary.verdict, Status::Holds);
    let operations = sample.history.operations();
    assert_eq!(summary.operations.total.total(), operations.len() as u64);
    let by_f: u64 = summary.operations.by_f.iter().map(|f| f.counts.total()).sum();
    assert_eq!(by_f, operations.len() as u64);
    let latency = summary.operations.latency.expect("latencies");
    assert!(latency.p50 <= latency.p90 && latency.p90 <= latency.p99);
    assert!(latency.p99 <= latency.p99_9 && latency.p99_9 <= latency.max);
    let slowest = operations
        .iter()
        .filter(|o| o.outcome == schism_history::Outcome::Ok)
        .filter_map(|o| Some(o.end? - o.begin))
        .max();
    // Histograms keep three significant digits.
    let slowest = slowest.expect("operations") as f64;
    assert!((latency.max as f64 / slowest - 1.0).abs() < 0.002);
    assert_eq!(summary.faults.len(), 7);
    assert_eq!(summary.faults_landed(), 6);
    assert_eq!(summary.nodes[0].killed, 1);
    assert_eq!(summary.nodes[0].restarts, 1);
    assert_eq!(summary.nodes[3].away.len(), 1);
    assert!(summary.nodes[3].away[0].paused);
    let fates: u64 = summary.messages.fates.values().sum();
    assert_eq!(fates, summary.messages.sent);
    assert!(summary.messages.fates[&Fate::Lost] > 0);
    assert_eq!(summary.phases.len(), 6);
}

#[test]
fn a_summary_is_data() {
    let summary = failing_broadcast().summary();
    let json = serde_json::to_string(&summary).expect("json");
    let back: Summary = serde_json::from_str(&json).expect("a summary");
    assert_eq!(back, summary);
}

#[test]
fn witnesses_are_put_into_words() {
    let summary = failing_broadcast().summary();
    let worst = &summary.findings[0];
    assert_eq!(worst.finding.status, Status::Violated);
    let lines: Vec<String> =
        worst.witness.iter().map(|l| format!("{}: {}", l.who, l.what)).collect();
    assert!(lines[0].starts_with("n0: broadcast \"m"), "{lines:?}");
    assert!(lines[1].starts_with("n0: deliver \"m"), "{lines:?}");
    assert!(lines.iter().any(|l| l.starts_with("n0 → n2: Data cut by a partition")), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("n0: killed by the nemesis"));
    let meanwhile: Vec<&str> = worst.faults.iter().map(|f| f.what.as_str()).collect();
    assert_eq!(meanwhile, ["partition isolate n0", "kill n0 for good"]);
}

#[test]
fn pages_are_whole_and_load_nothing() {
    for sample in [healthy_raft(1_000, true), failing_register(), failing_broadcast(), hostile()] {
        let page = page(&sample);
        balanced(&page).unwrap();
        for loads in ["src=\"", "href=\"http", "url(", "@import", "<link"] {
            assert!(!page.contains(loads), "the page contains {loads}");
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let sample = hostile();
    let evil = &sample.history.meta.test;
    let log = NodeLog::parse(evil, format!("  0.500000 {evil}\n{evil}\n").as_bytes());
    let page = html::report(&sample.history, &sample.summary(), &[log]).expect("a page");
    balanced(&page).unwrap();
    assert!(!page.contains("<script>alert"), "a script came through");
    assert!(!page.contains("<img"), "an element came through");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "a control came through");
    assert!(page.contains("&lt;img src=x"), "the text is not there");
    let series = Series::of(&sample.history, &sample.history.operations(), &sample.summary());
    for plot in Plot::ALL {
        let svg = plot.svg(&series, Format::Wide).expect("a drawing");
        assert!(!svg.contains("<script") && !svg.contains("<img"), "{}", plot.name());
    }
    for width in [40, 100] {
        let text = terminal::summary(&sample.summary(), false, width);
        let control = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "a control character came through");
    }
}

#[test]
fn the_data_of_the_diagrams_is_json_that_says_what_the_history_says() {
    let sample = failing_register();
    let page = page(&sample);
    let start = page.find("id=\"data\">").expect("data") + "id=\"data\">".len();
    let end = start + page[start..].find("</script>").expect("an end");
    let data: serde_json::Value = serde_json::from_str(&page[start..end]).expect("json");
    let operations = sample.history.operations();
    let column = |table: &str, name: &str| -> Vec<i64> {
        let cells = data[table][name].as_array().expect("a column");
        cells.iter().map(|c| c.as_i64().expect("a number")).collect()
    };
    let (mut begin, mut index) = (0, 0);
    let took = column("ops", "took");
    let (begins, indexes) = (column("ops", "begin"), column("ops", "index"));
    assert_eq!(begins.len(), operations.len());
    for (i, operation) in operations.iter().enumerate() {
        begin += begins[i];
        index += indexes[i];
        assert_eq!(begin as u64, operation.begin / 1000);
        assert_eq!(index as u64, operation.invoked);
        let end = operation.end.expect("every operation ends here") / 1000;
        assert_eq!((begin + took[i]) as u64, end);
        assert_eq!(data["ops"]["process"][i], operation.process);
    }
    let witness = &data["witnesses"][0]["records"];
    assert_eq!(*witness, serde_json::json!(sample.findings[1].witness));
}

#[test]
fn a_violation_of_linearizability_is_explained_step_by_step() {
    let page = page(&failing_register());
    let start = page.find("How far an order gets").expect("the orders");
    let stuck = page[start..].find("class=\"stuck\"").expect("where an order gets stuck");
    assert!(page[start..start + stuck].contains("<code>"), "no step is shown");
}

#[test]
fn plots_are_drawn_and_describe_themselves() {
    let sample = healthy_raft(3_000, false);
    let series = Series::of(&sample.history, &sample.history.operations(), &sample.summary());
    for plot in Plot::ALL {
        let png = plot.png(&series).expect("a picture");
        let decoder = png::Decoder::new(std::io::Cursor::new(&png));
        let mut reader = decoder.read_info().expect("a header");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!((info.width, info.height), (1600, 900));
        assert!(pixels.iter().any(|&p| p != 255), "{} is blank", plot.name());
        for format in [Format::Wide, Format::Narrow] {
            let svg = plot.svg(&series, format).expect("a drawing");
            balanced(&svg).unwrap();
            assert!(svg.contains("var(--ink)") && !svg.contains("#0072B2"), "{}", plot.name());
        }
    }
    let alt = Plot::Latency.alt(&series);
    assert!(alt.contains(" ms") && alt.contains("7 faults"), "{alt}");
}

#[test]
fn nothing_at_all_still_makes_a_report() {
    let sample =
        Sample { history: History::default(), findings: Vec::new(), facts: RunFacts::default() };
    let summary = sample.summary();
    assert_eq!(summary.verdict, Status::Vacuous);
    balanced(&page(&sample)).unwrap();
    let series = Series::of(&History::default(), &[], &summary);
    for plot in Plot::ALL {
        plot.png(&series).expect("a picture");
        assert!(plot.alt(&series).contains("no operation was acknowledged"));
    }
    assert!(terminal::summary(&summary, false, 80).contains("no promise was checked"));
}

#[test]
fn a_large_run_makes_a_page_of_bounded_size() {
    let sample = healthy_raft(150_000, true);
    assert!(sample.history.operations().len() >= 100_000);
    let page = page(&sample);
    assert!(page.len() < 15_000_000, "{} bytes", page.len());
    assert!(page.contains("nothing is shown outside that time"), "the cut is not mentioned");
}

#[test]
fn reports_are_written_whole_and_again() {
    let sample = failing_broadcast();
    let summary = sample.summary();
    let name = format!("schism-reports-{}", std::process::id());
    let directory = std::env::temp_dir().join(name).join("report");
    for _ in 0..2 {
        let files =
            schism_reports::write(&directory, &sample.history, &summary, &[]).expect("files");
        let mut names: Vec<String> = std::fs::read_dir(&directory)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        let mut all: Vec<String> =
            Plot::ALL.iter().map(|plot| format!("{}.png", plot.name())).collect();
        // No clock was set in it.
        all.retain(|name| name != "clocks.png");
        all.push("index.html".to_owned());
        all.sort();
        assert_eq!(names, all);
        assert_eq!(files.len(), all.len());
    }
    let file = directory.join("index.html");
    let error = schism_reports::write(&file, &sample.history, &summary, &[]).expect_err("a file");
    assert!(error.to_string().contains("index.html"), "{error}");
    std::fs::remove_dir_all(directory.parent().expect("a parent")).expect("removed");
}
