//! One context that many threads of a till use at once, each call with a buffer of its own.

use serde_json::Value;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use wxcoupon::ffi::{
    wxcoupon_buf, wxcoupon_buf_data, wxcoupon_buf_free, wxcoupon_buf_new, wxcoupon_ctx, wxcoupon_ctx_free,
    wxcoupon_ctx_new, wxcoupon_pending, wxcoupon_settle, wxcoupon_use,
};

/// Status and answer of one call.
#[derive(Debug)]
pub struct Told {
    /// The status, as the function returned it.
    pub status: i32,
    /// The whole answer.
    pub json: Value,
}

/// A context. It ends with this value.
pub struct Counter(*mut wxcoupon_ctx);

// SAFETY: a context is a handle that every thread may use at any time.
unsafe impl Send for Counter {}
// SAFETY: the same.
unsafe impl Sync for Counter {}

impl Counter {
    /// A counter, or why its configuration is refused.
    pub fn open(config: &Value) -> Result<Counter, Told> {
        let text = CString::new(config.to_string()).unwrap();
        let mut ctx = ptr::null_mut();
        // SAFETY: a terminated text and a writable pointer.
        let told = told(|buf| unsafe { wxcoupon_ctx_new(text.as_ptr(), &raw mut ctx, buf) });
        if told.status == 0 { Ok(Counter(ctx)) } else { Err(told) }
    }

    /// Redeems a coupon.
    pub fn redeem(&self, request: &Value) -> Told {
        let text = CString::new(request.to_string()).unwrap();
        // SAFETY: a terminated text that outlives the call.
        told(|buf| unsafe { wxcoupon_use(self.0, text.as_ptr(), buf) })
    }

    /// Settles one number, or with none everything.
    pub fn settle(&self, number: Option<&str>) -> Told {
        let text = number
            .map(|number| CString::new(serde_json::json!({ "out_request_no": number }).to_string()).unwrap());
        let text: *const c_char = text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        // SAFETY: NULL or a terminated text that outlives the call.
        told(|buf| unsafe { wxcoupon_settle(self.0, text, buf) })
    }

    /// As a binding's destructor does, without knowing in which process it is.
    pub fn free(&self) -> i32 {
        wxcoupon_ctx_free(self.0)
    }

    /// How many requests are in doubt.
    pub fn pending(&self) -> u64 {
        let told = told(|buf| wxcoupon_pending(self.0, buf));
        assert_eq!(told.status, 0, "{}", told.json);
        told.json["data"]["pending"].as_u64().unwrap()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        wxcoupon_ctx_free(self.0);
    }
}

fn told(call: impl FnOnce(*mut wxcoupon_buf) -> i32) -> Told {
    let buf = wxcoupon_buf_new();
    let status = call(buf);
    // SAFETY: terminated, and valid until the buffer is filled again or freed.
    let text = unsafe { CStr::from_ptr(wxcoupon_buf_data(buf)) }.to_str().unwrap().to_owned();
    wxcoupon_buf_free(buf);
    Told { status, json: serde_json::from_str(&text).unwrap() }
}
