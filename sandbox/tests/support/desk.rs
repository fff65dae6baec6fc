//! Someone at the admin interface.

use serde_json::Value;
use wxcoupon_sandbox::Sandbox;

use super::{Call, Got, Till};

/// Asks in JSON, with the token where there is one.
pub struct Desk<'a> {
    sandbox: &'a Sandbox,
    pub till: Till,
}

impl<'a> Desk<'a> {
    pub fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, till: Till::new(sandbox) }
    }

    pub fn send(&self, call: &Call) -> Got {
        self.till.send_to(&self.sandbox.control_url(), call).unwrap()
    }

    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = self.sandbox.token().map_or("none".to_owned(), |token| format!("Bearer {token}"));
        let mut call = Call::new(method, path).header("Authorization", &token);
        if !body.is_null() {
            call = call.json(body);
        }
        let got = self.send(&call);
        (got.status, got.json())
    }

    pub fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    pub fn get(&self, path: &str) -> Value {
        self.ok("GET", path, &Value::Null)
    }

    pub fn refused(&self, status: u16, method: &str, path: &str, body: &Value) -> String {
        let (got, answer) = self.ask(method, path, body);
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}
