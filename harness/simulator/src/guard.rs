//! Nodes that end unasked: an assertion of a protocol that fails ends a process, and must not end
//! the simulator.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a node is being stepped on this thread.
    static STEPPING: Cell<bool> = const { Cell::new(false) };
    /// What it said when it panicked.
    static LAST_WORDS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Steps a node; if that panics, gives what it said. Whatever the node was in the middle of, it is not
/// to be stepped again.
pub(crate) fn guarded<R>(step: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| match STEPPING.get() {
            true => LAST_WORDS.with_borrow_mut(|said| *said = in_words(info)),
            false => before(info),
        }));
    });
    STEPPING.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(step));
    STEPPING.set(false);
    result.map_err(|_| LAST_WORDS.take())
}

fn in_words(info: &panic::PanicHookInfo<'_>) -> String {
    let (payload, unknown) = (info.payload(), "something that is not text");
    let said = payload.downcast_ref::<String>().map(String::as_str);
    let said = said.or(payload.downcast_ref::<&str>().copied()).unwrap_or(unknown);
    match info.location() {
        Some(place) => format!("panicked at {}:{}: {said}", place.file(), place.line()),
        None => format!("panicked: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_told_and_goes_no_further() {
        assert_eq!(guarded(|| 1), Ok(1));
        let said = guarded(|| -> u32 { panic!("one is {}", "less") }).expect_err("it panicked");
        assert!(said.starts_with("panicked at ") && said.ends_with(": one is less"), "{said}");
        assert_eq!(guarded(|| 2), Ok(2));
    }
}
