//! The table at the end of a run: what a person wants to know first stands first.

use super::paint::{Paint, fit, pad, pad_left, sign};
use crate::summary::{Judged, Percentiles, Summary};
use crate::words;
use schism_checkers::Status;
use schism_history::Fate;
use std::collections::BTreeMap;
use textwrap::core::display_width;

/// The most lines of a witness that are shown.
const WITNESS_LINES: usize = 12;
/// The width of the names of rows.
const NAME: usize = 11;

/// The table, ending in a newline. Lines are no wider than `width`, except where that is too
/// narrow for a table at all, and commands and paths, which must stay whole to be copied.
pub fn summary(summary: &Summary, colour: bool, width: usize) -> String {
    let mut table = Table { paint: Paint { colour }, width: width.max(40), out: String::new() };
    table.headline(summary);
    table.findings(&summary.findings);
    table.operations(summary);
    table.messages(summary);
    table.faults(summary);
    table.nodes(summary);
    table.situations(summary);
    table.pointers(summary);
    table.out
}

struct Table {
    paint: Paint,
    width: usize,
    out: String,
}

impl Table {
    fn line(&mut self, text: &str) {
        self.out += text.trim_end();
        self.out.push('\n');
    }

    /// A named row, wrapped.
    fn row(&mut self, name: &str, text: &str) {
        let room = self.width.saturating_sub(NAME + 3);
        for (i, part) in textwrap::wrap(text, room).iter().enumerate() {
            let name = self.paint.dim(pad(if i == 0 { name } else { "" }, NAME));
            self.line(&format!("  {name} {part}"));
        }
    }

    fn headline(&mut self, summary: &Summary) {
        let verdict = summary.verdict.to_string().to_uppercase();
        let meta = &summary.meta;
        let about = format!(
            "{} · {} · {} nodes · seed {} · {}",
            words::plain(&meta.test),
            words::plain(&meta.workload),
            meta.nodes,
            meta.seed,
            words::duration(summary.duration),
        );
        let verdict_width = display_width(&verdict) + 4;
        let verdict = format!("{} {verdict}", sign(summary.verdict));
        let about = fit(&about, self.width.saturating_sub(verdict_width));
        self.line(&format!("{}  {about}", self.paint.status(summary.verdict, verdict)));
        self.line("");
    }

    fn findings(&mut self, findings: &[Judged]) {
        let widest = findings.iter().map(|j| display_width(&j.finding.property)).max();
        let name = widest.unwrap_or(0).clamp(8, 28.min(self.width / 3));
        let verdicts = findings.iter().map(|j| display_width(&j.finding.status.to_string())).max();
        let verdict = verdicts.unwrap_or(0);
        if findings.is_empty() {
            self.line("  no promise was checked");
        }
        for judged in findings {
            let finding = &judged.finding;
            let paint = self.paint;
            let head = format!(
                "  {} {}  {}",
                paint.status(finding.status, sign(finding.status)),
                pad(&fit(&words::plain(&finding.property), name), name),
                paint.status(finding.status, pad(&finding.status.to_string(), verdict)),
            );
            // Beside the verdict, or where that leaves too little room below it.
            let beside = 4 + name + 2 + verdict + 2;
            let narrow = self.width < beside + 28;
            let indent = if narrow { 6 } else { beside };
            let explanation = words::plain(&finding.explanation);
            let mut lines = textwrap::wrap(&explanation, self.width - indent).into_iter();
            if narrow {
                self.line(&head);
            } else {
                self.line(&format!("{head}  {}", lines.next().unwrap_or_default()));
            }
            for line in lines {
                self.line(&format!("{}{line}", " ".repeat(indent)));
            }
            if finding.status != Status::Holds {
                self.witness(judged);
            }
        }
        self.line("");
    }

    fn witness(&mut self, judged: &Judged) {
        let lines = &judged.witness[..judged.witness.len().min(WITNESS_LINES)];
        if lines.is_empty() {
            return;
        }
        let index = lines.iter().map(|l| l.index.to_string().len() + 1).max().unwrap_or(0);
        let moment = words::moments(lines.iter().map(|l| l.time));
        let time = lines.iter().map(|l| display_width(&moment(l.time))).max().unwrap_or(0);
        let who = lines.iter().map(|l| display_width(&l.who)).max().unwrap_or(0);
        for line in lines {
            let text = format!(
                "{}  {}  {}  {}",
                pad_left(&format!("#{}", line.index), index),
                pad_left(&moment(line.time), time),
                pad(&line.who, who),
                line.what,
            );
            self.line(&format!("      {}", fit(&text, self.width - 6)));
        }
        let hidden = judged.finding.witness.len().saturating_sub(lines.len());
        if hidden > 0 {
            self.line(&format!("      … and {} more records", words::count(hidden as u64)));
        }
        let faults: Vec<String> = judged.faults.iter().map(|f| f.what.clone()).collect();
        if !faults.is_empty() {
            let text = format!("meanwhile: {}", words::plain(&faults.join(", ")));
            let room = self.width - 6;
            for part in textwrap::wrap(&text, room) {
                let part = self.paint.warn(part);
                self.line(&format!("      {part}"));
            }
        }
    }

    fn operations(&mut self, summary: &Summary) {
        let operations = &summary.operations;
        let total = operations.total.total();
        if total == 0 {
            self.row("operations", "none");
            return;
        }
        let text = format!(
            "{}: {} ok ({}), {} fail, {} info; {}\u{a0}ok/s",
            words::count(total),
            words::count(operations.total.ok),
            words::percent(operations.total.ok, total),
            words::count(operations.total.fail),
            words::count(operations.total.info),
            words::number(operations.per_second),
        );
        self.row("operations", &text);
        let mut rows = vec![("latency", &operations.latency)];
        if operations.by_f.len() > 1 {
            rows.extend(operations.by_f.iter().map(|f| (f.f.as_str(), &f.latency)));
        }
        // Columns that do not fit are left away from the middle: the median and the worst stay.
        let all: [(&str, fn(&Percentiles) -> u64); 5] = [
            ("p50", |p| p.p50),
            ("p90", |p| p.p90),
            ("p99", |p| p.p99),
            ("p99.9", |p| p.p99_9),
            ("max", |p| p.max),
        ];
        let fits = (self.width.saturating_sub(NAME + 3) / 10).clamp(2, all.len());
        let shown: Vec<_> = all[..fits - 1].iter().chain(&all[all.len() - 1..]).collect();
        for (i, (name, latency)) in rows.into_iter().enumerate() {
            let Some(latency) = latency else { continue };
            if i == 0 {
                let head: String = shown.iter().map(|(n, _)| pad_left(n, 10)).collect();
                let name = pad("", NAME);
                let head = self.paint.dim(format!("{name}{head}"));
                self.line(&format!("  {head}"));
            }
            let cells: String =
                shown.iter().map(|(_, at)| pad_left(&words::duration(at(latency)), 10)).collect();
            let name = self.paint.dim(pad(&fit(&words::plain(name), NAME), NAME));
            self.line(&format!("  {name}{cells}"));
        }
    }

    fn messages(&mut self, summary: &Summary) {
        let messages = &summary.messages;
        if messages.sent == 0 {
            return;
        }
        let mut text = format!(
            "{}{} sent, {}",
            if messages.estimated { "about " } else { "" },
            words::count(messages.sent),
            words::bytes(messages.bytes as f64)
        );
        if let Some(per) = messages.per_operation {
            text += &format!("; {} per acknowledged operation", words::number(per));
        }
        for (fate, name) in [
            (Fate::Lost, "lost"),
            (Fate::Cut, "cut by partitions"),
            (Fate::Dead, "sent to dead nodes"),
            (Fate::Duplicated, "duplicated"),
        ] {
            if let Some(&n) = messages.fates.get(&fate) {
                text += &format!("; {} {name}", words::count(n));
            }
        }
        self.row("messages", &text);
    }

    fn faults(&mut self, summary: &Summary) {
        let planned = summary.faults_planned();
        if planned == 0 {
            self.row("faults", "none planned");
            return;
        }
        let landed = summary.faults_landed();
        let text = format!("{planned} planned, {landed} landed");
        let idle: Vec<&str> =
            summary.faults.iter().filter(|f| f.touched == 0).map(|f| f.what.as_str()).collect();
        if idle.is_empty() {
            self.row("faults", &text);
        } else {
            self.row("faults", &format!("{text}; touched nothing: {}", idle.join(", ")));
        }
    }

    /// Which situations the protocol can tell of it reached, and which never.
    fn situations(&mut self, summary: &Summary) {
        if let Some(text) = situations(&summary.facts.marks) {
            self.row("situations", &text);
        }
    }

    fn nodes(&mut self, summary: &Summary) {
        for life in &summary.nodes {
            let own_doing = life.died.iter().map(|c| ("ended unasked", c));
            let own_doing =
                own_doing.chain(life.garbage.iter().map(|c| ("broke the wire protocol", c)));
            for (what, crash) in own_doing {
                let (when, how) = (words::moment(crash.time), words::plain(&crash.what));
                self.row("nodes", &format!("{} {what} at {when}: {how}", life.node));
            }
        }
    }

    fn pointers(&mut self, summary: &Summary) {
        let facts = &summary.facts;
        for (name, text) in [("report", &facts.report), ("replay", &facts.command)] {
            if !text.is_empty() {
                let name = self.paint.dim(pad(name, NAME));
                self.line(&format!("  {name} {}", words::plain(text)));
            }
        }
    }
}

/// Which situations were reached, how often, and which never; nothing if there are none.
pub fn situations(marks: &BTreeMap<String, u64>) -> Option<String> {
    let (reached, never): (Vec<_>, Vec<_>) = marks.iter().partition(|(_, count)| **count > 0);
    let reached: Vec<String> = reached
        .iter()
        .map(|(name, count)| format!("{} {}", words::plain(name), words::count(**count)))
        .collect();
    let never: Vec<_> = never.iter().map(|(name, _)| words::plain(name)).collect();
    let never = (!never.is_empty()).then(|| format!("never reached: {}", never.join(", ")));
    let reached = (!reached.is_empty()).then(|| reached.join(", "));
    let parts: Vec<String> = reached.into_iter().chain(never).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
