//! A shop's keys, made once with the `openssl` command, and the C functions that its program calls.

use serde_json::{Value, json};
use std::ffi::{CStr, CString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr;
use std::sync::OnceLock;
use tempfile::TempDir;
use testkit::till::unhurried;
use wxcoupon::ffi::{
    wxcoupon_buf, wxcoupon_buf_data, wxcoupon_buf_free, wxcoupon_buf_new, wxcoupon_call, wxcoupon_ctx,
    wxcoupon_ctx_free, wxcoupon_ctx_new, wxcoupon_quote, wxcoupon_request, wxcoupon_settle,
};

pub const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
/// 19 bytes: 20 random ones of which the first is zero.
pub const SHORT_SERIAL: &str = "57F09EFDC096DE15EBE81A47057A7232F1B8E1";
pub const PLATFORM_SERIAL: &str = "0A57F09EFDC096DE15EBE81A47057A7232F1B8";
pub const KEY_ID: &str = "PUB_KEY_ID_0114232134912410000000000000";
pub const PASSPHRASE: &str = "开门 open sesame";

/// The folder with `merchant.pem`, `wechatpay.pem`, `wechatpay_public.pem`, `cert.pem` (merchant, [`SERIAL`]),
/// `short.pem` (merchant, [`SHORT_SERIAL`]), `platform.pem` and `ec.pem` (an authority's, with an EC key).
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("passphrase"), PASSPHRASE).unwrap();
            for key in ["merchant.pem", "wechatpay.pem"] {
                openssl(
                    folder.path(),
                    &format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {key}"),
                );
            }
            openssl(folder.path(), "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec_key.pem");
            openssl(folder.path(), "pkey -in wechatpay.pem -pubout -out wechatpay_public.pem");
            for (key, serial, out) in [
                ("merchant.pem", SERIAL, "cert.pem"),
                ("merchant.pem", SHORT_SERIAL, "short.pem"),
                ("wechatpay.pem", PLATFORM_SERIAL, "platform.pem"),
                ("ec_key.pem", "77", "ec.pem"),
            ] {
                let arguments = format!(
                    "req -new -x509 -key {key} -set_serial 0x{serial} -days 3650 -subj /CN=test -out {out}"
                );
                openssl(folder.path(), &arguments);
            }
            folder
        })
        .path()
}

pub fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// As [`openssl`], under [`PASSPHRASE`].
pub fn openssl_with_passphrase(folder: &Path, arguments: &str) {
    openssl(folder, &format!("{arguments} -passout file:passphrase"));
}

pub fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

pub fn path(name: &str) -> PathBuf {
    folder().join(name)
}

/// A configuration with which a context is made; nobody listens where it sends.
pub fn config() -> Value {
    json!({
        "mchid": "1900000001", "merchant_serial_no": SERIAL, "private_key_path": path("merchant.pem"),
        "wechatpay_public_key_id": KEY_ID, "wechatpay_public_key_path": path("wechatpay_public.pem"),
        "defaults": { "appid": "wx233544546545989", "brand_id": "120344" },
        "base_urls": ["https://127.0.0.1:1"], "max_rate_per_s": 100_000,
    })
}

pub fn with(changes: &Value) -> Value {
    let mut config = config();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(config.as_object_mut().unwrap().remove(name)),
            value => config[name] = value.clone(),
        }
    }
    config
}

/// The answer of `wxcoupon_ctx_new` for these bytes.
pub fn made_of(config: &[u8]) -> Value {
    Shop::open(config).1
}

pub fn made(config: &Value) -> Value {
    made_of(config.to_string().as_bytes())
}

/// A context, if it could be made.
pub struct Shop {
    ctx: *mut wxcoupon_ctx,
    buf: *mut wxcoupon_buf,
}

impl Shop {
    pub fn open(config: &[u8]) -> (Shop, Value) {
        let (mut ctx, buf) = (ptr::null_mut(), wxcoupon_buf_new());
        let config = CString::new(config).unwrap();
        // SAFETY: a terminated text and a writable pointer.
        unsafe { wxcoupon_ctx_new(config.as_ptr(), &raw mut ctx, buf) };
        let shop = Shop { ctx, buf };
        let answer = shop.answer();
        (shop, answer)
    }

    pub fn new(config: &Value) -> Shop {
        let (shop, answer) = Shop::open(unhurried(config).to_string().as_bytes());
        assert_eq!(answer["ok"], true, "{answer}");
        shop
    }

    pub fn call(&self, operation: &str, json_in: impl Into<Vec<u8>>) -> Value {
        let [operation, json_in] =
            [operation.as_bytes().to_vec(), json_in.into()].map(|text| CString::new(text).unwrap());
        // SAFETY: terminated texts.
        unsafe { wxcoupon_call(self.ctx, operation.as_ptr(), json_in.as_ptr(), self.buf) };
        self.answer()
    }

    pub fn request(&self, method: &str, target: &str, body: impl Into<Vec<u8>>) -> Value {
        let [method, target] = [method, target].map(|text| CString::new(text).unwrap());
        let body = CString::new(body).unwrap();
        // SAFETY: terminated texts.
        unsafe { wxcoupon_request(self.ctx, method.as_ptr(), target.as_ptr(), body.as_ptr(), self.buf) };
        self.answer()
    }

    pub fn settle(&self, json_in: &Value) -> Value {
        let json_in = CString::new(json_in.to_string()).unwrap();
        // SAFETY: a terminated text.
        unsafe { wxcoupon_settle(self.ctx, json_in.as_ptr(), self.buf) };
        self.answer()
    }

    pub fn quote(&self, json_in: &Value) -> Value {
        let json_in = CString::new(json_in.to_string()).unwrap();
        // SAFETY: a terminated text.
        unsafe { wxcoupon_quote(self.ctx, json_in.as_ptr(), self.buf) };
        self.answer()
    }

    fn answer(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The last answer as it stands in the buffer.
    pub fn text(&self) -> String {
        // SAFETY: terminated, and valid until the next call fills the buffer.
        let bytes = unsafe { CStr::from_ptr(wxcoupon_buf_data(self.buf)) }.to_bytes();
        // What a GBK context answers reads as well for what is looked at here.
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        wxcoupon_ctx_free(self.ctx);
        wxcoupon_buf_free(self.buf);
    }
}

/// Status, field and a part of the message.
#[track_caller]
pub fn assert_refused(answer: &Value, name: &str, field: &str, message: &str) {
    assert_eq!((answer["name"].as_str(), answer["field"].as_str()), (Some(name), Some(field)), "{answer}");
    assert!(answer["message"].as_str().unwrap().contains(message), "{answer}\n{message}");
}
