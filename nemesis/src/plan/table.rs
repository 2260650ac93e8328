//! Plans as a table: when, what, whom.

use super::Plan;
use crate::time;
use std::fmt;

/// Many links are named one by one: after so many characters the plan itself has to tell.
const WIDEST: usize = 64;

fn brief(what: &str) -> String {
    let end = what.char_indices().nth(WIDEST).map(|(end, _)| end);
    let Some(end) = end else { return what.into() };
    let whole_words = what[..end].rfind(' ').unwrap_or(end);
    format!("{} …", &what[..whole_words])
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.is_empty() {
            return f.write_str("no faults\n");
        }
        let mut rows = vec![["when".to_string(), "what".into(), "whom".into()]];
        rows.extend(self.faults.iter().map(|fault| {
            let from = time::words(fault.from);
            let when = match fault.is_for_good() {
                true => format!("{from} on"),
                false => format!("{from} to {}", time::words(fault.until)),
            };
            let when = match &fault.when {
                Some(moment) => format!("{when}, at {moment}"),
                None => when,
            };
            [when, brief(&fault.what.to_string()), fault.target.to_string()]
        }));
        let width = |column: usize| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let (when, what) = (width(0), width(1));
        for row in &rows {
            writeln!(f, "{:when$}  {:what$}  {}", row[0], row[1], row[2])?;
        }
        Ok(())
    }
}
