//! A coupon is issued; WeChat Pay's stand-in tells the receiver; the coupon becomes usable.

use super::program::Receiver;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wxcoupon::api;
use wxcoupon::client::Client;
use wxcoupon::config::Config;
use wxcoupon::net::cancel::Cancel;
use wxcoupon_sandbox::{
    CouponState, Delivery, DeliveryState, Fault, FaultKind, Mode, Options, Sandbox, SignWith,
};

const OPENID: &str = "oSandboxUser0000000000000001";

/// A sandbox that repeats quickly what was not taken, and a receiver that it tells.
struct Shop {
    sandbox: Sandbox,
    receiver: Receiver,
    config: Value,
    _journal: TempDir,
}

impl Shop {
    fn open() -> Option<Shop> {
        Shop::configured(|_| {})
    }

    fn configured(change: fn(&mut Map<String, Value>)) -> Option<Shop> {
        let notify_interval = Duration::from_millis(100);
        let sandbox = Sandbox::start(Options { notify_interval, ..Options::default() }).unwrap();
        let journal = tempfile::tempdir().unwrap();
        let mut config = sandbox.config();
        config["journal_path"] = json!(journal.path().join("journal"));
        change(config.as_object_mut().unwrap());
        let receiver = Receiver::start(&config)?;
        let shop = Shop { sandbox, receiver, config, _journal: journal };
        shop.listen();
        Some(shop)
    }

    fn listen(&self) {
        self.sandbox.set_notify_url(Mode::Partner, &self.receiver.url()).unwrap();
    }

    /// Another process with the same journal takes the place of the receiver.
    fn restart(&mut self) {
        self.receiver = Receiver::start(&self.config).unwrap();
        self.listen();
    }

    /// Issues a coupon as the brand's own program would, and answers its code.
    fn issue(&self) -> String {
        let client = Client::new(Config::from_json(&self.sandbox.config().to_string()).unwrap()).unwrap();
        let request = json!({
            "openid": OPENID, "product_coupon_id": "1000000013", "stock_id": "1000000013001",
            "send_request_no": "SEND-0001",
        });
        let sent = client.call(api::by_id("send").unwrap(), &request.to_string(), &Cancel::never());
        assert_eq!(sent.code.number(), 0, "{}", sent.to_json());
        let coupon: Value = serde_json::from_str(sent.data.unwrap().get()).unwrap();
        assert_eq!(coupon["coupon_state"], "CONFIRMING");
        coupon["coupon_code"].as_str().unwrap().to_owned()
    }

    /// The delivery with that place in the list, once it is over.
    fn delivery(&self, place: usize) -> Delivery {
        let over = |delivery: &Delivery| delivery.state != DeliveryState::Waiting;
        eventually(|| self.sandbox.notifications().into_iter().nth(place).filter(over))
    }

    fn state(&self, code: &str) -> CouponState {
        self.sandbox.coupon(code).unwrap().state
    }

    /// How often a confirmation was asked for, and under how many numbers.
    fn confirmations(&self) -> (usize, usize) {
        let mut numbers: Vec<_> = self
            .sandbox
            .requests()
            .into_iter()
            .filter(|request| request.operation == "confirm")
            .map(|request| request.number.unwrap())
            .collect();
        let asked = numbers.len();
        numbers.sort();
        numbers.dedup();
        (asked, numbers.len())
    }
}

fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "it never happened");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn statuses(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status).collect()
}

#[test]
fn an_issued_coupon_is_confirmed_and_becomes_usable() {
    let Some(shop) = Shop::open() else { return };
    let code = shop.issue();
    let delivery = shop.delivery(0);
    assert_eq!((delivery.state, statuses(&delivery)), (DeliveryState::Delivered, vec![Some(204)]));
    assert_eq!(shop.state(&code), CouponState::Effective);
    let printed = shop.receiver.printed_until(&format!("event PRODUCT_COUPON.SEND:{code}"));
    assert!(!printed.contains(OPENID));
}

#[test]
fn a_probe_is_refused_and_the_genuine_repeat_is_taken() {
    let Some(shop) = Shop::open() else { return };
    shop.sandbox.probe_next_notification();
    let code = shop.issue();
    assert_eq!(statuses(&shop.delivery(0)), [Some(401), Some(204)]);
    assert_eq!(shop.state(&code), CouponState::Effective);
    assert_eq!(shop.confirmations(), (1, 1));
    shop.receiver.printed_until("signtest_probe");
}

#[test]
fn a_duplicate_is_answered_with_success_and_not_confirmed_twice() {
    let Some(shop) = Shop::open() else { return };
    shop.issue();
    let first = shop.delivery(0);
    // The same again; under another id; and under the name of the other mode.
    for event_type in ["PRODUCT_COUPON_SP.SEND", "PRODUCT_COUPON.SEND"] {
        shop.sandbox.announce(event_type, first.resource.clone());
    }
    for place in [1, 2] {
        assert_eq!(statuses(&shop.delivery(place)), [Some(204)]);
    }
    assert_eq!(shop.confirmations(), (1, 1));
    shop.receiver.printed_until("done before");
}

#[test]
fn after_a_restart_the_same_number_is_used_and_nothing_is_done_twice() {
    let Some(mut shop) = Shop::open() else { return };
    let code = shop.issue();
    let first = shop.delivery(0);
    shop.restart();
    shop.sandbox.announce("PRODUCT_COUPON_SP.SEND", first.resource);
    assert_eq!(statuses(&shop.delivery(1)), [Some(204)]);
    assert_eq!(shop.confirmations().1, 1);
    assert_eq!(shop.state(&code), CouponState::Effective);
}

#[test]
fn a_platform_certificate_that_is_not_known_is_downloaded() {
    let only_apiv3_key = |config: &mut Map<String, Value>| {
        config.retain(|name, _| !name.starts_with("wechatpay_public_key") && name != "platform_certificates");
    };
    let Some(shop) = Shop::configured(only_apiv3_key) else { return };
    shop.sandbox.set_sign_with(SignWith::Certificate);
    shop.sandbox.announce("PRODUCT_COUPON_SP.MOVED", json!({}));
    assert_eq!(statuses(&shop.delivery(0)), [Some(204)]);
    assert!(shop.sandbox.requests().iter().any(|request| request.target.starts_with("/v3/certificates")));
}

#[test]
fn a_confirmation_in_doubt_without_a_journal_is_told_again() {
    let Some(shop) = Shop::configured(|config| drop(config.remove("journal_path"))) else { return };
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("confirm"));
    let code = shop.issue();
    eventually(|| shop.sandbox.notifications().first().filter(|told| !told.attempts.is_empty()).map(drop));
    assert!(shop.sandbox.clear_fault(fault));
    let told = statuses(&shop.delivery(0));
    assert_eq!((told.first(), told.last()), (Some(&Some(500)), Some(&Some(204))), "{told:?}");
    assert_eq!(shop.state(&code), CouponState::Effective);
    assert_eq!(shop.confirmations().1, 1);
}

#[test]
fn an_event_that_nobody_knows_is_taken_and_nothing_is_confirmed() {
    let Some(shop) = Shop::open() else { return };
    shop.sandbox.announce("PRODUCT_COUPON_SP.MOVED", json!({ "coupon_code": "SBX_CONFIRMING" }));
    assert_eq!(statuses(&shop.delivery(0)), [Some(204)]);
    assert_eq!(shop.confirmations(), (0, 0));
}

#[test]
fn what_could_not_be_confirmed_is_told_again() {
    let Some(shop) = Shop::open() else { return };
    // Throttled for the whole of the first call's three seconds, and no longer.
    let fault =
        shop.sandbox.inject(Fault::new(FaultKind::RateLimited { retry_after: Some(10) }).on("confirm"));
    let code = shop.issue();
    eventually(|| shop.sandbox.notifications().first().filter(|told| !told.attempts.is_empty()).map(drop));
    assert!(shop.sandbox.clear_fault(fault));
    let delivery = shop.delivery(0);
    let told = statuses(&delivery);
    assert_eq!((told.first(), told.last()), (Some(&Some(500)), Some(&Some(204))), "{told:?}");
    assert_eq!(shop.state(&code), CouponState::Effective);
    assert_eq!(shop.confirmations().1, 1);
}

#[test]
fn a_confirmation_in_doubt_is_taken_and_settled_in_quiet_moments() {
    let Some(shop) = Shop::open() else { return };
    // Longer than three seconds: every answer is lost, and nothing takes effect.
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("confirm"));
    let code = shop.issue();
    let delivery = shop.delivery(0);
    assert_eq!(statuses(&delivery), [Some(204)], "the journal has it");
    assert_eq!(shop.state(&code), CouponState::Confirming);
    assert!(shop.sandbox.clear_fault(fault));
    eventually(|| (shop.state(&code) == CouponState::Effective).then_some(()));
    assert_eq!(shop.confirmations().1, 1);
}
