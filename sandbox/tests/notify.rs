//! Notifications: where they go, how they look, and how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::receiver::{Letter, Receiver};
use support::{Call, Till, sandbox};
use wxcoupon_sandbox::{
    Delivery, DeliveryState, Fault, FaultKind, Mode, Options, Sandbox, SignWith, TlsKind,
};

const CONFIG: &str = "/v3/marketing/partner/product-coupon/notify-configs";
const SEND: &str = "PRODUCT_COUPON_SP.SEND";

fn payload() -> Value {
    json!({ "brand_id": "120344", "coupon_code": "C1", "openid": "oU" })
}

/// A sandbox that repeats at once and tells this receiver.
fn telling(receiver: &Receiver, options: Options) -> Sandbox {
    let notify_interval = Duration::from_millis(20);
    Sandbox::start(Options { notify_url: Some(receiver.url.clone()), notify_interval, ..options }).unwrap()
}

fn desk(sandbox: &Sandbox, body: &Value) -> (u16, Value) {
    let call = Call::new("POST", "/notifications").header("Authorization", "none").json(body);
    let got = Till::new(sandbox).send_to(&sandbox.control_url(), &call).unwrap();
    (got.status, got.json())
}

/// Waits until the first delivery is no longer waiting.
fn settled(sandbox: &Sandbox) -> Delivery {
    let start = Instant::now();
    loop {
        let delivery = sandbox.notifications().into_iter().next();
        if let Some(delivery) = delivery.filter(|delivery| delivery.state != DeliveryState::Waiting) {
            return delivery;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", sandbox.notifications());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status).collect()
}

#[test]
fn the_address_is_set_and_read() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let get = Call::new("GET", CONFIG);
    till.refused(&get, 268_578_608);
    let set = |url: &str| Call::new("POST", CONFIG).json(&json!({ "notify_url": url }));
    let url = "https://www.example.com/notify";
    let answer = till.ok(&set(url));
    assert_eq!(answer["notify_url"], url);
    assert!(answer["update_time"].as_str().unwrap().ends_with("+08:00"));
    assert_eq!(till.ok(&get), answer);
    till.ok(&set("http://127.0.0.1:9/notify"));
    let longest = format!("https://example.com/{}", "x".repeat(236));
    till.ok(&set(&longest));
    for (bad, sub_code) in [
        ("http://www.example.com/notify", 268_435_461),
        ("https://www.example.com/notify?a=1", 268_435_461),
        ("www.example.com", 268_435_461),
        ("", 268_435_463),
        (&format!("{longest}x"), 268_435_462),
    ] {
        let got = till.refused(&set(bad), sub_code);
        assert_eq!(got.json()["detail"]["field"], "/notify_url");
    }
    till.refused(&Call::new("POST", CONFIG).json(&json!({})), 268_578_101);
    // A request that is not processed sets nothing.
    let fault = Fault::new(FaultKind::Unsigned).on("set_notify_config").processed(false).times(1);
    sandbox.inject(fault);
    assert_eq!(till.send(&set(url)).unwrap().json()["notify_url"], url);
    assert_eq!(till.ok(&get)["notify_url"], longest);
    sandbox.reset();
    till.refused(&get, 268_578_608);
}

#[test]
fn an_event_reaches_the_receiver_signed_and_encrypted() {
    let receiver = Receiver::answering(&[200]);
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    sandbox.announce(SEND, payload());
    till.ok(&Call::new("POST", CONFIG).json(&json!({ "notify_url": receiver.url })));
    sandbox.announce(SEND, payload());
    let letter = receiver.next();
    assert_eq!(letter.request_line, "POST /notify HTTP/1.1");
    assert_eq!(letter.verify(&till).unwrap(), till.public_key_id);
    assert_eq!(letter.header("wechatpay-signature-type"), Some("WECHATPAY2-SHA256-RSA2048"));
    assert_eq!(letter.header("content-type"), Some("application/json"));
    assert!(letter.header("request-id").unwrap().starts_with("08"));
    assert_eq!(letter.resource(&till).unwrap(), payload());
    let envelope = letter.json();
    assert_eq!(envelope["id"].as_str().unwrap().len(), 36);
    assert_eq!(
        (&envelope["event_type"], &envelope["resource_type"]),
        (&json!(SEND), &json!("encrypt-resource"))
    );
    assert!(envelope["create_time"].is_string() && envelope["summary"].is_string());
    assert_eq!(envelope["resource"]["original_type"], "coupon");
    assert_eq!(envelope["resource"]["associated_data"], "product_coupon_sp");
    let delivery = settled(&sandbox);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![Some(200)]));
    // What happened before somebody listened is not told.
    assert_eq!(sandbox.notifications().len(), 1);
    receiver.nothing();
}

#[test]
fn a_refusal_is_followed_by_the_same_again() {
    let receiver = Receiver::answering(&[500, 400, 204]);
    let sandbox = telling(&receiver, Options::default());
    let till = Till::new(&sandbox);
    sandbox.announce(SEND, payload());
    let letters = [receiver.next(), receiver.next(), receiver.next()];
    let ids = letters.each_ref().map(|letter| letter.json()["id"].clone());
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert!(letters.iter().all(|letter| letter.verify(&till).is_ok()));
    assert_ne!(letters[0].header("wechatpay-nonce"), letters[1].header("wechatpay-nonce"));
    let delivery = settled(&sandbox);
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!(statuses(&delivery), [Some(500), Some(400), Some(204)]);
    assert!(delivery.attempts[0].answer.contains("FAIL"));
    receiver.nothing();
}

#[test]
fn after_eleven_attempts_it_is_given_up() {
    let receiver = Receiver::answering(&[202]);
    let sandbox = telling(&receiver, Options::default());
    sandbox.announce(SEND, payload());
    let delivery = settled(&sandbox);
    assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::GivenUp, 11));
}

#[test]
fn silence_and_absence_count_as_refusals() {
    let receiver = Receiver::answering(&[0, 200]);
    let notify_timeout = Duration::from_millis(200);
    let sandbox = telling(&receiver, Options { notify_timeout, ..Options::default() });
    sandbox.announce(SEND, payload());
    let delivery = settled(&sandbox);
    assert_eq!(statuses(&delivery), [None, Some(200)]);
    assert_eq!(delivery.attempts[0].error.as_ref().unwrap().english(), "no answer in time");

    sandbox.reset();
    // A port of the system: one that was free a moment ago may be another test's by now.
    let wish = json!({ "event_type": SEND, "resource": payload(), "url": "http://127.0.0.1:1/" });
    assert_eq!(desk(&sandbox, &wish).0, 200);
    // Reset took the interval back to that of the options.
    assert_eq!(settled(&sandbox).state, DeliveryState::GivenUp);
    assert!(sandbox.notifications()[0].attempts[0].error.is_some());
}

#[test]
fn the_next_one_begins_with_a_probe() {
    let receiver = Receiver::answering(&[401, 200]);
    let sandbox = telling(&receiver, Options::default());
    let till = Till::new(&sandbox);
    assert_eq!(desk(&sandbox, &json!({ "probe_next": true })), (200, json!({ "seq": null })));
    sandbox.announce(SEND, payload());
    let probe = receiver.next();
    assert!(probe.header("wechatpay-signature").unwrap().starts_with("WECHATPAY/SIGNTEST/"));
    assert!(probe.verify(&till).is_err());
    let right = receiver.next();
    right.verify(&till).unwrap();
    assert_eq!(probe.json()["id"], right.json()["id"]);
    sandbox.announce(SEND, payload());
    receiver.next().verify(&till).unwrap();
    assert_eq!(settled(&sandbox).attempts[0].fault.as_deref(), Some("signtest"));
}

#[test]
fn notifications_can_be_spoiled_and_replayed() {
    let receiver = Receiver::answering(&[200]);
    let sandbox = telling(&receiver, Options::default());
    let till = Till::new(&sandbox);
    let send = |fault: &str| -> Letter {
        let wish = json!({ "event_type": SEND, "resource": payload(), "fault": fault });
        assert_eq!(desk(&sandbox, &wish).0, 200, "{fault}");
        receiver.next()
    };
    for (fault, reason) in [
        ("unsigned", "is missing"),
        ("wrong_signature", "wrong signature"),
        ("signtest", "wrong signature"),
        ("stale,seconds=-400", "signed 40"),
        ("unknown_serial", "unknown serial PUB_KEY_ID_"),
        ("merchant_serial", "unknown serial"),
        ("tampered_body", "wrong signature"),
    ] {
        let error = send(fault).verify(&till).unwrap_err();
        assert!(error.contains(reason), "{fault}: {error}");
    }
    for fault in ["wrong_apiv3_key", "damaged_ciphertext"] {
        let letter = send(fault);
        letter.verify(&till).unwrap();
        assert_eq!(letter.resource(&till), None, "{fault}");
    }
    let first =
        desk(&sandbox, &json!({ "event_type": "X.Y", "resource": 1, "summary": "s" })).1["seq"].clone();
    let letter = receiver.next();
    assert_eq!(letter.json()["summary"], "s");
    for which in [json!(true), first] {
        desk(&sandbox, &json!({ "replay": which }));
        let again = receiver.next();
        again.verify(&till).unwrap();
        assert_eq!(again.json()["id"], letter.json()["id"]);
        assert_eq!(again.resource(&till), Some(json!(1)));
    }
    desk(&sandbox, &json!({ "replay": true, "fault": "stale" }));
    assert!(receiver.next().verify(&till).is_err());
}

#[test]
fn a_fault_spoils_as_many_attempts_as_it_should() {
    let receiver = Receiver::answering(&[401, 401, 200]);
    let sandbox = telling(&receiver, Options::default());
    let wish = json!({ "event_type": SEND, "resource": {}, "fault": "wrong_signature", "times": 2 });
    desk(&sandbox, &wish);
    let faults: Vec<Option<String>> = settled(&sandbox).attempts.into_iter().map(|a| a.fault).collect();
    let wrong = Some("wrong_signature".to_owned());
    assert_eq!(faults, [wrong.clone(), wrong, None]);
}

#[test]
fn the_migration_moves_notifications_too() {
    let receiver = Receiver::answering(&[200]);
    let sandbox = telling(&receiver, Options::default());
    let till = Till::new(&sandbox);
    let signer = |policy: SignWith| {
        sandbox.set_sign_with(policy);
        sandbox.announce(SEND, payload());
        receiver.next().verify(&till).unwrap()
    };
    assert_eq!(signer(SignWith::Certificate), till.platform_serial);
    assert_eq!(signer(SignWith::PublicKey), till.public_key_id);
    let mixed = SignWith::Mixed { certificate_percent: 50 };
    assert_ne!(signer(mixed), signer(mixed));
}

#[test]
fn the_control_port_sets_lists_and_refuses() {
    let receiver = Receiver::answering(&[503]);
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let wish = json!({ "event_type": SEND, "resource": payload() });
    assert_eq!(desk(&sandbox, &wish).0, 400, "no address yet");
    assert_eq!(desk(&sandbox, &json!({ "notify_url": receiver.url, "interval_ms": 10 })).0, 200);
    assert_eq!(desk(&sandbox, &wish), (200, json!({ "seq": 1 })));
    assert_eq!(settled(&sandbox).state, DeliveryState::GivenUp);
    let list = Call::new("GET", "/notifications").header("Authorization", "none");
    let listed = till.send_to(&sandbox.control_url(), &list).unwrap().json();
    assert_eq!((&listed[0]["state"], &listed[0]["mode"]), (&json!("given_up"), &json!("partner")));
    assert_eq!(listed[0]["attempts"][10]["status"], 503);
    assert_eq!(listed[0]["resource"], payload());
    assert_eq!(desk(&sandbox, &json!({ "notify_url": "" })).0, 200);
    for bad in [
        wish,
        json!({ "event_type": SEND, "resource": {}, "url": "ftp://x" }),
        json!({ "event_type": SEND, "resource": {}, "url": receiver.url, "fault": "hang" }),
        json!({ "event_type": SEND }),
        json!({ "fault": "stale" }),
        json!({ "replay": 99 }),
        json!({ "replay": "x" }),
        json!({ "replay": true, "resource": {} }),
        json!({ "colour": "red" }),
    ] {
        let (status, answer) = desk(&sandbox, &bad);
        assert_eq!(status, 400, "{bad}: {answer}");
    }
    sandbox.reset();
    assert!(sandbox.notifications().is_empty());
    let wrong = Options { notify_url: Some("http://www.example.com/".into()), ..Options::default() };
    assert!(Sandbox::start(wrong).is_err());
}

#[test]
fn stopping_does_not_wait_for_a_silent_receiver() {
    let receiver = Receiver::answering(&[0]);
    let sandbox = telling(&receiver, Options::default());
    sandbox.announce(SEND, payload());
    receiver.next();
    let start = Instant::now();
    drop(sandbox);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn receivers_with_tls_need_a_certificate_of_the_sandbox() {
    let options = Options { extra: vec![TlsKind::WrongCa], ..Options::default() };
    let sandbox = Sandbox::start(options).unwrap();
    let attempt = |url: &str| {
        let wish = json!({ "event_type": SEND, "resource": {}, "url": format!("{url}/notify") });
        desk(&sandbox, &wish);
        let start = Instant::now();
        loop {
            let latest = sandbox.notifications().pop().unwrap();
            if let Some(attempt) = latest.attempts.first() {
                return attempt.clone();
            }
            assert!(start.elapsed() < Duration::from_secs(10));
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    // The sandbox's own hosts speak TLS, and refuse what is no request.
    assert_eq!(attempt(&sandbox.urls()[0]).status, Some(401));
    let stranger = attempt(&sandbox.listener_url(TlsKind::WrongCa).unwrap());
    assert!(stranger.error.unwrap().english().contains("certificate verify failed"));
}

#[test]
fn many_events_reach_a_receiver_that_is_slow() {
    let receiver = Receiver::answering(&[500, 0, 0, 500, 200]);
    let notify_timeout = Duration::from_millis(200);
    let sandbox = telling(&receiver, Options { notify_timeout, ..Options::default() });
    for number in 0..100 {
        sandbox.announce(SEND, json!({ "number": number }));
    }
    let start = Instant::now();
    let delivered = || {
        let all = sandbox.notifications();
        all.iter().filter(|delivery| delivery.state == DeliveryState::Delivered).count()
    };
    while delivered() < 100 {
        assert!(start.elapsed() < Duration::from_secs(120), "{} of 100", delivered());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_brand_has_an_address_of_its_own() {
    let (receiver, other) = (Receiver::answering(&[200]), Receiver::answering(&[200]));
    let sandbox = sandbox();
    let brand = Till::brand(&sandbox);
    let wish = json!({ "mode": "brand", "notify_url": receiver.url, "event_type": "X", "resource": 1 });
    assert_eq!(desk(&sandbox, &wish).0, 200);
    let letter = receiver.next();
    assert_eq!(letter.resource(&brand), Some(json!(1)));
    sandbox.set_notify_url(Mode::Brand, &other.url).unwrap();
    assert!(sandbox.set_notify_url(Mode::Brand, "nowhere").is_err());
    sandbox.probe_next_notification();
    sandbox.announce(SEND, payload());
    assert!(other.next().verify(&brand).is_err());
    receiver.nothing();
}

#[test]
fn an_address_outlives_a_restart_and_wins() {
    let (first, second) = (Receiver::answering(&[200]), Receiver::answering(&[200]));
    let temporary = sandbox();
    let state = Some(temporary.dir().join("state.json"));
    let start =
        |receiver: &Receiver| telling(receiver, Options { state: state.clone(), ..Options::default() });
    drop(Sandbox::start(Options { state: state.clone(), ..Options::default() }).unwrap());
    // Nothing was set yet: the option holds.
    let sandbox = start(&first);
    sandbox.announce(SEND, payload());
    first.next();
    sandbox.set_notify_url(Mode::Partner, &second.url).unwrap();
    drop(sandbox);
    let sandbox = start(&first);
    sandbox.announce(SEND, payload());
    second.next();
    first.nothing();
}
