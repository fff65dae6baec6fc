//! The context: keys, hosts and connections of one merchant.

use super::guard::guard;
#[cfg(unix)]
use super::registry::Held;
use super::registry::{Kind, Registry};
use super::text::{bytes_of, null};
use super::{answer, wxcoupon_buf, wxcoupon_ctx};
use crate::client::Client;
use crate::config::{self, Config};
use crate::encoding::TextEncoding;
use crate::error::{Error, Result};
use crate::jobs::Pool;
use crate::report::Report;
use crate::status::{Code, WXCOUPON_E_HANDLE, WXCOUPON_E_NULL, WXCOUPON_E_PANIC, WXCOUPON_OK};
use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

static CTXS: Registry<Ctx> = Registry::new(Kind::Ctx);

/// What stands behind a `wxcoupon_ctx`.
pub(super) struct Ctx {
    pub(super) client: Arc<Client>,
    pub(super) jobs: Arc<Pool>,
    pub(super) encoding: TextEncoding,
}

/// The context behind an argument.
pub(super) fn alive(ctx: *mut wxcoupon_ctx) -> Result<Arc<Ctx>> {
    if ctx.is_null() {
        return Err(null("ctx"));
    }
    CTXS.get(ctx as usize).ok_or_else(|| Error::new(Code::Handle, "ctx is not a live context"))
}

pub(super) fn live() -> u32 {
    CTXS.live()
}

#[cfg(unix)]
pub(super) fn hold() -> Held<'static, Ctx> {
    CTXS.hold()
}

/// Makes a context from a configuration. Never uses the network.
///
/// Keys and serial numbers are read and checked for form and mix-ups here, so that most mistakes show at
/// start-up and not at the first customer. Whether a private key belongs to merchant_serial_no only
/// WeChat Pay can say.
///
/// config_json: one JSON object; its members are listed at the top of this header. Read as UTF-8, or in the
/// encoding that its own member text_encoding names.
/// out_ctx: receives the context, or NULL on failure.
/// out_buf: receives the answer (on failure: which member, what was found, what was expected); may be
/// NULL.
/// Returns: WXCOUPON_OK; a status of class 1 where an argument is wrong (WXCOUPON_E_HANDLE: too many contexts
/// are alive), or of class 2 where a member, a key or the journal is wrong.
/// Owns: the caller owns the context and frees it with wxcoupon_ctx_free; the text stays the caller's.
/// Threads: any; the context may be used by any number of threads at once.
///
/// # Safety
/// config_json is NULL or NUL-terminated; out_ctx is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_ctx_new(
    config_json: *const c_char,
    out_ctx: *mut *mut wxcoupon_ctx,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        if !out_ctx.is_null() {
            // SAFETY: writable by this function's contract; alignment is not assumed.
            unsafe { out_ctx.write_unaligned(ptr::null_mut()) };
        }
        answer(out_buf, "ctx_new", || {
            if out_ctx.is_null() {
                return (null("out_ctx").into(), TextEncoding::UTF8);
            }
            // SAFETY: NULL or NUL-terminated by this function's contract.
            let made = unsafe { bytes_of(config_json, "config_json") }.and_then(make);
            match made {
                Ok((key, encoding, report)) => {
                    // SAFETY: checked for NULL above, writable by this function's contract.
                    unsafe { out_ctx.write_unaligned(key) };
                    (report, encoding)
                }
                Err(error) => (refused("ctx_new", error), TextEncoding::UTF8),
            }
        })
    })
}

/// Logs why a context could not be made, for people who see only the log.
fn refused(what: &str, error: Error) -> Report {
    if matches!(error.code, Code::Key | Code::Config) {
        crate::log::error(format_args!("{what}: {}: {}", error.code.name(), error.message));
    }
    error.into()
}

/// A context around an existing client, freed like any other. `None`: too many contexts are alive.
pub fn ctx_of(client: Client, encoding: TextEncoding) -> Option<*mut wxcoupon_ctx> {
    let ctx = Ctx { client: Arc::new(client), jobs: Arc::default(), encoding };
    CTXS.insert(ctx).map(|key| key as *mut wxcoupon_ctx)
}

fn make(bytes: &[u8]) -> Result<(*mut wxcoupon_ctx, TextEncoding, Report)> {
    #[cfg(unix)]
    super::fork::notice();
    let (text, encoding) = config::decode(bytes)?;
    let client = Client::new(Config::from_json(&text)?)?;
    let report = Report::local(&client.summary()?);
    let key = ctx_of(client, encoding)
        .ok_or_else(|| Error::new(Code::Handle, "too many contexts are alive; free those no longer used"))?;
    Ok((key, encoding, report))
}

/// Gives a context another configuration: rotated keys, other hosts, other limits. Never uses the network.
///
/// Calls and jobs that are running keep the configuration they began with; the next ones use the new one. The
/// journal goes on when mchid and journal_path stay the same. When the new configuration is refused, the
/// context stays as it is.
///
/// ctx: the context.
/// config_json: the whole new configuration, as in wxcoupon_ctx_new.
/// out_buf: receives the answer, as in wxcoupon_ctx_new; may be NULL.
/// Returns: WXCOUPON_OK, or a status of class 1 or 2 as in wxcoupon_ctx_new.
/// Owns: nothing; the text stays the caller's.
/// Threads: any.
///
/// # Safety
/// config_json is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wxcoupon_ctx_update(
    ctx: *mut wxcoupon_ctx,
    config_json: *const c_char,
    out_buf: *mut wxcoupon_buf,
) -> i32 {
    guard(WXCOUPON_E_PANIC, || {
        answer(out_buf, "ctx_update", || {
            let old = match alive(ctx) {
                Ok(old) => old,
                Err(error) => return (error.into(), TextEncoding::UTF8),
            };
            // SAFETY: NULL or NUL-terminated by this function's contract.
            let bytes = unsafe { bytes_of(config_json, "config_json") };
            match bytes.and_then(|bytes| renew(ctx, &old, bytes)) {
                Ok((report, encoding)) => (report, encoding),
                Err(error) => (refused("ctx_update", error), old.encoding),
            }
        })
    })
}

fn renew(ctx: *mut wxcoupon_ctx, old: &Ctx, bytes: &[u8]) -> Result<(Report, TextEncoding)> {
    let (text, encoding) = config::decode(bytes)?;
    let client = old.client.reconfigured(Config::from_json(&text)?)?;
    let report = Report::local(&client.summary()?);
    let new = Ctx { client: Arc::new(client), jobs: Arc::clone(&old.jobs), encoding };
    if CTXS.replace(ctx as usize, new) {
        Ok((report, encoding))
    } else {
        Err(Error::new(Code::Handle, "ctx was freed meanwhile"))
    }
}

/// Frees a context. Calls that are running on it finish normally; its keys are dropped when the last ends.
///
/// Jobs that were started on it are cancelled, and waited for: at most as long as one attempt
/// (attempt_timeout_ms) and a second. Without jobs it does not wait.
///
/// ctx: the context.
/// Returns: WXCOUPON_OK, WXCOUPON_E_NULL, or WXCOUPON_E_HANDLE when it is not alive (freed before).
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn wxcoupon_ctx_free(ctx: *mut wxcoupon_ctx) -> i32 {
    if ctx.is_null() {
        return WXCOUPON_E_NULL;
    }
    guard(WXCOUPON_E_PANIC, || match CTXS.remove(ctx as usize) {
        Some(ctx) => {
            // The longest that a job which was sent can still wait for its answer.
            ctx.jobs.stop(ctx.client.attempt_limit() + Duration::from_secs(1));
            WXCOUPON_OK
        }
        None => WXCOUPON_E_HANDLE,
    })
}
