//! Reports on whole runs, in the terminal and as pages.

mod matrix;
mod page;
mod support;
mod terminal;
