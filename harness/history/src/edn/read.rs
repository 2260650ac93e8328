//! Operations from EDN text.

use super::scan::{Scanner, Unexpected};
use crate::intake::{FoundOp, Intake, Refused, bare};
use crate::{NodeId, Value};
use compact_str::CompactString;

impl From<Unexpected> for (usize, Refused) {
    fn from(Unexpected { at, problem }: Unexpected) -> Self {
        (at, Refused::Malformed(problem))
    }
}

/// Takes in every operation of `text`: maps one after the other, or in a vector or list, with or
/// without a tag. On failure, says where in the text and why.
pub(crate) fn parse(text: &str, intake: &mut Intake) -> Result<(), (usize, Refused)> {
    let mut scanner = Scanner::new(text);
    let mut close = None;
    loop {
        if let Some(bracket) = close
            && scanner.closes(bracket)?
        {
            close = None;
        }
        let byte = scanner.peek()?;
        let start = scanner.at;
        match (byte, close) {
            (None, _) => return Ok(()),
            (Some(b'{'), _) => {
                let found = operation(&mut scanner)?;
                intake.op(found).map_err(|refused| (start, refused))?;
            }
            (Some(b'#'), _) if scanner.second() != Some(b'{') => {
                scanner.token();
                if scanner.peek()? != Some(b'{') {
                    scanner.expected("a map after its tag")?;
                }
            }
            (Some(b'['), None) => {
                scanner.at += 1;
                close = Some(b']');
            }
            (Some(b'('), None) => {
                scanner.at += 1;
                close = Some(b')');
            }
            _ => return Ok(scanner.expected("an operation, a map such as {:type :invoke, …}")?),
        }
    }
}

/// Reads the map whose brace is here.
fn operation(scanner: &mut Scanner<'_>) -> Result<FoundOp, Unexpected> {
    let mut op = FoundOp::default();
    scanner.at += 1;
    while !scanner.closes(b'}')? {
        let name = match scanner.peek()? {
            Some(b':') => scanner.keyword()?,
            _ => {
                scanner.skip()?;
                ""
            }
        };
        if scanner.peek()? == Some(b'}') {
            scanner.expected("a value for the map's last key")?;
        }
        match name {
            "index" => op.index = whole(scanner, name)?,
            "time" => op.time = whole(scanner, name)?,
            "process" => op.process = Some(scanner.value()?),
            "type" => op.kind = Some(scanner.value()?),
            "f" => op.f = function(scanner)?,
            "key" => op.key = Some(scanner.value()?),
            "value" => op.value = scanner.value()?,
            "error" => op.error = printed(scanner)?,
            "node" => {
                let node = scanner.value()?;
                op.node = node.as_str().and_then(NodeId::parse);
            }
            _ => scanner.skip()?,
        }
    }
    Ok(op)
}

fn whole(scanner: &mut Scanner<'_>, name: &str) -> Result<Option<i64>, Unexpected> {
    let at = scanner.at;
    match scanner.value()? {
        Value::Int(i) => Ok(Some(i)),
        Value::Nil => Ok(None),
        other => scanner.problem(at, format!("expected a whole number for :{name}, found {other}")),
    }
}

fn function(scanner: &mut Scanner<'_>) -> Result<Option<CompactString>, Unexpected> {
    Ok(match scanner.value()? {
        Value::Nil => None,
        Value::Keyword(name) => Some(name),
        Value::Str(name) => Some(bare(&name).into()),
        other => Some(other.to_string().into()),
    })
}

/// An error in words: a string as it is, any other form as it is written.
fn printed(scanner: &mut Scanner<'_>) -> Result<Option<CompactString>, Unexpected> {
    if scanner.peek()? == Some(b'"') {
        return Ok(Some(scanner.string()?.into()));
    }
    let start = scanner.at;
    scanner.skip()?;
    let form = scanner.since(start);
    Ok((form != "nil").then(|| form.into()))
}
