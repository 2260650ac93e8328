//! Reports on whole runs, in the terminal and as pages.

mod page;
mod support;
mod terminal;
