//! A history and its verdict, for people.
//!
//! Everything here is a pure function of a [`History`](schism_history::History), the
//! [`Finding`](schism_checkers::Finding)s of its checkers and the [`RunFacts`] of its run: no
//! report runs a check or looks at anything but its arguments, so a report can be made again from
//! any old run directory.
//! [`matrix`] shows what many runs found about the whole catalogue.
//!
//! [`Summary`] holds the figures. [`terminal`] writes them for a terminal, [`html`] for a browser,
//! [`plots`] draws them, and [`write()`] puts a whole report into a directory.

mod facts;
mod figures;
pub mod html;
mod logs;
pub mod matrix;
pub mod plots;
pub mod suite;
mod summary;
pub mod terminal;
pub mod web;
mod words;
mod write;

pub use facts::RunFacts;
pub use figures::Figures;
pub use logs::{LogLine, NodeLog};
pub use summary::{
    Counts, Crash, FaultSpan, Judged, KindTraffic, Line, Messages, NodeLife, Operations, PerF,
    Percentiles, PhaseSpan, Spell, Subject, Summary,
};
pub use write::{Error, write};
