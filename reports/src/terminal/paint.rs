//! Colours, if they are wanted, and text cut to a width.

use anstyle::{AnsiColor, Style};
use schism_checkers::Status;
use std::fmt::Display;
use textwrap::core::display_width;

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy)]
pub(crate) struct Paint {
    /// Whether colours are wanted.
    pub colour: bool,
}

impl Paint {
    fn style(self, style: Style, text: impl Display) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// What must not be overlooked.
    pub fn bold(self, text: impl Display) -> String {
        self.style(Style::new().bold(), text)
    }

    /// What may be overlooked.
    pub fn dim(self, text: impl Display) -> String {
        self.style(Style::new().dimmed(), text)
    }

    /// What deserves a second look.
    pub fn warn(self, text: impl Display) -> String {
        self.style(AnsiColor::Yellow.on_default(), text)
    }

    /// In the colour of a verdict.
    pub fn status(self, status: Status, text: impl Display) -> String {
        let colour = match status {
            Status::Violated | Status::NotByDeadline => AnsiColor::Red,
            Status::Unknown | Status::Vacuous | Status::Unstressed => AnsiColor::Yellow,
            Status::Holds => AnsiColor::Green,
        };
        self.style(colour.on_default().bold(), text)
    }
}

/// The sign of a verdict, for those who do not see its colour.
pub(crate) fn sign(status: Status) -> &'static str {
    match status {
        Status::Violated | Status::NotByDeadline => "✗",
        Status::Unknown => "?",
        Status::Vacuous => "∅",
        Status::Unstressed => "~",
        Status::Holds => "✓",
    }
}

/// Cut to a width, saying so.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += display_width(c.encode_utf8(&mut [0; 4]));
        if used > width {
            break;
        }
        kept.push(c);
    }
    kept.truncate(kept.trim_end().len());
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Filled with blanks to a width.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(display_width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The same, with the blanks before it.
pub(crate) fn pad_left(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(display_width(text));
    format!("{}{text}", " ".repeat(blanks))
}
