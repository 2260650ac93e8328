//! `schism bench protocols`: what protocols cost when nothing goes wrong.

use super::Outcome;
use super::args::parse_time;
use super::matrix::chosen;
use super::terminal::{LiveLine, print};
use crate::cost::{Cost, measure};
use clap::{Args, Subcommand};
use schism_protocols::Card;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Args, Debug)]
pub struct BenchArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Subcommand, Debug)]
pub enum What {
    /// Throughput and messages per operation of every protocol, as real processes without faults,
    /// beside the textbook's number of messages
    Protocols(ProtocolsArgs),
}

#[derive(Args, Debug)]
pub struct ProtocolsArgs {
    /// Only protocols with this in their name, or of this model or workload; may be repeated
    #[arg(long, value_name = "WORD")]
    pub filter: Vec<String>,
    /// How many nodes
    #[arg(long, short = 'n', default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=64))]
    pub nodes: u16,
    /// How long each protocol is measured
    #[arg(long, short = 't', value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub time_limit: Duration,
    /// As JSON on standard output
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// As a table in Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// What was measured of a protocol.
struct Measured {
    card: &'static Card,
    cost: Cost,
}

pub fn bench(args: &BenchArgs) -> Outcome {
    let What::Protocols(args) = &args.what;
    let mut live = LiveLine::new(true);
    let mut measured = Vec::new();
    // Nobody asks a detector anything.
    let cards = chosen(&args.filter)?.into_iter().filter(|card| card.workload != "detect");
    for card in cards {
        live.draw(card.name);
        let cost = measure(card, args.nodes, args.time_limit)?;
        measured.push(Measured { card, cost });
    }
    live.clear();
    if args.json {
        let rows: Vec<_> = measured.iter().map(json).collect();
        print(&format!("{:#}\n", serde_json::Value::from(rows)));
    } else if let Some(file) = &args.markdown {
        std::fs::write(file, markdown(&measured, args))
            .map_err(|e| crate::Error::writing(file, e))?;
    } else {
        print(&terminal(&measured));
    }
    Ok(0)
}

impl Measured {
    /// Why the measured figure is another one than the textbook's.
    fn remark(&self) -> &'static str {
        match (self.cost.alone.differs(), self.card.messages()) {
            (_, None) => "the source gives no figure",
            (true, Some(it)) if it.why.is_empty() => "unexplained",
            (_, Some(it)) => it.why,
        }
    }
}

fn json(row: &Measured) -> serde_json::Value {
    serde_json::json!({
        "protocol": row.card.name,
        "operations-per-second": row.cost.throughput,
        "messages-per-operation": row.cost.alone.messages,
        "messages": row.cost.alone.kinds,
        "messages-per-operation-under-load": row.cost.loaded,
        "textbook": row.card.messages().map(|it| it.text),
        "textbook-messages-per-operation": row.cost.alone.textbook,
        "differs": row.cost.alone.differs(),
        "remark": row.remark(),
    })
}

fn columns(row: &Measured) -> [String; 6] {
    let &Cost { throughput, loaded, ref alone } = &row.cost;
    let text = row.card.messages().map_or("", |it| it.text).to_string();
    let figure = alone.textbook.map_or(String::new(), |figure| format!("{figure:.1}"));
    let sign = if alone.differs() { "≠ " } else { "" };
    [
        if throughput < 100.0 { format!("{throughput:.1}") } else { format!("{throughput:.0}") },
        format!("{:.1}", alone.messages),
        figure,
        text,
        format!("{loaded:.1}"),
        format!("{sign}{}", row.remark()),
    ]
}

const HEADS: [&str; 6] =
    ["operations/s", "messages/operation", "textbook", "formula", "under load", "remark"];

fn terminal(measured: &[Measured]) -> String {
    let mut text = String::new();
    let names = measured.iter().map(|row| row.card.name.len()).max().unwrap_or(0);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{:names$}  {:>8}  {:>8}  {:>8}  {:>8}  textbook's formula",
        "", "ops/s", "msg/op", "textbook", "loaded"
    );
    for row in measured {
        let [throughput, messages, figure, formula, all, remark] = columns(row);
        let _ = writeln!(
            text,
            "{:names$}  {throughput:>8}  {messages:>8}  {figure:>8}  {all:>8}  {formula}  {remark}",
            row.card.name
        );
    }
    text
}

fn markdown(measured: &[Measured], args: &ProtocolsArgs) -> String {
    let mut text = format!(
        "# What the protocols cost\n\n\
         Made by `schism bench protocols --markdown FILE`, with {} processes and no faults.\n\n\
         *Operations/s* are those that real processes get done in {}, with two clients per process \
         (six where operations take rounds) that never pause, while every message is recorded; \
         what is broadcast is done when it is delivered everywhere. *Messages/operation* are those \
         of an operation that comes alone, counted in the simulator until all is silent: the \
         protocol's own, between different processes, without what links acknowledge and detectors \
         ask. The textbook's figure beside it is for as many processes. *Under load* are the \
         messages per operation of the processes, where one message may serve many operations.\n\n",
        args.nodes,
        schism_nemesis::time::words(args.time_limit),
    );
    let _ = writeln!(text, "| protocol | {} |", HEADS.join(" | "));
    let _ = writeln!(text, "|---|---:|---:|---:|---|---:|---|");
    for row in measured {
        let _ = writeln!(text, "| {} | {} |", row.card.name, columns(row).join(" | "));
    }
    text
}
