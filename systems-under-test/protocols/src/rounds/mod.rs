//! Synchronous rounds.

mod lock_step;
mod sessions;

pub use lock_step::{LockStep, Said};
pub use sessions::Sessions;
