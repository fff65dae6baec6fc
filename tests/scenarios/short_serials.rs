//! Serial numbers of 19 bytes, as one certificate in 256 has. They are printed with 38 digits, or with 40 and zeros in
//! front.

use crate::notified;
use crate::till::{Till, config_with, query_request, use_request};
use serde_json::{Value, json};
use std::fs;
use wxcoupon_sandbox::{Fault, FaultKind, Keys, Options, Sandbox, SignWith};

const ECHO: &str = "/v3/security/echo";

/// Everything is signed with the platform certificate, whose number WeChat Pay writes with 38 digits, or with 40.
fn sandboxes() -> [Sandbox; 2] {
    [Keys::with_short_serials().unwrap(), Keys::with_padded_serials().unwrap()].map(|keys| {
        let options = Options { keys: Some(keys), sign_with: SignWith::Certificate, ..Options::default() };
        Sandbox::start(options).unwrap()
    })
}

/// Without the public key. `from_file`: the certificate is configured; else it is downloaded.
fn config(sandbox: &Sandbox, from_file: bool) -> Value {
    let mut config = config_with(sandbox, &json!({}));
    for name in ["wechatpay_public_key_id", "wechatpay_public_key_path"] {
        config.as_object_mut().unwrap().remove(name);
    }
    if from_file {
        config["platform_certificates"] = json!([sandbox.dir().join("platform_cert.pem")]);
    }
    config
}

fn tills(sandbox: &Sandbox) -> [Till; 2] {
    [true, false].map(|from_file| Till::new(&config(sandbox, from_file)))
}

fn downloads(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.target == "/v3/certificates").count()
}

#[test]
fn a_coupon_is_asked_about_redeemed_and_returned_by_a_configured_and_by_a_downloaded_certificate() {
    for sandbox in sandboxes() {
        assert_eq!(sandbox.keys().merchant_serial_no().len(), 38);
        for (index, till) in tills(&sandbox).into_iter().enumerate() {
            let coupon = format!("AUTO_SHORT_{index}");
            let used = till.redeem(&use_request(&coupon, &format!("SHORT-000{index}")));
            assert_eq!((used.status, &used.json["attempts"]), (0, &json!(1)), "{}", used.json);
            assert_eq!(till.query(&query_request(&coupon)).status, 0);
            let mut back = query_request(&coupon);
            back["out_request_no"] = json!(format!("SHORT-BACK-{index}"));
            let returned = till.give_back(&back);
            assert_eq!(returned.status, 0, "{}", returned.json);
            assert_eq!(till.settle_all().status, 0);
            assert_eq!(downloads(&sandbox), index, "what is configured is not downloaded");
        }
    }
}

/// An answer that is lost, and the repeat that proves it.
#[test]
fn doubt_ends() {
    for sandbox in sandboxes() {
        for (index, till) in tills(&sandbox).into_iter().enumerate() {
            sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("use").times(1));
            let coupon = format!("AUTO_SHORT_{index}");
            let used = till.redeem(&use_request(&coupon, &format!("SHORT-000{index}")));
            assert_eq!(used.status, 0, "{}", used.json);
        }
    }
}

#[test]
fn a_notification_is_proven_and_opened() {
    for sandbox in sandboxes() {
        let folder = tempfile::tempdir().unwrap();
        notified::record(&sandbox, folder.path());
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let headers: Value = serde_json::from_slice(&read("headers.json")).unwrap();
        for till in tills(&sandbox) {
            let opened = till.open_notification(&headers, &read("body"));
            assert_eq!(opened.status, 0, "{}", opened.json);
            assert_eq!(opened.json["data"]["event"], "SEND");
        }
    }
}

#[test]
fn a_sealed_member_goes_there_and_back() {
    let secret = "张三 13800000000";
    let question = json!({
        "echo_message": "hello", "encrypted_echo_message": secret,
        "_options": { "encrypt": ["/encrypted_echo_message"], "decrypt": ["/encrypted_echo_message"] },
    });
    for sandbox in sandboxes() {
        for till in tills(&sandbox) {
            let echoed = till.request("POST", ECHO, Some(&question));
            assert_eq!(echoed.status, 0, "{}", echoed.json);
            assert_eq!(echoed.json["data"]["encrypted_echo_message"], secret);
        }
    }
}

#[test]
fn the_merchants_own_certificate_fits_its_number_however_that_is_written() {
    let [sandbox, _] = sandboxes();
    let serial = sandbox.keys().merchant_serial_no().to_owned();
    for written in [serial.clone(), serial.to_lowercase(), format!("00{serial}"), format!("serial={serial}")]
    {
        let mut config = config(&sandbox, true);
        config["merchant_serial_no"] = json!(written);
        config["merchant_certificate_path"] = json!(sandbox.dir().join("merchant_cert.pem"));
        let checked = Till::new(&config).check();
        assert_eq!(checked.status, 0, "{written}: {}", checked.json);
        let other = format!("1{}", &serial[1..]).replace("11", "12");
        config["merchant_serial_no"] = json!(other);
        let refused = Till::try_new(&config).err().unwrap();
        assert_eq!(refused.json["field"], "/merchant_serial_no", "{}", refused.json);
    }
}
