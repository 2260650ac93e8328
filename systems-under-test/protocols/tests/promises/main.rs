//! Every protocol keeps its promises in its model, and every twin is seen to break one.

mod broadcast;
mod catalogue;
mod consensus;
mod detectors;
mod kv;
mod links;
mod primary_backup;
mod registers;
mod support;
