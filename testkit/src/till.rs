//! A till program in Rust, over the C functions.

use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;
use std::time::{Duration, Instant};
use wxcoupon::ffi::{
    wxcoupon_buf, wxcoupon_buf_data, wxcoupon_buf_free, wxcoupon_buf_in_doubt, wxcoupon_buf_new,
    wxcoupon_buf_status, wxcoupon_call, wxcoupon_check, wxcoupon_ctx, wxcoupon_ctx_free, wxcoupon_ctx_new,
    wxcoupon_ctx_update, wxcoupon_job, wxcoupon_job_cancel, wxcoupon_job_free, wxcoupon_job_wait,
    wxcoupon_notification_open, wxcoupon_pending, wxcoupon_query, wxcoupon_quote, wxcoupon_request,
    wxcoupon_return, wxcoupon_scan, wxcoupon_settle, wxcoupon_start, wxcoupon_stats, wxcoupon_use,
    wxcoupon_warm,
};
use wxcoupon_sandbox::{Options, Sandbox, TlsKind};

/// A customer of the sandbox.
pub const OPENID: &str = "oSandboxUser0000000000000001";
/// A product coupon of the sandbox.
pub const PRODUCT: &str = "1000000013";
/// Its stock.
pub const STOCK: &str = "1000000013001";

/// What a call answered.
#[derive(Debug)]
pub struct Answer {
    /// The status, as the function returned it.
    pub status: i32,
    /// Whether the buffer says so.
    pub in_doubt: bool,
    /// The whole answer.
    pub json: Value,
}

impl Answer {
    /// Thousands of the status.
    pub fn class(&self) -> i32 {
        self.status / 1000
    }

    /// The status's name.
    pub fn name(&self) -> &str {
        self.json["name"].as_str().unwrap()
    }
}

/// A context and its buffer.
pub struct Till {
    ctx: *mut wxcoupon_ctx,
    buf: *mut wxcoupon_buf,
}

/// The same, not held back by the rate: the tests of a process share it, and many of them are told "too often".
pub fn unhurried(config: &Value) -> Value {
    let mut config = config.clone();
    if config.is_object() && config.get("max_rate_per_s").is_none() {
        config["max_rate_per_s"] = json!(100_000);
    }
    config
}

impl Till {
    /// A till whose configuration is accepted.
    pub fn new(config: &Value) -> Till {
        Till::try_new(config).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// A till, or why its configuration is refused.
    pub fn try_new(config: &Value) -> Result<Till, Answer> {
        let buf = wxcoupon_buf_new();
        let mut ctx = ptr::null_mut();
        let text = CString::new(unhurried(config).to_string()).unwrap();
        // SAFETY: a terminated text and a writable pointer.
        let status = unsafe { wxcoupon_ctx_new(text.as_ptr(), &raw mut ctx, buf) };
        let till = Till { ctx, buf };
        if status == 0 { Ok(till) } else { Err(till.answer(status)) }
    }

    /// Changes the configuration.
    pub fn update(&self, config: &Value) -> Answer {
        self.call(wxcoupon_ctx_update, &unhurried(config))
    }

    /// Redeems a coupon.
    pub fn redeem(&self, request: &Value) -> Answer {
        self.call(wxcoupon_use, request)
    }

    /// Asks for a coupon.
    pub fn query(&self, request: &Value) -> Answer {
        self.call(wxcoupon_query, request)
    }

    /// What a coupon is worth.
    pub fn quote(&self, question: &Value) -> Answer {
        self.call(wxcoupon_quote, question)
    }

    /// From what a scanner gave to coupons.
    pub fn scan(&self, question: &Value) -> Answer {
        self.call(wxcoupon_scan, question)
    }

    /// Any request, by its path.
    pub fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let [method, target] = [method, target].map(|text| CString::new(text).unwrap());
        let body = body.map(|body| CString::new(body.to_string()).unwrap());
        let body = body.as_ref().map_or(ptr::null(), |body| body.as_ptr());
        // SAFETY: terminated texts that outlive the call.
        self.answer(unsafe { wxcoupon_request(self.ctx, method.as_ptr(), target.as_ptr(), body, self.buf) })
    }

    /// Returns a redeemed coupon.
    pub fn give_back(&self, request: &Value) -> Answer {
        self.call(wxcoupon_return, request)
    }

    /// What is in doubt.
    pub fn pending(&self) -> Value {
        let answer = self.try_pending();
        assert_eq!(answer.status, 0, "{}", answer.json);
        answer.json["data"].clone()
    }

    /// The same, where it may fail: a till of a hub asks the hub.
    pub fn try_pending(&self) -> Answer {
        self.answer(wxcoupon_pending(self.ctx, self.buf))
    }

    /// Checks configuration and journal.
    pub fn check(&self) -> Answer {
        // SAFETY: NULL is allowed.
        self.answer(unsafe { wxcoupon_check(self.ctx, ptr::null(), self.buf) })
    }

    /// The same with a request.
    pub fn check_with(&self, request: &Value) -> Answer {
        self.call(wxcoupon_check, request)
    }

    /// What it has counted.
    pub fn stats(&self, request: &Value) -> Answer {
        self.call(wxcoupon_stats, request)
    }

    /// Connects ahead of the first call.
    pub fn warm(&self) -> Answer {
        self.answer(wxcoupon_warm(self.ctx, self.buf))
    }

    /// Any operation by its name.
    pub fn ask(&self, operation: &str, request: &Value) -> Answer {
        let [operation, request] =
            [operation.to_owned(), request.to_string()].map(|text| CString::new(text).unwrap());
        // SAFETY: terminated texts that outlive the call.
        self.answer(unsafe { wxcoupon_call(self.ctx, operation.as_ptr(), request.as_ptr(), self.buf) })
    }

    /// Opens a notification.
    pub fn open_notification(&self, headers: &Value, body: &[u8]) -> Answer {
        let headers = CString::new(headers.to_string()).unwrap();
        let length = u32::try_from(body.len()).unwrap();
        let body = body.as_ptr().cast();
        // SAFETY: a terminated text, and as many bytes as said.
        self.answer(unsafe { wxcoupon_notification_open(self.ctx, headers.as_ptr(), body, length, self.buf) })
    }

    /// Settles everything that is in doubt.
    pub fn settle_all(&self) -> Answer {
        // SAFETY: NULL is allowed and means everything.
        self.answer(unsafe { wxcoupon_settle(self.ctx, ptr::null(), self.buf) })
    }

    /// Settles one request.
    pub fn settle(&self, request: &Value) -> Answer {
        self.call(wxcoupon_settle, request)
    }

    /// Starts a job.
    pub fn start(&self, operation: &str, request: &Value) -> Result<Started, i32> {
        let [operation, request] =
            [operation.to_owned(), request.to_string()].map(|text| CString::new(text).unwrap());
        let mut job = ptr::null_mut();
        // SAFETY: terminated texts and a writable pointer.
        let status = unsafe { wxcoupon_start(self.ctx, operation.as_ptr(), request.as_ptr(), &raw mut job) };
        if status == 0 { Ok(Started { job, buf: wxcoupon_buf_new() }) } else { Err(status) }
    }

    /// Another thread's till on the same context, with a buffer of its own.
    pub fn twin(&self) -> Twin {
        Twin(ManuallyDrop::new(Till { ctx: self.ctx, buf: wxcoupon_buf_new() }))
    }

    /// Frees the context while this till lives on; what it calls then is told that the handle is dead.
    pub fn close(&self) {
        assert_eq!(wxcoupon_ctx_free(self.ctx), 0);
    }

    fn call(
        &self,
        function: unsafe extern "C" fn(*mut wxcoupon_ctx, *const c_char, *mut wxcoupon_buf) -> i32,
        request: &Value,
    ) -> Answer {
        let text = CString::new(request.to_string()).unwrap();
        // SAFETY: a terminated text that outlives the call.
        self.answer(unsafe { function(self.ctx, text.as_ptr(), self.buf) })
    }

    fn answer(&self, status: i32) -> Answer {
        read(self.buf, status)
    }
}

fn read(buf: *mut wxcoupon_buf, status: i32) -> Answer {
    // SAFETY: terminated, and valid until the next call fills the buffer.
    let text = unsafe { CStr::from_ptr(wxcoupon_buf_data(buf)) }.to_str().unwrap();
    let json: Value = serde_json::from_str(text).unwrap();
    let in_doubt = wxcoupon_buf_in_doubt(buf) == 1;
    assert_eq!(status, wxcoupon_buf_status(buf));
    assert_eq!(json["status"], status);
    assert_eq!(json["class"], status / 1000);
    assert_eq!(json["in_doubt"], in_doubt);
    assert_eq!(json["ok"], status == 0);
    // A mistake, or a number that another call works on, says nothing of what an earlier call may have done.
    let called_off = json["name"] == "WXCOUPON_E_REQUEST_NO_REUSED";
    let may_be_both = matches!(status / 1000, 1 | 2 | 6) || called_off;
    assert!(may_be_both || (status / 1000 == 4) == in_doubt, "class and doubt agree: {json}");
    Answer { status, in_doubt, json }
}

/// A job on its way.
pub struct Started {
    job: *mut wxcoupon_job,
    buf: *mut wxcoupon_buf,
}

impl Started {
    /// Waits for the job's answer that long.
    pub fn wait(&self, wait_ms: u32) -> Answer {
        read(self.buf, wxcoupon_job_wait(self.job, wait_ms, self.buf))
    }

    /// Cancels the job.
    pub fn cancel(&self) {
        assert_eq!(wxcoupon_job_cancel(self.job), 0);
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        wxcoupon_job_free(self.job);
        wxcoupon_buf_free(self.buf);
    }
}

/// Lets go of its buffer only: the context is the first till's.
pub struct Twin(ManuallyDrop<Till>);

impl Deref for Twin {
    type Target = Till;

    fn deref(&self) -> &Till {
        &self.0
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        wxcoupon_buf_free(self.0.buf);
    }
}

// SAFETY: every function may be called from any thread on any handle; only the text of the buffer may not be
// read while another thread fills it, and a till has a buffer of its own.
unsafe impl Send for Till {}

// SAFETY: the same; twins are made from a shared till.
unsafe impl Sync for Till {}

impl Drop for Till {
    fn drop(&mut self) {
        wxcoupon_ctx_free(self.ctx);
        wxcoupon_buf_free(self.buf);
    }
}

/// A sandbox with every kind of broken listener, and a till configured for it.
pub fn shop() -> (Sandbox, Till) {
    let sandbox = sandbox();
    let till = Till::new(&sandbox.config());
    (sandbox, till)
}

/// A sandbox with every kind of broken listener.
pub fn sandbox() -> Sandbox {
    let extra = TlsKind::ALL.into_iter().filter(|kind| *kind != TlsKind::Good).collect();
    Sandbox::start(Options { extra, ..Options::default() }).unwrap()
}

/// Waits for what must come, however slow the machine is.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the sandbox has read so many requests.
pub fn until_asked(sandbox: &Sandbox, requests: u64) {
    until("the request arrives", || sandbox.stats().requests >= requests);
}

/// The sandbox's configuration with other members.
pub fn config_with(sandbox: &Sandbox, changes: &Value) -> Value {
    let mut config = sandbox.config();
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

/// A right request that redeems the coupon.
pub fn use_request(coupon: &str, number: &str) -> Value {
    json!({
        "openid": OPENID, "coupon_code": coupon, "product_coupon_id": PRODUCT, "stock_id": STOCK,
        "use_time": "2025-08-03T12:00:00+08:00", "out_request_no": number,
        "associated_order_info": { "transaction_id": "4200000000123456789123456789" },
    })
}

/// The same with a deadline of its own.
pub fn with_limit(mut request: Value, timeout_ms: u64) -> Value {
    request["_options"] = json!({ "timeout_ms": timeout_ms });
    request
}

/// A right request that asks for the coupon.
pub fn query_request(coupon: &str) -> Value {
    json!({ "openid": OPENID, "coupon_code": coupon, "product_coupon_id": PRODUCT, "stock_id": STOCK })
}
