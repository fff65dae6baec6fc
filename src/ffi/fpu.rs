//! The floating-point state of the host: control words, rounding, exception masks and sticky flags.
//!
//! Delphi and others unmask floating-point exceptions, which would trap inside our number parsing or SQLite. Others round
//! upwards or flush denormals. So every export runs in the platform's default state and restores the host's state, flags
//! included: the host sees none of our flags and loses none of its own. The log sink is host code and runs in the host's
//! state.
//!
//! Our own threads need no guard. They start inside exports, and a thread begins with its creator's state (Linux, macOS) or
//! with the default state (Windows).

use std::cell::Cell;

thread_local! {
    /// The host's state while this thread is inside an export.
    static HOST: Cell<Option<State>> = const { Cell::new(None) };
}

/// Sets the default state. Dropping it restores the host's state.
pub struct FpuGuard {
    outer: Option<State>,
}

impl FpuGuard {
    pub fn enter() -> FpuGuard {
        FpuGuard { outer: HOST.replace(Some(State::swap_for_default())) }
    }
}

impl Drop for FpuGuard {
    fn drop(&mut self) {
        if let Some(host) = HOST.replace(self.outer) {
            host.load();
        }
    }
}

/// Runs code of the host in the host's state. Changes that it makes are kept for the host.
pub fn as_host<R>(run: impl FnOnce() -> R) -> R {
    let Some(host) = HOST.get() else { return run() };
    host.load();
    let result = run();
    HOST.set(Some(State::swap_for_default()));
    result
}

/// Control and status of the x87 unit, as `fnstenv` stores them, and of SSE.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[derive(Clone, Copy)]
struct State {
    x87: [u32; 7],
    mxcsr: u32,
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
impl State {
    fn swap_for_default() -> State {
        let mut state = State { x87: [0; 7], mxcsr: 0 };
        let (default_x87, default_mxcsr) = (0x037F_u16, 0x1F80_u32);
        // SAFETY: stores the environment in a local of its 28 bytes and MXCSR in one of 4, clears pending
        // x87 exceptions, which would trap in the first x87 instruction of ours, and loads the default
        // control words. The x87 stack is left alone. Every x86 that this library supports has SSE.
        unsafe {
            std::arch::asm!(
                "fnstenv [{x87}]", "stmxcsr [{mxcsr}]",
                "fnclex", "fldcw [{default_x87}]", "ldmxcsr [{default_mxcsr}]",
                x87 = in(reg) &raw mut state.x87, mxcsr = in(reg) &raw mut state.mxcsr,
                default_x87 = in(reg) &raw const default_x87,
                default_mxcsr = in(reg) &raw const default_mxcsr,
                options(nostack)
            );
        }
        state
    }

    fn load(&self) {
        // SAFETY: loads what `swap_for_default` stored. Exceptions of our own work are cleared first, so
        // that none traps in `fldenv`; loading flags raises nothing that was not pending in the host before.
        unsafe {
            std::arch::asm!(
                "fnclex", "fldenv [{x87}]", "ldmxcsr [{mxcsr}]",
                x87 = in(reg) &raw const self.x87, mxcsr = in(reg) &raw const self.mxcsr,
                options(nostack)
            );
        }
    }
}

/// Control and status registers.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
struct State {
    control: u64,
    status: u64,
}

#[cfg(target_arch = "aarch64")]
impl State {
    fn swap_for_default() -> State {
        let (control, status): (u64, u64);
        // SAFETY: reads both registers and sets the default control: no traps, to nearest.
        unsafe {
            std::arch::asm!(
                "mrs {0}, fpcr", "mrs {1}, fpsr", "msr fpcr, xzr",
                out(reg) control, out(reg) status, options(nostack)
            );
        }
        State { control, status }
    }

    fn load(&self) {
        // SAFETY: puts back what `swap_for_default` read.
        unsafe {
            std::arch::asm!(
                "msr fpsr, {1}", "msr fpcr, {0}",
                in(reg) self.control, in(reg) self.status, options(nostack)
            );
        }
    }
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
#[derive(Clone, Copy)]
struct State;

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
impl State {
    fn swap_for_default() -> State {
        State
    }

    fn load(&self) {}
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// Invalid, divide by zero and overflow unmasked, as Delphi has it, and rounding upwards; the flags of
    /// a denormal and of an inexact result are up. The x87 unit computes with 53 bits.
    const DELPHI: State = State { x87: [0x1A72, 0x22, 0xFFFF, 0, 0, 0, 0], mxcsr: 0x5922 };

    fn words(state: &State) -> (u32, u32, u32) {
        (state.x87[0] & 0xFFFF, state.x87[1] & 0x3F, state.mxcsr)
    }

    /// Runs in that state; answers what was there afterwards.
    fn in_state_of(host: &State, run: impl FnOnce()) -> State {
        let before = State::swap_for_default();
        host.load();
        run();
        let after = State::swap_for_default();
        before.load();
        after
    }

    /// Leaves flags in both units, and traps in either where exceptions are unmasked.
    #[inline(never)]
    fn divide_by_zero() {
        assert!((black_box(1.0_f64) / black_box(0.0)).is_infinite());
        let mut quotient = 0.0_f64;
        // SAFETY: divides 1 by 0 on the x87 stack and leaves it as empty as it was; stores to a local.
        unsafe {
            std::arch::asm!(
                "fld1", "fldz", "fdivp st(1), st", "fstp qword ptr [{0}]", "fwait",
                in(reg) &raw mut quotient,
                out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
                out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
                options(nostack)
            );
        }
        assert!(quotient.is_infinite());
    }

    #[test]
    fn inside_nothing_traps_and_afterwards_everything_is_as_it_was() {
        let after = in_state_of(&DELPHI, || {
            let _fpu = FpuGuard::enter();
            divide_by_zero();
        });
        assert_eq!(words(&after), words(&DELPHI));
    }

    #[test]
    fn the_hosts_own_code_runs_in_the_hosts_state_and_keeps_what_it_changes() {
        let changed = State { mxcsr: 0x1900, ..DELPHI };
        let mut seen = DELPHI;
        let after = in_state_of(&DELPHI, || {
            let _fpu = FpuGuard::enter();
            as_host(|| {
                seen = State::swap_for_default();
                changed.load();
                // A call from inside the sink.
                drop(FpuGuard::enter());
            });
            divide_by_zero();
        });
        assert_eq!(words(&seen), words(&DELPHI));
        assert_eq!(words(&after), words(&changed));
    }
}
