//! Plans as TOML text.

use super::{Circumstances, Plan};
use crate::time;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use toml::Spanned;

/// Why a plan is refused. Reads on after the name of the file: `line 7: …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", self.place())]
pub struct PlanError {
    /// The line of the text, counted from 1. A plan that was not read from text has none.
    pub line: Option<usize>,
    /// The fault's position in the plan, counted from 0.
    pub fault: Option<usize>,
    /// The field of the fault.
    pub field: Option<&'static str>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl PlanError {
    fn place(&self) -> String {
        let mut place = String::new();
        // Writing to a string cannot fail.
        if let Some(line) = self.line {
            let _ = write!(place, "line {line}: ");
        }
        if let Some(fault) = self.fault {
            let _ = write!(place, "fault {fault}: ");
        }
        if let Some(field) = self.field {
            let _ = write!(place, "`{field}`: ");
        }
        place
    }
}

/// Where the fields of each fault stand in the text.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    fault: Vec<Spanned<BTreeMap<String, Spanned<toml::Value>>>>,
}

impl Plan {
    /// Reads a plan and refuses a bad one, or one that cannot come to pass in these circumstances.
    pub fn from_toml_for(text: &str, circumstances: &Circumstances) -> Result<Plan, PlanError> {
        let plan = Plan::from_toml(text, circumstances.nodes)?;
        for (i, fault) in plan.faults.iter().enumerate() {
            if let Err((field, message)) = circumstances.check(&plan, fault) {
                let fault = Some(i);
                let mut error = PlanError { line: None, fault, field: Some(field), message };
                error.line = place_of(text, &error);
                return Err(error);
            }
        }
        Ok(plan)
    }

    /// Reads a plan and refuses a bad one, for a cluster of this many nodes.
    pub fn from_toml(text: &str, nodes: u16) -> Result<Plan, PlanError> {
        let plan: Plan = toml::from_str(text).map_err(|error| PlanError {
            line: error.span().map(|span| line_of(text, span.start)),
            fault: None,
            field: None,
            message: plainly(error.message()),
        })?;
        plan.check(nodes).map_err(|mut error| {
            error.line = place_of(text, &error);
            error
        })?;
        Ok(plan)
    }

    /// Writes it the way a person would.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for fault in &self.faults {
            let _ = writeln!(text, "[[fault]]\nfrom = \"{}\"", time::words(fault.from));
            if !fault.is_for_good() {
                let _ = writeln!(text, "until = \"{}\"", time::words(fault.until));
            }
            let _ = writeln!(text, "what = {}", inline(&fault.what));
            if fault.what.needs_target() || fault.target != super::Target::All {
                let _ = writeln!(text, "target = {}", inline(&fault.target));
            }
            if let Some(when) = &fault.when {
                let _ = writeln!(text, "when = {}", inline(when));
            }
            text.push('\n');
        }
        text
    }
}

/// What the reader of TOML says, as somebody would who knows plans.
fn plainly(message: &str) -> String {
    if message.starts_with("wanted exactly 1 element") {
        return "a fault is one thing that goes wrong: write a [[fault]] for each".into();
    }
    message
        .replace("expected f64", "expected a number, such as 0.2")
        .replace("expected u64", "expected a whole number, without a unit")
        .replace("expected u32", "expected a whole number")
        .replace("expected u16", "expected a whole number")
}

/// A value on one line.
fn inline(value: &impl serde::Serialize) -> String {
    toml::Value::try_from(value)
        .expect("faults and targets are strings, numbers, lists and tables")
        .to_string()
}

/// The line, from 1, of a position in the text.
fn line_of(text: &str, position: usize) -> usize {
    1 + text.bytes().take(position).filter(|&byte| byte == b'\n').count()
}

/// The line of the field an error is about, or else of its fault.
fn place_of(text: &str, error: &PlanError) -> Option<usize> {
    let places: Places = toml::from_str(text).ok()?;
    let fault = places.fault.get(error.fault?)?;
    let field = error.field.and_then(|field| fault.get_ref().get(field));
    let start = field.map_or(fault.span().start, |field| field.span().start);
    Some(line_of(text, start))
}
