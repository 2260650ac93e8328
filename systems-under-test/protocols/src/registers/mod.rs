//! Registers: memory shared by processes that share none.

mod atomic_nn;
mod majority_register;
mod rowa_register;

pub use atomic_nn::ReadImposeWriteConsultMajority;
pub use majority_register::MajorityVoting;
pub use rowa_register::ReadOneWriteAll;
