//! The same run on fewer nodes.

use crate::Recipe;
use schism_history::NodeId;
use schism_nemesis::{Fault, Plan};
use schism_run::Scripted;
use toml::Value;

/// The recipe without a node's part in it, if there is one: the nodes behind it move up. What it
/// was asked is left out, or asked of its successor.
pub fn without(recipe: &Recipe, gone: NodeId, reassign: bool) -> Option<Recipe> {
    let nodes = recipe.nodes.checked_sub(1).filter(|left| *left > 0)?;
    let renamed = |node: NodeId| match node {
        _ if node == gone => None,
        NodeId(i) if i > gone.0 => Some(NodeId(i - 1)),
        _ => Some(node),
    };
    let operation = |operation: &Scripted| {
        let node = renamed(operation.node).or(reassign.then_some(NodeId(gone.0 % nodes)))?;
        Some(Scripted { node, ..operation.clone() })
    };
    let script = recipe.script.as_ref().map(|all| all.iter().filter_map(operation).collect());
    let faults = recipe.plan.faults.iter().filter_map(|fault| fault_on(fault, nodes, &renamed));
    let pinned = recipe.pinned.iter().filter_map(|pinned| {
        let (from, to) = (renamed(pinned.from)?, renamed(pinned.to)?);
        Some(schism_nemesis::Pinned { from, to, ..pinned.clone() })
    });
    Some(Recipe {
        nodes,
        script,
        plan: Plan { faults: faults.collect() },
        pinned: pinned.collect(),
        ..recipe.clone()
    })
}

/// The fault on the nodes that are left, if it still means anything. Faults are data: whatever
/// their vocabulary, they name nodes in one way.
fn fault_on(
    fault: &Fault,
    nodes: u16,
    renamed: &dyn Fn(NodeId) -> Option<NodeId>,
) -> Option<Fault> {
    let written = Value::try_from(fault).ok()?;
    let fault: Fault = rename(written, false, renamed)?.try_into().ok()?;
    let alone = Plan { faults: vec![fault] };
    alone.check(nodes).ok()?;
    alone.faults.into_iter().next()
}

/// Renames the nodes in a piece of data. `links`: inner lists are pairs, useless without one end.
fn rename(value: Value, links: bool, renamed: &dyn Fn(NodeId) -> Option<NodeId>) -> Option<Value> {
    match value {
        Value::String(text) => match NodeId::parse(&text) {
            Some(node) => renamed(node).map(|node| Value::String(node.to_string())),
            None => Some(Value::String(text)),
        },
        Value::Array(items) => {
            let count = items.len();
            let left: Vec<Value> =
                items.into_iter().filter_map(|item| rename(item, links, renamed)).collect();
            let pair = links && left.iter().all(|item| item.is_str());
            (!pair || left.len() == count).then_some(Value::Array(left))
        }
        Value::Table(fields) => {
            let mut left = toml::Table::new();
            for (name, field) in fields {
                let field = rename(field, name == "links", renamed)?;
                left.insert(name, field);
            }
            Some(Value::Table(left))
        }
        other => Some(other),
    }
}
