//! Every exported function a second time, as stdcall and with `_std` after its name. Visual Basic 6, PowerBuilder and 易语言
//! know no other calling convention. Only the Windows libraries have them. In the 64-bit library there is only one
//! convention, so they are the same as the original functions.
//!
//! The header does not declare them. Programs find them by name at run time.

use super::*;
use crate::ffi::log::set_log;

/// A log sink that is called as stdcall.
#[allow(non_camel_case_types, reason = "the name in C")]
pub type wxcoupon_log_fn_std = Option<
    unsafe extern "system" fn(user_data: *mut c_void, level: i32, message: *const c_char, message_len: u32),
>;

/// [`wxcoupon_log_set`] as stdcall, with a sink that is stdcall too.
///
/// # Safety
/// sink is NULL or a function of that type which stays valid until it is replaced.
#[cfg_attr(windows, unsafe(no_mangle))]
pub unsafe extern "system" fn wxcoupon_log_set_std(
    sink: wxcoupon_log_fn_std,
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

macro_rules! stdcall_twins {
    ($($twin:ident = $function:ident($($name:ident: $kind:ty),*) $(-> $answer:ty)?;)*) => {
        $(
            #[doc = concat!("[`", stringify!($function), "`] as stdcall.")]
            ///
            /// # Safety
            /// That of the function it stands for.
            #[cfg_attr(windows, unsafe(no_mangle))]
            #[allow(unused_unsafe, reason = "some of the functions are safe")]
            pub unsafe extern "system" fn $twin($($name: $kind),*) $(-> $answer)? {
                // SAFETY: passed on unchanged.
                unsafe { $function($($name),*) }
            }
        )*

        #[cfg(test)]
        const PAIRS: &[(&str, &str)] = &[$((stringify!($twin), stringify!($function))),*];
    };
}

#[rustfmt::skip]
stdcall_twins! {
    wxcoupon_abi_version_std = wxcoupon_abi_version() -> i32;
    wxcoupon_buf_copy_std = wxcoupon_buf_copy(buf: *const wxcoupon_buf, dst: *mut c_char, cap: u32) -> u32;
    wxcoupon_buf_copy_utf16_std = wxcoupon_buf_copy_utf16(
        buf: *const wxcoupon_buf, dst: *mut u16, cap: u32
    ) -> u32;
    wxcoupon_buf_data_std = wxcoupon_buf_data(buf: *const wxcoupon_buf) -> *const c_char;
    wxcoupon_buf_free_std = wxcoupon_buf_free(buf: *mut wxcoupon_buf);
    wxcoupon_buf_in_doubt_std = wxcoupon_buf_in_doubt(buf: *const wxcoupon_buf) -> i32;
    wxcoupon_buf_len_std = wxcoupon_buf_len(buf: *const wxcoupon_buf) -> u32;
    wxcoupon_buf_new_std = wxcoupon_buf_new() -> *mut wxcoupon_buf;
    wxcoupon_buf_status_std = wxcoupon_buf_status(buf: *const wxcoupon_buf) -> i32;
    wxcoupon_call_std = wxcoupon_call(
        ctx: *mut wxcoupon_ctx, operation: *const c_char, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_check_std = wxcoupon_check(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_confirm_std = wxcoupon_confirm(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_ctx_free_std = wxcoupon_ctx_free(ctx: *mut wxcoupon_ctx) -> i32;
    wxcoupon_ctx_new_std = wxcoupon_ctx_new(
        config_json: *const c_char, out_ctx: *mut *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_ctx_update_std = wxcoupon_ctx_update(
        ctx: *mut wxcoupon_ctx, config_json: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_deactivate_std = wxcoupon_deactivate(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_handles_live_std = wxcoupon_handles_live() -> u32;
    wxcoupon_job_cancel_std = wxcoupon_job_cancel(job: *mut wxcoupon_job) -> i32;
    wxcoupon_job_free_std = wxcoupon_job_free(job: *mut wxcoupon_job);
    wxcoupon_job_wait_std = wxcoupon_job_wait(
        job: *mut wxcoupon_job, wait_ms: u32, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_list_std = wxcoupon_list(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_notification_open_std = wxcoupon_notification_open(
        ctx: *mut wxcoupon_ctx,
        headers_json: *const c_char,
        body: *const c_void,
        body_len: u32,
        out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_pending_std = wxcoupon_pending(ctx: *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf) -> i32;
    wxcoupon_query_std = wxcoupon_query(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_quote_std = wxcoupon_quote(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_request_std = wxcoupon_request(
        ctx: *mut wxcoupon_ctx,
        method: *const c_char,
        path_and_query: *const c_char,
        json_body: *const c_char,
        out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_return_std = wxcoupon_return(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_scan_std = wxcoupon_scan(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_send_std = wxcoupon_send(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_settle_std = wxcoupon_settle(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_start_std = wxcoupon_start(
        ctx: *mut wxcoupon_ctx,
        operation: *const c_char,
        json_in: *const c_char,
        out_job: *mut *mut wxcoupon_job
    ) -> i32;
    wxcoupon_stats_std = wxcoupon_stats(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_status_class_std = wxcoupon_status_class(status: i32) -> i32;
    wxcoupon_status_name_std = wxcoupon_status_name(status: i32) -> *const c_char;
    wxcoupon_status_text_std = wxcoupon_status_text(status: i32) -> *const c_char;
    wxcoupon_use_std = wxcoupon_use(
        ctx: *mut wxcoupon_ctx, json_in: *const c_char, out_buf: *mut wxcoupon_buf
    ) -> i32;
    wxcoupon_version_std = wxcoupon_version() -> *const c_char;
    wxcoupon_warm_std = wxcoupon_warm(ctx: *mut wxcoupon_ctx, out_buf: *mut wxcoupon_buf) -> i32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_exported_function_has_its_door() {
        let exported = include_str!("../../tests/golden/symbols.txt").lines();
        let expected: BTreeSet<String> = exported.map(|name| format!("{name}_std")).collect();
        let mut stdcall: BTreeSet<String> = PAIRS.iter().map(|(twin, _)| (*twin).to_owned()).collect();
        stdcall.insert("wxcoupon_log_set_std".to_owned());
        assert_eq!(stdcall, expected);
    }

    #[test]
    fn a_door_leads_to_the_function_of_its_name() {
        for (twin, function) in PAIRS {
            assert_eq!(*twin, format!("{function}_std"));
        }
    }
}
