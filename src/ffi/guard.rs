//! Guards every export: no panic reaches the host, and the host's floating-point state is preserved.

use super::fpu::FpuGuard;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Runs the body of an exported function. After a panic it returns `default`.
pub fn guard<R>(default: R, body: impl FnOnce() -> R) -> R {
    let _fpu = FpuGuard::enter();
    caught(default, body)
}

/// Only stops panics. For code inside an exported function, or on one of our own threads.
pub fn caught<R>(default: R, body: impl FnOnce() -> R) -> R {
    set_up_once();
    INSIDE.set(INSIDE.get() + 1);
    let result = isolated(body);
    INSIDE.set(INSIDE.get().saturating_sub(1));
    result.unwrap_or_else(|payload| {
        drop_payload(payload);
        default
    })
}

// Not inlined, or the optimiser could move floating-point work out of the guarded part.
#[inline(never)]
fn isolated<R>(body: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    std::hint::black_box(catch_unwind(AssertUnwindSafe(body)))
}

/// Drops the payload of a panic. That runs foreign code, which may panic again.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// Sets a panic hook. Inside our calls it logs only the place of a panic, because the message may contain the caller's data
/// and the standard error belongs to the host. Elsewhere the former hook runs.
fn set_up_once() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        #[cfg(windows)]
        super::resident::pin();
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSIDE.try_with(Cell::get).unwrap_or(0) == 0 {
                previous(info);
            } else if let Some(place) = info.location() {
                crate::log::error(format_args!("panic at {}:{}", place.file(), place.line()));
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("again");
        }
    }

    #[test]
    fn a_panic_becomes_the_default() {
        assert_eq!(guard(-1, || panic!("secret=42")), -1);
        assert_eq!(guard(-1, || 7), 7);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_contained() {
        assert_eq!(guard(-1, || std::panic::panic_any(PanicsOnDrop)), -1);
    }
}
