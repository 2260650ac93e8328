//! What a person sees in a terminal: one line while a run goes on, one table when it is over.
//!
//! Nothing in here writes to a terminal or asks what it can do: the caller says how wide it is and
//! whether it wants colours. Text from outside (values, errors, names) cannot move the cursor.

mod paint;
mod past;
mod progress;
mod story;
mod suite;
mod summary;

pub(crate) use paint::{Paint, fit, pad, pad_left, sign};
pub use progress::{Progress, progress};
pub use story::story;
pub use suite::{Board, board, case_row, suite_summary};
pub use summary::{situations, summary};
