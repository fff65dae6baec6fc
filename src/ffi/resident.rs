//! Keeps the library loaded in a Windows process after its first use.
//!
//! Our threads may run for seconds after the last handle is freed, for example while a name service does not answer. And
//! thread-local values are destroyed by our code when a thread ends. `FreeLibrary` would unload that code. So the library
//! stays loaded, as `build.rs` ensures on Linux. A host may still load and free it as often as it likes.

use std::ffi::c_void;

const FROM_ADDRESS: u32 = 4;
const PIN: u32 = 1;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
}

/// Pins the library in the process until the process ends.
pub fn pin() {
    let mut module = std::ptr::null_mut();
    let here = pin as fn();
    // SAFETY: the address is inside this library, and the handle goes into a local.
    let done = unsafe { GetModuleHandleExW(FROM_ADDRESS | PIN, here as *const c_void, &raw mut module) };
    debug_assert!(done != 0);
}
