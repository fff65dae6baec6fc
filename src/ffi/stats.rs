//! Counters, for monitoring.

use super::ops::on_ctx;
use super::text::bytes_of;
use super::{wxcoupon_buf, wxcoupon_ctx};
use std::ffi::c_char;

/// Counts what this context has done since it was made, and what is open now. Local, no network.
///
/// For monitoring: ask once a minute. A program that writes data.text to a file FILE.prom (first beside it, then
/// renamed) feeds Prometheus through node_exporter's textfile collector.
///
/// ctx: the context; wxcoupon_ctx_update keeps its counters.
/// json_in: NULL or {}: numbers as JSON. {"format": "prometheus"}: data.text in Prometheus' text format, with "labels":
/// {"till": "3"} put on every sample; where several contexts of a machine are collected, their labels must differ.
/// out_buf: receives the answer: data.since, data.uptime_ms, data.calls (by operation and class), data.call_times,
/// data.attempts (by host and status), data.attempt_times, data.journal (writes before sending, failures),
/// data.hosts, data.clock_offset_s, data.open (by state and age), data.oldest_pending_ms. Times have count, sum_ms and
/// cumulative buckets. May be NULL.
/// Returns: WXCOUPON_OK; a status of class 1 when json_in is wrong; WXCOUPON_E_JOURNAL.
/// Owns: nothing; the text stays the caller's.
/// Threads: any.
///
/// # Safety
/// json_in is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_stats(
    ctx: *mut wxcoupon_ctx,
    json_in: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    on_ctx(ctx, out_buf, "stats", |ctx| {
        let bytes = if json_in.is_null() {
            None
        } else {
            // SAFETY: not NULL, so NUL-terminated by this function's contract.
            Some(unsafe { bytes_of(json_in, "json_in") }?)
        };
        let input = bytes.map(|bytes| ctx.encoding.decode(bytes, "json_in")).transpose()?;
        Ok(ctx.client.stats(input.as_deref()))
    })
}
