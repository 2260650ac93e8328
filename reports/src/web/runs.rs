//! The list of runs: searched, filtered, sorted, page by page, and two of them chosen to compare.

use super::{Light, Part, served, text, url};
use crate::Figures;
use crate::terminal::sign;
use crate::words;
use maud::{Markup, html};
use schism_checkers::Status;
use std::cmp::Ordering;
use std::str::FromStr;

/// How a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was judged.
    Judged(Status),
    /// It is under way.
    Running,
    /// It ended without a verdict.
    BrokeOff,
    /// What is there cannot be read.
    Unreadable(String),
}

impl State {
    /// In a word or two.
    pub fn name(&self) -> String {
        match self {
            State::Judged(status) => status.to_string(),
            State::Running => "running".into(),
            State::BrokeOff => "broke off".into(),
            State::Unreadable(_) => "unreadable".into(),
        }
    }

    pub(super) fn badge(&self) -> Markup {
        let (light, sign) = match self {
            State::Judged(status) => (Light::of(*status).class(), sign(*status)),
            State::Running => ("running", "▸"),
            State::BrokeOff | State::Unreadable(_) => (Light::Doubt.class(), "!"),
        };
        html! { span class={ "badge " (light) } { (sign) " " (self.name()) } }
    }

    /// Where it stands when runs are sorted by verdict: the worst first.
    fn rank(&self) -> u8 {
        match self {
            State::Judged(status) => *status as u8,
            State::Unreadable(_) => 100,
            State::BrokeOff => 101,
            State::Running => 102,
        }
    }
}

/// A run in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// Its path below the store.
    pub path: String,
    /// The protocol.
    pub test: String,
    /// The defect built into it.
    pub twin: Option<String>,
    /// What drives it.
    pub workload: String,
    /// How many nodes.
    pub nodes: u64,
    /// Its seed.
    pub seed: u64,
    /// Whether it is simulated.
    pub simulated: bool,
    /// When it began, in UTC, as `2026-11-26T06:22:27Z`.
    pub started: String,
    /// How it stands.
    pub state: State,
    /// Its worst finding, in words, unless all is well.
    pub why: String,
    /// Its figures, if they are known.
    pub figures: Option<Figures>,
}

impl RunRow {
    pub(super) fn subject(&self) -> String {
        match &self.twin {
            Some(twin) => format!("{} + {twin}", self.test),
            None => self.test.clone(),
        }
    }
}

/// By what runs are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Date,
    /// By name.
    Test,
    /// The worst first.
    Verdict,
    /// The lowest first.
    Seed,
    /// The fastest first.
    Throughput,
    /// The slowest first.
    P99,
}

impl Sort {
    const ALL: [Sort; 6] =
        [Sort::Date, Sort::Test, Sort::Verdict, Sort::Seed, Sort::Throughput, Sort::P99];

    fn name(self) -> &'static str {
        match self {
            Sort::Date => "date",
            Sort::Test => "test",
            Sort::Verdict => "verdict",
            Sort::Seed => "seed",
            Sort::Throughput => "throughput",
            Sort::P99 => "p99",
        }
    }

    fn compare(self, a: &RunRow, b: &RunRow) -> Ordering {
        let rate = |row: &RunRow| row.figures.as_ref().map_or(-1.0, |f| f.per_second);
        let p99 = |row: &RunRow| row.figures.as_ref().and_then(|f| f.latency).map(|l| l.p99);
        match self {
            Sort::Date => b.started.cmp(&a.started),
            Sort::Test => a.subject().cmp(&b.subject()),
            Sort::Verdict => a.state.rank().cmp(&b.state.rank()),
            Sort::Seed => a.seed.cmp(&b.seed),
            Sort::Throughput => rate(b).total_cmp(&rate(a)),
            Sort::P99 => p99(b).cmp(&p99(a)),
        }
        .then_with(|| b.started.cmp(&a.started))
        .then_with(|| a.path.cmp(&b.path))
    }
}

impl FromStr for Sort {
    type Err = ();

    fn from_str(text: &str) -> Result<Sort, ()> {
        Sort::ALL.into_iter().find(|sort| sort.name() == text).ok_or(())
    }
}

/// What is asked of the list, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that must all be found in the row.
    pub words: String,
    /// The protocol.
    pub test: String,
    /// The verdict.
    pub verdict: String,
    /// The seed.
    pub seed: String,
    /// Not before this day or moment.
    pub from: String,
    /// Not after this day.
    pub to: String,
    /// By what it is sorted.
    pub sort: Sort,
    /// Which page, from zero.
    pub page: usize,
}

/// How many runs are on a page.
const PAGE: usize = 100;

impl Query {
    /// Takes it from the pairs of an address. What is unknown is left out.
    pub fn of(pairs: &[(String, String)]) -> Query {
        let mut query = Query::default();
        for (name, value) in pairs {
            let value = value.trim();
            match name.as_str() {
                "q" => query.words = value.into(),
                "test" => query.test = value.into(),
                "verdict" => query.verdict = value.into(),
                "seed" => query.seed = value.into(),
                "from" => query.from = value.into(),
                "to" => query.to = value.into(),
                "sort" => query.sort = value.parse().unwrap_or_default(),
                "page" => query.page = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        query
    }

    /// Whether a run is one that is asked for.
    pub fn takes(&self, row: &RunRow) -> bool {
        let is = |asked: &str, value: &str| asked.is_empty() || asked == value;
        let day = |end: &str| row.started.get(..end.len()).unwrap_or(&row.started).to_owned();
        let all = format!(
            "{} {} {} {} {} {} {}",
            row.path,
            row.subject(),
            row.workload,
            row.seed,
            row.state.name(),
            row.why,
            if row.simulated { "simulated" } else { "processes" }
        )
        .to_lowercase();
        is(&self.test, &row.test)
            && is(&self.verdict, &row.state.name())
            && is(&self.seed, &row.seed.to_string())
            && (self.from.is_empty() || row.started >= self.from)
            && (self.to.is_empty() || day(&self.to) <= self.to)
            && self.words.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }

    fn address(&self, sort: Sort, page: usize) -> String {
        let Query { words, test, verdict, seed, from, to, .. } = self;
        let page = if page == 0 { String::new() } else { page.to_string() };
        let sort = if sort == Sort::default() { "" } else { sort.name() };
        let pairs = [
            ("q", words.as_str()),
            ("test", test),
            ("verdict", verdict),
            ("seed", seed),
            ("from", from),
            ("to", to),
            ("sort", sort),
            ("page", &page),
        ];
        let pairs: Vec<String> = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", url(value)))
            .collect();
        if pairs.is_empty() { "/runs".into() } else { format!("/runs?{}", pairs.join("&")) }
    }
}

/// The page; `all` are the runs of the store in any order.
pub fn runs(all: &[RunRow], query: &Query) -> String {
    let mut found: Vec<&RunRow> = all.iter().filter(|row| query.takes(row)).collect();
    found.sort_by(|a, b| query.sort.compare(a, b));
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = query.page.min(pages - 1);
    let shown = &found[page * PAGE..found.len().min((page + 1) * PAGE)];
    let body = html! {
        main {
            h1 { "Runs" }
            (form(all, query))
            p role="status" id="count" {
                @if found.len() == all.len() { (words::count(all.len() as u64)) " runs" }
                @else { (words::count(found.len() as u64)) " of " (words::count(all.len() as u64)) " runs" }
                @if pages > 1 { ", page " (page + 1) " of " (pages) }
            }
            @if all.is_empty() {
                p { "The store is empty. " code { "schism test raft" } " makes a run." }
            } @else if found.is_empty() {
                p { "Nothing matches. " a href="/runs" { "Show all runs" } }
            } @else {
                (table(shown, query, page))
            }
            @if pages > 1 {
                nav.pages aria-label="Pages" {
                    @if page > 0 { a rel="prev" href=(query.address(query.sort, page - 1)) { "← newer" } }
                    @if page + 1 < pages {
                        a rel="next" href=(query.address(query.sort, page + 1)) { "older →" }
                    }
                }
            }
        }
    };
    served("Runs", Part::Runs, &body)
}

fn form(all: &[RunRow], query: &Query) -> Markup {
    let mut tests: Vec<&str> = all.iter().map(|row| row.test.as_str()).collect();
    tests.sort_unstable();
    tests.dedup();
    let mut verdicts: Vec<(u8, String)> =
        all.iter().map(|row| (row.state.rank(), row.state.name())).collect();
    verdicts.sort_unstable();
    verdicts.dedup();
    html! {
        form.search action="/runs" role="search" {
            label.wide { "Search" input type="search" name="q" value=(query.words)
                placeholder="words of test, verdict, finding, seed"; }
            label { "Test" select name="test" {
                option value="" { "all" }
                @for test in tests {
                    option value=(test) selected[test == query.test] { (text(test)) }
                }
            } }
            label { "Verdict" select name="verdict" {
                option value="" { "all" }
                @for (_, verdict) in &verdicts {
                    option value=(verdict) selected[*verdict == query.verdict] { (verdict) }
                }
            } }
            label { "Seed" input.short type="text" inputmode="numeric" name="seed" value=(query.seed); }
            label { "From" input type="date" name="from" value=(query.from); }
            label { "To" input type="date" name="to" value=(query.to); }
            label { "Sort by" select name="sort" {
                @for sort in Sort::ALL {
                    option value=(sort.name()) selected[sort == query.sort] { (sort.name()) }
                }
            } }
            span.buttons { button type="submit" { "Show" } " " a href="/runs" { "clear" } }
        }
    }
}

fn table(rows: &[&RunRow], query: &Query, page: usize) -> Markup {
    let head = |sort: Sort, name: &str| {
        let current = (sort == query.sort).then_some(match sort {
            Sort::Date | Sort::Throughput | Sort::P99 => "descending",
            Sort::Test | Sort::Verdict | Sort::Seed => "ascending",
        });
        let number = matches!(sort, Sort::Seed | Sort::Throughput | Sort::P99).then_some("number");
        html! {
            th scope="col" class=[number] aria-sort=[current] {
                a href=(query.address(sort, if sort == query.sort { page } else { 0 })) { (name) }
                @if current.is_some() { " ▾" }
            }
        }
    };
    html! {
        form action="/compare" {
            p.compare { button type="submit" { "Compare two" }
                span.note { " Mark two runs, then compare them." } }
            div.scroll tabindex="0" role="region" aria-label="Runs" {
                table.runs {
                    thead { tr {
                        th scope="col" { span.hidden { "Mark" } }
                        (head(Sort::Verdict, "verdict")) (head(Sort::Test, "test"))
                        (head(Sort::Seed, "seed")) (head(Sort::Date, "began (UTC)"))
                        (head(Sort::Throughput, "throughput")) (head(Sort::P99, "p99"))
                        th scope="col" { "what was found" }
                    } }
                    tbody { @for row in rows { (line(row)) } }
                }
            }
        }
    }
}

fn line(row: &RunRow) -> Markup {
    let host = if row.simulated { "simulated" } else { "processes" };
    html! {
        tr {
            td.mark {
                @if matches!(row.state, State::Judged(_)) {
                    input type="checkbox" name="run" value=(row.path)
                        aria-label={ "Mark " (words::plain(&row.path)) };
                }
            }
            td { (row.state.badge()) }
            td.subject {
                a href={ "/runs/" (url(&row.path)) "/" } { (text(&row.subject())) }
                span.note { (text(&row.workload)) " · " (row.nodes) " nodes · " (host) }
            }
            td.number.seed { (row.seed) }
            td.date { (text(&row.started.replace('T', " ").replace('Z', ""))) }
            @match &row.figures {
                Some(figures) => {
                    td.number { (words::number(figures.per_second)) " ops/s" }
                    td.number.p99 { @if let Some(latency) = figures.latency { (words::duration(latency.p99)) } }
                }
                None => { td {} td {} }
            }
            td.why {
                @if let State::Unreadable(why) = &row.state { (text(why)) } @else { (text(&row.why)) }
            }
        }
    }
}
