//! The controller: runs systems under test as real processes, records and judges what they do.

pub mod processes;
