//! Registers: memory shared by processes that share none.

mod atomic_nn;

pub use atomic_nn::ReadImposeWriteConsultMajority;
