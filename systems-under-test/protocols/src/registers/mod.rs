//! Registers: memory shared by processes that share none.

mod atomic_11;
mod atomic_from_11;
mod atomic_nn;
mod majority_register;
mod rowa_register;
mod safe_from_bits;

pub use atomic_11::NeverGoBack;
pub use atomic_from_11::{Cell, ReadersTellReaders};
pub use atomic_nn::ReadImposeWriteConsultMajority;
pub use majority_register::MajorityVoting;
pub use rowa_register::ReadOneWriteAll;
pub use safe_from_bits::BitByBit;
