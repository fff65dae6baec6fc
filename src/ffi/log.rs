//! The host's log sink.

use super::fpu;
use super::guard::guard;
use super::wxcoupon_log_fn;
use crate::log;
use crate::status::{WXCOUPON_E_PANIC, WXCOUPON_E_REENTRANT, WXCOUPON_OK};
use std::ffi::{CString, c_char, c_void};

/// Log level: nothing.
pub const WXCOUPON_LOG_OFF: i32 = 0;
/// Log level: something failed that should not.
pub const WXCOUPON_LOG_ERROR: i32 = 1;
/// Log level: something to look at: a request in doubt, a wrong clock.
pub const WXCOUPON_LOG_WARN: i32 = 2;
/// Log level: one line for every call that uses the network.
pub const WXCOUPON_LOG_INFO: i32 = 3;
/// Log level: every attempt inside a call.
pub const WXCOUPON_LOG_DEBUG: i32 = 4;

// Literals, because the header's generator follows no names; these are the levels of `log`.
const _: () = assert!(
    WXCOUPON_LOG_ERROR == log::ERROR
        && WXCOUPON_LOG_WARN == log::WARN
        && WXCOUPON_LOG_INFO == log::INFO
        && WXCOUPON_LOG_DEBUG == log::DEBUG
);

struct UserData(*mut c_void);

// SAFETY: the pointer is never followed here, only handed back to the host's sink, which the host declares
// fit for any thread by registering it.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// Sets where the library's messages go; there is one sink for the whole process, at first none.
///
/// The sink is called on the thread that is inside a wxcoupon function, by several threads at once when
/// several are. Messages never hold keys, whole openids or bodies. Inside the sink every function may be
/// called but this one; what those calls would log is dropped.
///
/// sink: the function, or NULL for none.
/// user_data: handed to the sink unchanged; may be NULL.
/// max_level: most detailed level to pass on, WXCOUPON_LOG_OFF to WXCOUPON_LOG_DEBUG.
/// Returns: WXCOUPON_OK; WXCOUPON_E_REENTRANT inside the sink. Once it returns, the old sink is not
/// running and will not run again.
/// Owns: the caller keeps user_data alive until the sink is replaced.
/// Threads: any. It waits for sinks that are running.
///
/// # Safety
/// sink is NULL or a function of that type which stays valid until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_log_set(
    sink: wxcoupon_log_fn,
    user_data: *mut c_void,
    max_level: i32,
) -> i32 {
    set_log(
        sink.map(|call| {
            // SAFETY: the host promised a valid function until it is replaced.
            move |user_data, level, message, length| unsafe { call(user_data, level, message, length) }
        }),
        user_data,
        max_level,
    )
}

/// Sets a sink of any calling convention. It waits for running calls of the old sink.
pub(super) fn set_log(
    sink: Option<impl Fn(*mut c_void, i32, *const c_char, u32) + Send + Sync + 'static>,
    user_data: *mut c_void,
    max_level: i32,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        let user_data = UserData(user_data);
        let sink = sink.map(|call| {
            let forward = move |level: i32, message: &str| {
                let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
                if let Ok(text) = CString::new(message) {
                    fpu::as_host(|| call(user_data.get(), level, text.as_ptr(), length));
                }
            };
            Box::new(forward) as Box<dyn Fn(i32, &str) + Send + Sync>
        });
        if log::set_sink(sink, max_level) { WXCOUPON_OK } else { WXCOUPON_E_REENTRANT }
    })
}
