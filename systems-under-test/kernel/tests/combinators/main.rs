//! The combinators lose nothing, repeat nothing, and keep the order of what passes through them.

mod each;
mod knowledge;
mod nodes;
mod order;
mod recovery;
mod support;
