//! Every protocol keeps its promises in its model, and every twin is seen to break one.

mod broadcast;
mod catalogue;
mod clocks;
mod consensus;
mod detectors;
mod jobs;
mod kv;
mod links;
mod logs;
mod paxos;
mod primary_backup;
mod registers;
mod support;
mod total_order;
