//! Histories survive their formats, and damage to them is told.

mod fixtures;
mod histories;
mod malformed;
mod round_trip;
mod torn;
