//! Listeners, connections, folders, starting and stopping.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use support::{Till, sandbox};
use wxcoupon_sandbox::{Error, Keys, Options, Sandbox, TlsKind};

#[test]
fn extra_listeners_present_what_was_asked_for() {
    let sandbox = Sandbox::start(Options { extra: TlsKind::ALL.to_vec(), ..Options::default() }).unwrap();
    let till = Till::new(&sandbox);
    let failure = |kind| {
        let url = sandbox.listener_url(kind).unwrap();
        till.connect(&url).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert_eq!(failure(TlsKind::Good), "");
    let wrong_ca = failure(TlsKind::WrongCa);
    assert!(wrong_ca.contains("local issuer"), "{wrong_ca}");
    let wrong_name = failure(TlsKind::WrongName);
    assert!(wrong_name.contains("mismatch"), "{wrong_name}");
    let expired = failure(TlsKind::Expired);
    assert!(expired.contains("expired"), "{expired}");
    let long_expired = failure(TlsKind::LongExpired);
    assert!(long_expired.contains("expired"), "{long_expired}");
    let not_yet = failure(TlsKind::NotYetValid);
    assert!(not_yet.contains("not yet valid"), "{not_yet}");
    let plain = sandbox.listener_url(TlsKind::PlainHttp).unwrap();
    assert!(plain.starts_with("http://127.0.0.1:"));
    let got = till.send_to(&plain, &till.query_request("SBX_USED")).unwrap();
    till.verify(&got).unwrap();
    // The sandbox's own hosts are numbered first; the listener in the clear was asked for last.
    assert_eq!(sandbox.requests()[0].host, sandbox.urls().len() + TlsKind::ALL.len() - 1);
    // A client knows that a handshake failed before the sandbox does.
    let start = Instant::now();
    while sandbox.stats().failed_handshakes < 5 && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(sandbox.stats().failed_handshakes, 5);
}

#[test]
fn connections_are_kept_and_idle_ones_closed() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(line.exchange(&till, &till.query_request("SBX_USED")).unwrap().status, 200);
    }
    assert_eq!(sandbox.stats().connections, 1);
    assert!(line.read_answer().is_err());
    let idle = start.elapsed();
    assert!((Duration::from_millis(7500)..Duration::from_secs(12)).contains(&idle), "{idle:?}");
}

#[test]
fn connection_close_is_respected() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let got = line.exchange(&till, &till.query_request("SBX_USED").header("Connection", "close")).unwrap();
    assert_eq!(got.header("connection"), Some("close"));
    let start = Instant::now();
    assert!(line.read_answer().is_err());
    assert!(start.elapsed() < Duration::from_secs(6), "others are kept for eight");
}

#[test]
fn many_start_and_stop_quickly_with_shared_keys() {
    Keys::shared().unwrap();
    let sandboxes: Vec<Sandbox> = (0..20).map(|_| sandbox()).collect();
    let till = Till::new(&sandboxes[0]);
    let _open = till.connect(&till.urls[0]).unwrap();
    let serials: Vec<&str> = sandboxes.iter().map(|s| s.keys().merchant_serial_no()).collect();
    assert!(serials.windows(2).all(|pair| pair[0] == pair[1]));
    let dir = sandboxes[0].dir().to_owned();
    assert!(dir.join("config.json").exists());
    let start = Instant::now();
    drop(sandboxes);
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "an idle connection is kept for eight: {:?}",
        start.elapsed()
    );
    assert!(!dir.exists(), "a temporary folder goes away");
    assert!(till.connect(&till.urls[0]).is_err());
}

#[test]
fn a_folder_keeps_its_keys() {
    let temporary = sandbox();
    let dir = temporary.dir().join("kept");
    let start = |keys| Sandbox::start(Options { dir: Some(dir.clone()), keys, ..Options::default() });
    let fresh = Keys::generate().unwrap();
    let first = start(Some(fresh.clone())).unwrap();
    let key = std::fs::read(dir.join("merchant_key.pem")).unwrap();
    assert!(key.starts_with(b"-----BEGIN PRIVATE KEY-----"));
    let apiv3_key = first.config()["apiv3_key"].clone();
    assert_eq!(apiv3_key.as_str().unwrap().len(), 32);
    drop(first);

    let second = start(None).unwrap();
    assert_eq!(second.keys().merchant_serial_no(), fresh.merchant_serial_no());
    assert_eq!(second.keys().wechatpay_public_key_id(), fresh.wechatpay_public_key_id());
    assert_eq!(second.keys().platform_serial_no(), fresh.platform_serial_no());
    assert_eq!(second.config()["apiv3_key"], apiv3_key);
    assert_eq!(std::fs::read(dir.join("merchant_key.pem")).unwrap(), key);
    let till = Till::from_folder(&dir);
    till.ok(&till.query_request("SBX_USED"));
    drop(second);

    std::fs::remove_file(dir.join("platform_cert.pem")).unwrap();
    let Err(Error::Folder { reason, .. }) = start(None) else {
        panic!("an incomplete folder must not pass");
    };
    assert!(reason.english().contains("platform_cert.pem"), "{reason}");
}

#[cfg(unix)]
#[test]
fn secrets_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = sandbox();
    let mode = |name: &str| {
        let path = sandbox.dir().join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    for secret in ["merchant_key.pem", "config.json", "server/wechatpay_key.pem", "server/ca_key.pem"] {
        assert_eq!(mode(secret), 0o600, "{secret}");
    }
    assert_eq!(mode("server"), 0o700);
}

#[test]
fn config_and_description_say_everything() {
    let sandbox = Sandbox::start(Options { extra: vec![TlsKind::WrongCa], ..Options::default() }).unwrap();
    let config = sandbox.config();
    let mut names: Vec<&str> = config.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "apiv2_key",
        "apiv3_key",
        "base_urls",
        "ca_path",
        "defaults",
        "mchid",
        "merchant_serial_no",
        "private_key_path",
        "wechatpay_public_key_id",
        "wechatpay_public_key_path",
    ];
    assert_eq!(names, expected);
    for path in ["ca_path", "private_key_path", "wechatpay_public_key_path"] {
        let path = std::path::Path::new(config[path].as_str().unwrap());
        assert!(path.is_absolute() && path.exists());
    }
    assert_eq!(config["defaults"], serde_json::json!({ "appid": "wx233544546545989", "brand_id": "120344" }));
    let id = config["wechatpay_public_key_id"].as_str().unwrap();
    assert!(
        id.strip_prefix("PUB_KEY_ID_")
            .is_some_and(|d| d.len() == 34 && d.bytes().all(|b| b.is_ascii_digit()))
    );

    let text = std::fs::read(sandbox.dir().join("sandbox.json")).unwrap();
    let description: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(description, sandbox.description());
    assert_eq!(description["listeners"][0]["kind"], "wrong_ca");
    assert_eq!(description["control_url"], sandbox.control_url());
    let coupons = description["coupons"].as_array().unwrap();
    assert!(coupons.iter().any(|coupon| coupon["coupon_code"] == "SBX_EFFECTIVE_9"));
    assert_eq!(coupons.len(), 46);
}

#[test]
fn a_taken_port_is_an_error() {
    let first = sandbox();
    let port = first.urls()[0].rsplit(':').next().unwrap().parse().unwrap();
    let second = Sandbox::start(Options { ports: [port, 0], ..Options::default() });
    assert!(matches!(second, Err(Error::Listen { address: taken, .. }) if taken.port() == port));
}

#[test]
fn a_caller_may_wait_for_continue() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let call = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").header("Expect", "100-continue");
    let bytes = call.bytes(&till);
    let (head, body) = bytes.split_at(bytes.len() - call.body.len());
    let mut line = till.connect(&till.urls[0]).unwrap();
    line.write(head).unwrap();
    line.expect(b"HTTP/1.1 100 Continue\r\n\r\n");
    line.write(body).unwrap();
    assert_eq!(line.read_answer().unwrap().status, 200);
}

#[test]
fn requests_may_come_in_pieces_or_together() {
    let sandbox = sandbox();
    let till = Till::new(&sandbox);
    let mut line = till.connect(&till.urls[0]).unwrap();
    let bytes = till.use_request("SBX_EFFECTIVE_1", "NUMBER_1").bytes(&till);
    for piece in bytes.chunks(100) {
        line.write(piece).unwrap();
    }
    assert_eq!(line.read_answer().unwrap().status, 200);
    let two = [till.query_request("SBX_USED").bytes(&till), till.query_request("SBX_DELETED").bytes(&till)];
    line.write(&two.concat()).unwrap();
    assert_eq!(line.read_answer().unwrap().json()["coupon_state"], "USED");
    assert_eq!(line.read_answer().unwrap().json()["coupon_state"], "DELETED");
}
