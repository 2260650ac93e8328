//! Writing to a terminal, or to what stands in its place.

use std::io::{IsTerminal, Write};

/// Writes to standard output. A reader that has gone away is not an error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Whether standard output is a terminal that wants colours.
pub fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// How many columns standard output has.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    columns.or_else(size_of_terminal).unwrap_or(100).clamp(40, 160)
}

fn size_of_terminal() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes to `size`, which outlives it, and to nothing else.
    let answer = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &mut size) };
    (answer == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// A line that is replaced by the next one, on a terminal; nothing elsewhere.
pub struct LiveLine {
    terminal: bool,
    drawn: bool,
}

impl LiveLine {
    pub fn new(wanted: bool) -> LiveLine {
        LiveLine { terminal: wanted && std::io::stderr().is_terminal(), drawn: false }
    }

    /// Whether anybody sees it.
    pub fn shown(&self) -> bool {
        self.terminal
    }

    pub fn draw(&mut self, line: &str) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K{line}");
            self.drawn = true;
        }
    }

    /// Removes it.
    pub fn clear(&mut self) {
        if self.drawn {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
            self.drawn = false;
        }
    }
}

/// A few lines that are replaced by the next ones, on a terminal; nothing elsewhere.
pub struct LiveLines {
    terminal: bool,
    drawn: usize,
}

impl LiveLines {
    pub fn new(wanted: bool) -> LiveLines {
        LiveLines { terminal: wanted && std::io::stderr().is_terminal(), drawn: 0 }
    }

    /// Whether anybody sees them.
    pub fn shown(&self) -> bool {
        self.terminal
    }

    pub fn draw(&mut self, lines: &[String]) {
        if self.terminal {
            let mut text = self.erase();
            for line in lines {
                text += line;
                text.push('\n');
            }
            let _ = std::io::stderr().write_all(text.as_bytes());
            self.drawn = lines.len();
        }
    }

    /// Removes them.
    pub fn clear(&mut self) {
        let text = self.erase();
        let _ = std::io::stderr().write_all(text.as_bytes());
        self.drawn = 0;
    }

    fn erase(&self) -> String {
        match self.drawn {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }
}
