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
