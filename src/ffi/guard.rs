//! The wall between the host and us: no panic passes, and the host's floating-point state is its own.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Runs the body of an exported function. A panic ends here and answers `default`.
pub fn guard<R>(default: R, body: impl FnOnce() -> R) -> R {
    hook_once();
    let _floating_point = fpu::Saved::take();
    INSIDE.set(INSIDE.get() + 1);
    let result = isolated(body);
    INSIDE.set(INSIDE.get().saturating_sub(1));
    result.unwrap_or_else(|payload| {
        bury(payload);
        default
    })
}

// Its own frame: inlined, the optimiser may move floating-point work out from under the saved state.
#[inline(never)]
fn isolated<R>(body: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
    std::hint::black_box(catch_unwind(AssertUnwindSafe(body)))
}

/// Dropping a panic's payload runs foreign code, which may panic in turn.
fn bury(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// Inside our calls a panic is logged by place only: its message may hold what a caller passed, and the
/// host's standard error is not ours. Elsewhere whatever hook there was before goes on.
fn hook_once() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
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

/// Delphi and others unmask floating-point exceptions, which then trap inside number parsing; and what
/// they set must be as it was when we return.
mod fpu {
    /// The caller's state; gives it back when dropped.
    pub struct Saved {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        mxcsr: u32,
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        x87: u16,
        #[cfg(target_arch = "aarch64")]
        fpcr: u64,
    }

    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    impl Saved {
        pub fn take() -> Saved {
            let (mut mxcsr, mut x87) = (0_u32, 0_u16);
            let (quiet_mxcsr, quiet_x87) = (0x1F80_u32, 0x037F_u16);
            // SAFETY: stores the two control words in locals, clears pending x87 exceptions and loads the
            // platform's default control words; no other state is touched. Every x86 that this library
            // supports has SSE.
            unsafe {
                std::arch::asm!(
                    "stmxcsr [{mxcsr}]", "fnstcw [{x87}]",
                    "fnclex", "fldcw [{quiet_x87}]", "ldmxcsr [{quiet_mxcsr}]",
                    mxcsr = in(reg) &raw mut mxcsr, x87 = in(reg) &raw mut x87,
                    quiet_x87 = in(reg) &raw const quiet_x87, quiet_mxcsr = in(reg) &raw const quiet_mxcsr,
                    options(nostack)
                );
            }
            Saved { mxcsr, x87 }
        }
    }

    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    impl Drop for Saved {
        fn drop(&mut self) {
            // SAFETY: loads the control words that `take` stored. Pending exceptions of our own work are
            // cleared first, so that unmasking does not raise them in the caller.
            unsafe {
                std::arch::asm!(
                    "fnclex", "fldcw [{x87}]", "ldmxcsr [{mxcsr}]",
                    x87 = in(reg) &raw const self.x87, mxcsr = in(reg) &raw const self.mxcsr,
                    options(nostack)
                );
            }
        }
    }

    #[cfg(target_arch = "aarch64")]
    impl Saved {
        pub fn take() -> Saved {
            let fpcr: u64;
            // SAFETY: reads the floating-point control register and sets the default (no traps).
            unsafe {
                std::arch::asm!("mrs {0}, fpcr", "msr fpcr, xzr", out(reg) fpcr, options(nomem, nostack));
            }
            Saved { fpcr }
        }
    }

    #[cfg(target_arch = "aarch64")]
    impl Drop for Saved {
        fn drop(&mut self) {
            // SAFETY: puts back the value that `take` read.
            unsafe {
                std::arch::asm!("msr fpcr, {0}", in(reg) self.fpcr, options(nomem, nostack));
            }
        }
    }

    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    impl Saved {
        pub fn take() -> Saved {
            Saved {}
        }
    }
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

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn unmasked_floating_point_exceptions_of_the_host_do_not_trap_and_come_back() {
        fn mxcsr() -> u32 {
            let mut value = 0_u32;
            // SAFETY: stores MXCSR in a local.
            unsafe { std::arch::asm!("stmxcsr [{0}]", in(reg) &raw mut value, options(nostack)) };
            value
        }
        let before = mxcsr();
        let unmasked = 0x1900_u32; // invalid, divide by zero and overflow unmasked, as Delphi has it
        // SAFETY: sets the exception masks that the test needs; restored below.
        unsafe { std::arch::asm!("ldmxcsr [{0}]", in(reg) &raw const unmasked, options(nostack)) };
        let (quotient, after) =
            (guard(0.0, || std::hint::black_box(1.0_f64) / std::hint::black_box(0.0)), mxcsr());
        // SAFETY: puts back what was there.
        unsafe { std::arch::asm!("ldmxcsr [{0}]", in(reg) &raw const before, options(nostack)) };
        assert!(quotient.is_infinite());
        assert_eq!(after, unmasked);
    }
}
