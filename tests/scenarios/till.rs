//! A till program in Rust, over the C functions.

use serde_json::{Value, json};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use wxcoupon::ffi::{
    wxcoupon_buf, wxcoupon_buf_data, wxcoupon_buf_free, wxcoupon_buf_in_doubt, wxcoupon_buf_new,
    wxcoupon_buf_status, wxcoupon_ctx, wxcoupon_ctx_free, wxcoupon_ctx_new, wxcoupon_query, wxcoupon_request,
    wxcoupon_use,
};
use wxcoupon_sandbox::{Options, Sandbox, TlsKind};

pub const OPENID: &str = "oSandboxUser0000000000000001";
pub const PRODUCT: &str = "1000000013";
pub const STOCK: &str = "1000000013001";

/// What a call answered.
#[derive(Debug)]
pub struct Answer {
    pub status: i32,
    pub in_doubt: bool,
    pub json: Value,
}

impl Answer {
    pub fn class(&self) -> i32 {
        self.status / 1000
    }

    pub fn name(&self) -> &str {
        self.json["name"].as_str().unwrap()
    }
}

/// A context and its buffer.
pub struct Till {
    ctx: *mut wxcoupon_ctx,
    buf: *mut wxcoupon_buf,
}

impl Till {
    pub fn new(config: &Value) -> Till {
        Till::try_new(config).unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    pub fn try_new(config: &Value) -> Result<Till, Answer> {
        let buf = wxcoupon_buf_new();
        let mut ctx = ptr::null_mut();
        let text = CString::new(config.to_string()).unwrap();
        // SAFETY: a terminated text and a writable pointer.
        let status = unsafe { wxcoupon_ctx_new(text.as_ptr(), &raw mut ctx, buf) };
        let till = Till { ctx, buf };
        if status == 0 { Ok(till) } else { Err(till.answer(status)) }
    }

    pub fn redeem(&self, request: &Value) -> Answer {
        self.call(wxcoupon_use, request)
    }

    pub fn query(&self, request: &Value) -> Answer {
        self.call(wxcoupon_query, request)
    }

    pub fn request(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        let [method, target] = [method, target].map(|text| CString::new(text).unwrap());
        let body = body.map(|body| CString::new(body.to_string()).unwrap());
        let body = body.as_ref().map_or(ptr::null(), |body| body.as_ptr());
        // SAFETY: terminated texts that outlive the call.
        self.answer(unsafe { wxcoupon_request(self.ctx, method.as_ptr(), target.as_ptr(), body, self.buf) })
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
        // SAFETY: terminated, and valid until the next call fills the buffer.
        let text = unsafe { CStr::from_ptr(wxcoupon_buf_data(self.buf)) }.to_str().unwrap();
        let json: Value = serde_json::from_str(text).unwrap();
        let in_doubt = wxcoupon_buf_in_doubt(self.buf) == 1;
        assert_eq!(status, wxcoupon_buf_status(self.buf));
        assert_eq!(json["status"], status);
        assert_eq!(json["class"], status / 1000);
        assert_eq!(json["in_doubt"], in_doubt);
        assert_eq!(json["ok"], status == 0);
        assert_eq!(
            status / 1000 == 4,
            in_doubt,
            "class and doubt agree unless the library is broken: {json}"
        );
        Answer { status, in_doubt, json }
    }
}

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

pub fn sandbox() -> Sandbox {
    let extra = vec![TlsKind::WrongCa, TlsKind::WrongName, TlsKind::Expired, TlsKind::PlainHttp];
    Sandbox::start(Options { extra, ..Options::default() }).unwrap()
}

/// The sandbox's configuration with other members.
pub fn config_with(sandbox: &Sandbox, changes: &Value) -> Value {
    let mut config = sandbox.config();
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

pub fn use_request(coupon: &str, number: &str) -> Value {
    json!({
        "openid": OPENID, "coupon_code": coupon, "product_coupon_id": PRODUCT, "stock_id": STOCK,
        "use_time": "2025-08-03T12:00:00+08:00", "out_request_no": number,
        "associated_order_info": { "transaction_id": "4200000000123456789123456789" },
    })
}

pub fn query_request(coupon: &str) -> Value {
    json!({ "openid": OPENID, "coupon_code": coupon, "product_coupon_id": PRODUCT, "stock_id": STOCK })
}
