//! Jepsen's nemesis, in terms of faults.
//!
//! The nemesis stands in Jepsen's histories as a process named `:nemesis`. Each thing it does
//! makes two lines, when it begins to do it and when it has done it, both of type `:info`. By
//! convention `:start-partition` puts a partition in force and `:stop-partition` undoes it (also
//! plain `:start` and `:stop`; a `:kill` is undone by `:start`, a `:pause` by `:resume`). A fault
//! is taken to be in force from the first line of the one to the last of the other, so that no
//! moment it touched falls outside; anything else the nemesis does begins with its first line and
//! ends with its second.
//!
//! Faults that we export carry themselves whole in their value and come back unchanged.

use crate::{Fault, FaultEdge, NodeId, Value};
use compact_str::CompactString;

/// What the nemesis is up to.
#[derive(Default)]
pub(crate) struct Nemesis {
    faults: u32,
    /// Faults in force: name and number.
    open: Vec<(CompactString, u32)>,
    /// The function of a first line whose second is to come.
    begun: Option<CompactString>,
}

/// What a function does to the fault it names.
enum Act {
    Start,
    Stop,
    Once,
}

impl Nemesis {
    /// Takes a line of the nemesis; `None` if no fault begins or ends with it.
    pub(crate) fn acts(&mut self, f: &str, value: &Value) -> Option<Fault> {
        if let Some(fault) = exported(f, value) {
            return Some(fault);
        }
        let second = self.begun.as_deref() == Some(f);
        self.begun = (!second).then(|| f.into());
        let (act, what) = self.meaning(f);
        let position = self.open.iter().position(|(name, _)| name == what);
        match (act, second, position) {
            (Act::Start | Act::Once, false, None) => {
                let id = self.faults;
                self.faults += 1;
                self.open.push((what.into(), id));
                Some(fault(id, FaultEdge::Begin, what, value))
            }
            (Act::Stop | Act::Once, true, Some(position)) => {
                let (what, id) = self.open.remove(position);
                Some(fault(id, FaultEdge::End, &what, value))
            }
            _ => None,
        }
    }

    fn meaning<'a>(&self, f: &'a str) -> (Act, &'a str) {
        let killed = || self.open.iter().any(|(name, _)| name == "kill");
        match f {
            "kill" | "pause" => (Act::Start, f),
            "start" if killed() => (Act::Stop, "kill"),
            "resume" => (Act::Stop, "pause"),
            "start" | "stop" => (if f == "start" { Act::Start } else { Act::Stop }, "nemesis"),
            _ => match (f.strip_prefix("start-"), f.strip_prefix("stop-")) {
                (Some(what), _) => (Act::Start, what),
                (_, Some(what)) => (Act::Stop, what),
                _ => (Act::Once, f),
            },
        }
    }
}

fn fault(id: u32, edge: FaultEdge, what: &str, value: &Value) -> Fault {
    let detail = if value.is_nil() { String::new() } else { value.to_string() };
    // The nemesis says that it has done it; how much that touched it does not say.
    let touched = u64::from(edge == FaultEdge::End);
    Fault { id, edge, what: what.into(), targets: Vec::new(), touched, detail: detail.into() }
}

/// A fault as the value that stands for it in an export.
pub(crate) fn to_value(fault: &Fault) -> Value {
    let targets = fault.targets.iter().map(|n| Value::from(n.to_string().as_str())).collect();
    let fields = [
        ("id", Value::Int(fault.id.into())),
        ("what", Value::from(fault.what.as_str())),
        ("targets", Value::List(targets)),
        ("touched", Value::Int(i64::try_from(fault.touched).unwrap_or(i64::MAX))),
        ("detail", Value::from(fault.detail.as_str())),
    ];
    Value::map(fields.map(|(name, value)| (Value::Keyword(name.into()), value)).into())
}

/// The fault that was exported as this line, if it was one of ours.
fn exported(f: &str, value: &Value) -> Option<Fault> {
    let Value::Map(fields) = value else { return None };
    let field = |name: &str| fields.iter().find(|(k, _)| k.as_str() == Some(name)).map(|(_, v)| v);
    let targets = field("targets")?.as_list()?.iter();
    Some(Fault {
        id: field("id")?.as_int()?.try_into().ok()?,
        edge: match f {
            "start" => FaultEdge::Begin,
            "stop" => FaultEdge::End,
            _ => return None,
        },
        what: field("what")?.as_str()?.into(),
        targets: targets.map(|v| NodeId::parse(v.as_str()?)).collect::<Option<_>>()?,
        touched: field("touched")?.as_int()?.try_into().ok()?,
        detail: field("detail")?.as_str()?.into(),
    })
}
