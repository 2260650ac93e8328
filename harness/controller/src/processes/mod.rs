//! The process host.
