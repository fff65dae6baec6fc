//! Tills on one database.

use crate::server::{ESCAPED, PASSWORD, Server};
use serde_json::{Value, json};
use testkit::till::{Answer, Till, config_with};
use wxcoupon_sandbox::{Effect, Options, Sandbox};

/// WeChat Pay of a test.
pub fn wechat() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

/// The configuration of a till with its journal there.
pub fn config(sandbox: &Sandbox, url: &str) -> Value {
    config_with(
        sandbox,
        &json!({ "journal_path": url, "attempt_timeout_ms": 1000, "connect_timeout_ms": 1000, "timeout_ms": 3000 }),
    )
}

/// A till with its journal in that server.
pub fn till(sandbox: &Sandbox, server: &Server) -> Till {
    Till::new(&config(sandbox, &server.url()))
}

/// Whether an answer shows the password, in any form.
pub fn shows_password(answer: &Answer) -> bool {
    let text = answer.json.to_string();
    [PASSWORD, ESCAPED, "W0rd", "hidden"].iter().any(|secret| text.contains(secret))
}

/// How often a coupon was redeemed.
pub fn used(sandbox: &Sandbox, coupon: &str) -> usize {
    let ledger = sandbox.ledger();
    ledger.iter().filter(|entry| entry.coupon_code == coupon && entry.effect == Effect::Used).count()
}

/// How often WeChat Pay was asked to redeem.
pub fn asked(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|entry| entry.operation == "use").count()
}

/// As if the time of every lease was over.
pub fn end_leases(server: &Server) {
    server.journal("UPDATE wxcoupon.requests SET lease_until_ms = 1 WHERE owner IS NOT NULL");
}
