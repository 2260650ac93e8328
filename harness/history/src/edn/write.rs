//! Histories as EDN, one map per line, as Jepsen prints them.

use crate::nemesis;
use crate::{Entry, FaultEdge, History, OpKind, Real, Record, Value};
use std::io::{self, Write};

/// Writes a history's operations and faults as Jepsen EDN. Faults are the nemesis's `:start` and
/// `:stop`; the other kinds of records have no place in a Jepsen history and are left out.
pub fn write_edn(history: &History, mut output: impl Write) -> io::Result<()> {
    let mut text = String::new();
    for record in &history.records {
        line(&mut text, record);
        if text.len() >= 64 * 1024 {
            output.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    output.write_all(text.as_bytes())?;
    output.flush()
}

fn line(text: &mut String, record: &Record) {
    match &record.entry {
        Entry::Op(op) => {
            head(text, record, op.kind, &op.f);
            form(text, &op.value);
            field(text, ":process ");
            text.push_str(&op.process.to_string());
            if let Some(key) = &op.key {
                field(text, ":key ");
                form(text, key);
            }
            if let Some(error) = &op.error {
                field(text, ":error ");
                string(text, error);
            }
            if let Some(node) = op.node {
                field(text, ":node ");
                string(text, &node.to_string());
            }
        }
        Entry::Fault(fault) => {
            let f = if fault.edge == FaultEdge::Begin { "start" } else { "stop" };
            head(text, record, OpKind::Info, f);
            form(text, &nemesis::to_value(fault));
            field(text, ":process :nemesis");
        }
        _ => return,
    }
    text.push_str("}\n");
}

/// Writes a line up to its value.
fn head(text: &mut String, record: &Record, kind: OpKind, f: &str) {
    text.push_str("{:index ");
    text.push_str(&record.index.to_string());
    field(text, ":time ");
    text.push_str(&record.time.to_string());
    field(
        text,
        match kind {
            OpKind::Invoke => ":type :invoke",
            OpKind::Ok => ":type :ok",
            OpKind::Fail => ":type :fail",
            OpKind::Info => ":type :info",
        },
    );
    field(text, ":f ");
    keyword(text, f);
    field(text, ":value ");
}

fn field(text: &mut String, start: &str) {
    text.push_str(", ");
    text.push_str(start);
}

fn form(text: &mut String, value: &Value) {
    match value {
        Value::Nil => text.push_str("nil"),
        Value::Bool(b) => text.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => text.push_str(&i.to_string()),
        Value::Real(Real(x)) if x.is_nan() => text.push_str("##NaN"),
        Value::Real(Real(x)) if x.is_infinite() => {
            text.push_str(if *x > 0.0 { "##Inf" } else { "##-Inf" });
        }
        // The debug form always shows a point or an exponent, so it stays a real.
        Value::Real(Real(x)) => text.push_str(&format!("{x:?}")),
        Value::Str(s) => string(text, s),
        Value::Keyword(name) => keyword(text, name),
        Value::List(items) => forms(text, "[", items, "]"),
        Value::Set(items) => forms(text, "#{", items, "}"),
        Value::Map(entries) => {
            text.push('{');
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    text.push_str(", ");
                }
                form(text, key);
                text.push(' ');
                form(text, value);
            }
            text.push('}');
        }
    }
}

fn forms(text: &mut String, open: &str, items: &[Value], close: &str) {
    text.push_str(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            text.push(' ');
        }
        form(text, item);
    }
    text.push_str(close);
}

/// Writes a keyword, or a string if no keyword can have that name.
fn keyword(text: &mut String, name: &str) {
    let fits = |c: char| c.is_alphanumeric() || ".*+!-_?$%&=<>/#:'".contains(c);
    if !name.is_empty() && name.chars().all(fits) {
        text.push(':');
        text.push_str(name);
    } else {
        string(text, name);
    }
}

fn string(text: &mut String, s: &str) {
    text.push('"');
    for c in s.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => text.push_str(&format!("\\u{:04x}", c as u32)),
            c => text.push(c),
        }
    }
    text.push('"');
}
