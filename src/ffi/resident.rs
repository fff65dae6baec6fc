//! Keeps the library in a Windows process, once it has done anything there.
//!
//! Threads of ours may run code of ours for seconds after the last handle is freed (a name service that does not
//! answer is waited for), and what a thread keeps is destroyed by code of ours when that thread ends. A host that
//! calls `FreeLibrary` would take the code from under them. So it stays, as `build.rs` sees to on Linux; a host
//! may still load and free it as often as it likes.

use std::ffi::c_void;

const FROM_ADDRESS: u32 = 4;
const PIN: u32 = 1;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
}

/// From now on the library is part of the process until that ends.
pub fn pin() {
    let mut module = std::ptr::null_mut();
    let here = pin as fn();
    // SAFETY: the address is inside this library, and the handle goes into a local.
    let done = unsafe { GetModuleHandleExW(FROM_ADDRESS | PIN, here as *const c_void, &raw mut module) };
    debug_assert!(done != 0);
}
