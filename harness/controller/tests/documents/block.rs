//! Finds the commands in a page.

/// A fenced block of commands and what they print.
pub struct Block<'a> {
    pub steps: Vec<Step<'a>>,
}

/// A command and what it prints.
pub struct Step<'a> {
    /// The lines of the command as they stand in the page.
    pub line: &'a str,
    /// The command for a shell.
    pub command: String,
    /// What the page says it prints.
    pub expected: String,
}

const BEGIN: &str = "```console\n";
const END: &str = "```\n";

impl<'a> Block<'a> {
    /// The next block of a page, with what stands before and after its lines.
    pub fn next(page: &'a str) -> Option<(&'a str, Block<'a>, &'a str)> {
        let begin = page.find(BEGIN)? + BEGIN.len();
        let end = begin + page[begin..].find(END)?;
        let (mut steps, mut rest) = (Vec::new(), &page[begin..end]);
        while rest.starts_with("$ ") {
            let mut line = 0;
            loop {
                let more = rest[line..].find('\n').map_or(rest.len() - line, |at| at + 1);
                line += more;
                if !rest[..line].ends_with("\\\n") {
                    break;
                }
            }
            let output = match rest[line..].starts_with("$ ") {
                true => 0,
                false => rest[line..].find("\n$ ").map_or(rest.len() - line, |at| at + 1),
            };
            let command = rest[2..line].trim_end().replace("\\\n", " ");
            let expected = rest[line..line + output].to_owned();
            steps.push(Step { line: &rest[..line], command, expected });
            rest = &rest[line + output..];
        }
        Some((&page[..begin], Block { steps }, &page[end..]))
    }
}
