//! `schism list`: the catalogue.

use super::Outcome;
use super::args::ListArgs;
use super::terminal::print;
use schism_protocols::{Card, Environment, Twin, catalogue};
use serde_json::json;
use std::fmt::Write;

pub fn list(args: &ListArgs) -> Outcome {
    let text = if args.json {
        let cards: Vec<_> = catalogue().iter().map(card_json).collect();
        format!("{:#}\n", serde_json::Value::from(cards))
    } else {
        table()
    };
    print(&text);
    Ok(0)
}

fn card_json(card: &Card) -> serde_json::Value {
    let twin = |twin: &Twin| {
        let Twin { name, line, loses, schedule, .. } = twin;
        json!({"name": name, "line": line, "loses": loses, "schedule": schedule})
    };
    let twins: Vec<_> = card.twins.iter().map(twin).collect();
    let beyond: Vec<_> = card
        .beyond
        .iter()
        .map(|b| json!({"property": b.property, "under": b.under.name(), "why": b.why}))
        .collect();
    json!({
        "name": card.name,
        "line": card.line,
        "source": card.source,
        "model": card.model.name(),
        "promises": card.promises,
        "workload": card.workload,
        "tolerates": {"of 5": (card.tolerates)(5)},
        "twins": twins,
        "beyond": beyond,
    })
}

fn table() -> String {
    let width = catalogue().iter().map(|card| card.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for card in catalogue() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:width$}  {}", card.name, card.line);
        let indent = " ".repeat(width + 2);
        let _ = writeln!(
            text,
            "{indent}{}; {} of 5 may crash; workload {}",
            card.model.name(),
            (card.tolerates)(5),
            card.workload
        );
        let _ = writeln!(text, "{indent}promises: {}", card.promises.join(", "));
        for twin in card.twins {
            let _ = writeln!(text, "{indent}--twin {}: loses {}", twin.name, twin.loses);
        }
        for beyond in card.beyond {
            let _ = match beyond.under {
                Environment::Model => {
                    writeln!(text, "{indent}does not promise: {}", beyond.property)
                }
                under => writeln!(text, "{indent}under {under}: loses {}", beyond.property),
            };
        }
    }
    text
}
