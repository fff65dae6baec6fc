//! Jobs: calls that do not block the program.

use super::ctx::{self, alive};
use super::guard::guard;
#[cfg(unix)]
use super::registry::Held;
use super::registry::{Kind, Registry};
use super::text::{bytes_of, null};
use super::{answer, buf, contained, wxcoupon_buf, wxcoupon_ctx, wxcoupon_job};
use crate::client::Named;
use crate::encoding::TextEncoding;
use crate::error::{Error, Result};
use crate::jobs::{InDoubt, Job, Task};
use crate::report::Report;
use crate::status::{Code, WXCOUPON_E_HANDLE, WXCOUPON_E_NULL, WXCOUPON_E_PANIC, WXCOUPON_OK};
use serde_json::json;
use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

static JOBS: Registry<Started> = Registry::new(Kind::Job);

/// What stands behind a `wxcoupon_job`.
pub(super) struct Started {
    job: Arc<Job>,
    encoding: TextEncoding,
}

/// How soon to ask again after a job that is not done.
const ASK_AGAIN_MS: u64 = 100;

#[cfg(unix)]
pub(super) fn hold() -> Held<'static, Started> {
    JOBS.hold()
}

/// Starts a call and returns at once; a few threads of the context run its jobs.
///
/// For programs with one thread: start, poll with wxcoupon_job_wait from a timer, free. The operation is
/// the same as the function of that name, journal and deadline included. What it logs reaches the sink in
/// wxcoupon_job_wait, on the thread that calls it.
///
/// ctx: the context.
/// operation: "settle", or any name that wxcoupon_call knows.
/// json_in: as for the function of that name. Wrong members show in the job's answer.
/// out_job: receives the job, or NULL on failure.
/// Returns: WXCOUPON_OK, or a status of class 1; WXCOUPON_E_OPERATION for another name.
/// Owns: the caller owns the job and frees it with wxcoupon_job_free; the texts stay the caller's.
/// Threads: any.
///
/// # Safety
/// operation and json_in are NULL or NUL-terminated; out_job is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_start(
    ctx: *mut wxcoupon_ctx,
    operation: *const c_char,
    json_in: *const c_char,
    out_job: *mut *mut wxcoupon_job,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        if out_job.is_null() {
            return WXCOUPON_E_NULL;
        }
        // SAFETY: writable by this function's contract; alignment is not assumed.
        unsafe { out_job.write_unaligned(ptr::null_mut()) };
        // SAFETY: the texts are NULL or NUL-terminated by this function's contract.
        match unsafe { start(ctx, operation, json_in) } {
            Ok(key) => {
                // SAFETY: as above.
                unsafe { out_job.write_unaligned(key as *mut wxcoupon_job) };
                WXCOUPON_OK
            }
            Err(error) => error.code.number(),
        }
    })
}

/// # Safety
/// `operation` and `json_in` are NULL or NUL-terminated.
unsafe fn start(ctx: *mut wxcoupon_ctx, operation: *const c_char, json_in: *const c_char) -> Result<usize> {
    let ctx = alive(ctx)?;
    // SAFETY: by the contract above.
    let name = ctx.encoding.decode(unsafe { bytes_of(operation, "operation") }?, "operation")?.into_owned();
    let input = if json_in.is_null() && name == "settle" {
        None
    } else {
        // SAFETY: by the contract above.
        Some(ctx.encoding.decode(unsafe { bytes_of(json_in, "json_in") }?, "json_in")?.into_owned())
    };
    let (client, asked) = (Arc::clone(&ctx.client), Arc::clone(&ctx.client));
    let named = if name == "settle" { None } else { Some(Named::find(&name)?) };
    let again = input.clone();
    let in_doubt: InDoubt = match &again {
        None => Box::new(move || asked.has_pending()),
        Some(_) => Box::new(move || {
            let input = again.as_deref().unwrap_or_default();
            named
                .map_or_else(|| asked.is_in_doubt(None, input), |named| asked.is_named_in_doubt(named, input))
        }),
    };
    let (id, task): (&'static str, Task) = match named {
        None => ("settle", Box::new(move |cancel| contained(|| client.settle(input.as_deref(), cancel)))),
        Some(named) => (
            named.id(),
            Box::new(move |cancel| {
                contained(|| client.call_named(named, input.as_deref().unwrap_or_default(), cancel))
            }),
        ),
    };
    let gone = || Error::new(Code::Handle, "the context is being freed");
    let job = ctx.jobs.start(id, in_doubt, task).ok_or_else(gone)?;
    JOBS.insert(Started { job, encoding: ctx.encoding })
        .ok_or_else(|| Error::new(Code::Handle, "too many jobs are alive; free those no longer used"))
}

/// Asks whether a job is done, and waits for it up to wait_ms.
///
/// job: the job.
/// wait_ms: how long to wait at most, in milliseconds; 0 does not wait.
/// out_buf: receives the answer of the call once it is done; may be NULL.
/// Returns: the status of the call once it is done, as often as it is asked; WXCOUPON_E_RUNNING until then,
/// with in_doubt where the request may have been sent, now or by an earlier call. While coupons are imported,
/// data.progress then has done (rows), read_bytes and total_bytes.
/// Owns: nothing. Threads: any; several may wait for one job.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_job_wait(job: *mut wxcoupon_job, wait_ms: u32, out_buf: *mut wxcoupon_buf) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        answer(out_buf, "job_wait", || {
            if job.is_null() {
                return (null("job").into(), TextEncoding::UTF8);
            }
            let Some(started) = JOBS.get(job as usize) else {
                return (Error::new(Code::Handle, "job is not a live job").into(), TextEncoding::UTF8);
            };
            let done = started.job.wait(Duration::from_millis(wait_ms.into()));
            crate::log::pass_on(started.job.take_lines());
            let report = match done {
                Some(report) => Report::clone(&report),
                None => Report {
                    in_doubt: started.job.is_in_doubt(),
                    retry_after_ms: Some(ASK_AGAIN_MS),
                    data: started
                        .job
                        .progress()
                        .and_then(|progress| Report::local(&json!({ "progress": progress })).data),
                    ..Report::new(Code::Running)
                },
            };
            (report, started.encoding)
        })
    })
}

/// Cancels a job.
///
/// Before anything of it was sent the job ends as WXCOUPON_E_CANCELLED_UNSENT (class 3); that may take as
/// long as a connection that is being made. After that it ends at once as WXCOUPON_E_CANCELLED_SENT
/// (class 4): the request may have taken effect, its row stays in the journal, settle it. A job that is
/// done stays as it is.
///
/// job: the job.
/// Returns: WXCOUPON_OK; WXCOUPON_E_NULL or WXCOUPON_E_HANDLE when job is not a live job.
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_job_cancel(job: *mut wxcoupon_job) -> i32 {
    if job.is_null() {
        return WXCOUPON_E_NULL;
    }
    guard(WXCOUPON_E_PANIC, || match JOBS.get(job as usize) {
        Some(started) => {
            started.job.cancel();
            WXCOUPON_OK
        }
        None => WXCOUPON_E_HANDLE,
    })
}

/// Frees a job. One that is not done goes on unattended; the journal keeps what becomes of it.
///
/// job: the job; NULL and stale handles are ignored.
/// Threads: any, while another thread waits for the job too.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_job_free(job: *mut wxcoupon_job) {
    guard((), || drop(JOBS.remove(job as usize)));
}

/// How many handles of all kinds are alive in this process. The tests of a program can show with it that the
/// program frees everything.
///
/// Returns: the number. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_handles_live() -> u32 {
    guard(0, || buf::live() + ctx::live() + JOBS.live())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Pool;

    #[test]
    fn a_panic_ends_the_job_and_not_the_thread() {
        let pool: Arc<Pool> = Arc::default();
        for (task, code) in [
            (Box::new(|_: &_| contained(|| panic!("secret=42"))) as Task, Code::Panic),
            (Box::new(|_: &_| contained(|| Report::new(Code::Ok))) as Task, Code::Ok),
        ] {
            let job = pool.start("use", Box::new(|| false), task).unwrap();
            assert_eq!(job.wait(Duration::from_secs(5)).unwrap().code, code);
        }
        pool.stop(Duration::from_secs(5));
    }
}
