//! The models that come with the checker, one file per family.

mod bank;
mod collection;
mod counter;
mod kv;
mod lock;
mod log;
mod multi;
mod register;
mod set;
mod symbols;
mod unique;

pub use bank::{Balances, Bank, BankOp};
pub use collection::{CollectionOp, FifoQueue, PriorityQueue, Stack};
pub use counter::{Counter, CounterOp, MaxRegister, MaxRegisterOp};
pub use kv::{Kv, KvOp};
pub use lock::{Fence, FencedLock, LockOp, Mutex, ReentrantLock, Semaphore};
pub use log::{AppendLog, LogOp};
pub use multi::{MultiOp, MultiRegister, Part};
pub use register::{Register, RegisterOp};
pub use set::{Set, SetOp};
pub use symbols::{NIL, Symbols};
pub use unique::{UniqueId, UniqueIdOp};
