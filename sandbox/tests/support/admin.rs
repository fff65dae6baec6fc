//! Questions to the admin interface.

use serde_json::Value;
use wxcoupon_sandbox::Sandbox;

use super::{Call, Got, Till};

pub fn ask(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Got {
    let mut call = Call::new(method, path).header("Authorization", "none");
    if !body.is_null() {
        call = call.json(body);
    }
    Till::new(sandbox).send_to(&sandbox.control_url(), &call).unwrap()
}

pub fn ok(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let got = ask(sandbox, method, path, body);
    assert_eq!(got.status, 200, "{method} {path}: {}", got.text());
    got.json()
}

pub fn refused(sandbox: &Sandbox, path: &str, body: &Value) -> String {
    let got = ask(sandbox, "POST", path, body);
    assert_eq!(got.status, 400, "{path}: {}", got.text());
    got.json()["error"].as_str().unwrap().to_owned()
}
