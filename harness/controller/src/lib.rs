//! The controller: runs systems under test as real processes or simulated, records and judges
//! what they do.

mod broadcast;
pub mod cli;
mod cost;
mod environment;
mod error;
mod judge;
mod loading;
mod matrix;
mod plans;
pub mod processes;
mod real;
mod recipe;
mod reporting;
mod resolve;
mod search;
mod serve;
mod simulated;
mod store;
mod suite;
mod watch;

pub use error::Error;
pub use judge::{Verdict, judge};
pub use recipe::Recipe;
