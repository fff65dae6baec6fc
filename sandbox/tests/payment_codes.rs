//! Payment codes: shown by a user, looked up over version 2 of the API, spoiled by faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use wxcoupon_sandbox::{Fault, Options, Sandbox};

#[test]
fn a_code_has_the_shape_of_one_and_its_faults_have_a_name() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let code = sandbox.show_payment_code("oUser").unwrap();
    assert!(
        code.len() == 18 && code.starts_with("13") && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{code}"
    );
    assert_ne!(code, sandbox.show_payment_code("oUser").unwrap());
    assert!(Fault::from_spec("wrong_signature,on=auth_code_to_openid").is_ok());
    assert_eq!(sandbox.config()["apiv2_key"].as_str().unwrap().len(), 32);
}

#[test]
fn a_fault_that_version_2_cannot_have_is_refused() {
    for (kind, applies) in [
        ("tampered_body", true),
        ("wrong_coupon", true),
        ("refusal,code=AUTHCODEEXPIRE", true),
        ("wrong_date", true),
        ("hang", true),
        ("stale", false),
        ("clock", false),
        ("unknown_serial", false),
        ("wrong_apiv3_key", false),
        ("slow_processing", false),
        ("wrong_number", false),
        ("replay", false),
    ] {
        assert_eq!(Fault::from_spec(&format!("{kind},on=auth_code_to_openid")).is_ok(), applies, "{kind}");
        assert!(Fault::from_spec(&format!("{kind},on=use")).is_ok(), "{kind}");
    }
    assert!(Fault::from_spec("hang,on=auth_code_to_openid,coupon=13").is_err());
}
