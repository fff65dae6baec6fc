//! Two SDKs by other people, in other languages, over other cryptography: what they sign and seal is verified and
//! opened here, and they accept what is signed and encrypted here, or by the sandbox.
//!
//! They are installed from `PyPI` and npm below the target folder.

mod sdk;

use sdk::Sdk;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;
use testkit::post::{now, openssl};
use wxcoupon::client::Client;
use wxcoupon::config::Config;
use wxcoupon::net::http::HttpTransport;
use wxcoupon::net::{HttpRequest, Transport as _};
use wxcoupon::wire::cipher;
use wxcoupon::wire::keys::{PrivateKey, PublicKey};
use wxcoupon_sandbox::{Mode, Options, Sandbox};

const OPENED: &str = r#"{"coupon_code":"Code_123456","名":"券","later":[1,null]}"#;
const PHONE: &str = "13800138000 微信";
const COUPON: &str =
    "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/SBX_EFFECTIVE_1";

/// A sandbox, a context for it, and what an SDK is asked.
struct Case {
    client: Client,
    merchant: PrivateKey,
    platform_certificate: String,
    task: Value,
    _sandbox: Sandbox,
}

impl Case {
    fn new() -> Case {
        let sandbox = Sandbox::start(Options::default()).unwrap();
        let json = sandbox.config();
        let config = || Config::from_json(&json.to_string()).unwrap();
        let file = |name: &str| fs::read_to_string(sandbox.dir().join(name)).unwrap();

        let (merchant_pem, wechatpay_pem) = (file("merchant_key.pem"), file("server/wechatpay_key.pem"));
        let merchant_public =
            String::from_utf8(openssl(&["pkey", "-pubout"], merchant_pem.as_bytes())).unwrap();
        let platform_certificate = file("platform_cert.pem");
        let listed: Value =
            serde_json::from_str(signed_answer(&config(), "/v3/certificates")["body"].as_str().unwrap())
                .unwrap();
        let task = json!({
            "keys": {
                "mchid": json["mchid"],
                "merchant_serial_no": json["merchant_serial_no"],
                "merchant_private": merchant_pem,
                "merchant_public": merchant_public,
                "wechatpay_public_key_id": json["wechatpay_public_key_id"],
                "wechatpay_public": file("wechatpay_public_key.pem"),
                "wechatpay_private": wechatpay_pem,
                "apiv3_key": json["apiv3_key"],
            },
            "request": our_request(&config()),
            "answer": signed_answer(&config(), &question(&json["defaults"])),
            "notification": notified(&sandbox),
            "sealed": listed["data"][0]["encrypt_certificate"],
            "encrypted": cipher::encrypt(&PublicKey::read(merchant_public.as_bytes()).unwrap(), PHONE),
            "plain": PHONE,
            "resource": serde_json::from_str::<Value>(OPENED).unwrap(),
            "ask": {
                "url": sandbox.urls()[0],
                "ca": file("ca.pem"),
                "path": COUPON,
                "params": parameters(&json["defaults"]),
            },
        });
        Case {
            client: Client::new(config()).unwrap(),
            merchant: PrivateKey::read(merchant_pem.as_bytes(), None).unwrap(),
            platform_certificate,
            task,
            _sandbox: sandbox,
        }
    }

    /// What holds for every SDK.
    fn compare(&self, found: &Value) {
        for (accepted, expected) in [
            ("accepts_request", true),
            ("accepts_changed_request", false),
            ("accepts_answer", true),
            ("accepts_changed_answer", false),
            ("opens_changed", false),
        ] {
            assert_eq!(found[accepted], expected, "{accepted}");
        }
        assert_eq!(found["opened"], self.task["resource"]);
        assert_eq!(found["unsealed"], self.platform_certificate);
        assert_eq!(found["decrypted"], PHONE);
        let encrypted = found["encrypted"].as_str().unwrap();
        assert_eq!(cipher::decrypt(&self.merchant, encrypted).as_deref(), Some(PHONE));
        self.open(&found["notification"]);
    }

    /// A notification that the SDK made is opened, and no longer when it was changed.
    fn open(&self, notification: &Value) {
        let headers = notification["headers"].to_string();
        let body = notification["body"].as_str().unwrap();
        let open = |body: &str| -> Value {
            serde_json::from_str(&self.client.notification_open(&headers, body.as_bytes()).to_json()).unwrap()
        };
        let opened = open(body);
        assert_eq!(opened["status"], 0, "{opened}");
        assert_eq!(opened["data"]["resource"], self.task["resource"]);
        assert_eq!(opened["data"]["dedup_key"], "PRODUCT_COUPON.SEND:Code_123456");
        assert_eq!(open(&format!("{body} "))["verification"], "wrong_signature");
    }
}

fn parameters(defaults: &Value) -> Value {
    json!({
        "product_coupon_id": "1000000013", "stock_id": "1000000013001",
        "appid": defaults["appid"], "brand_id": defaults["brand_id"],
    })
}

/// Our header over a body in UTF-8 and a path that had to be escaped.
fn our_request(config: &Config) -> Value {
    let target = "/v3/marketing/partner/product-coupon/users/o-1/coupons/C%2F1%20%E5%88%B8/use?a=b%26c";
    let body = r#"{"out_request_no":"SALE-1","attach":"微信支付 \\ é"}"#;
    let authorization =
        config.authorizer().unwrap().authorization("POST", target, now(), body.as_bytes()).unwrap();
    json!({ "method": "POST", "target": target, "body": body, "authorization": authorization })
}

/// Path and query of a question after a coupon.
fn question(defaults: &Value) -> String {
    let query: Vec<String> = parameters(defaults)
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
        .collect();
    format!("{COUPON}?{}", query.join("&"))
}

/// What the sandbox answers to a request of ours, with the headers that prove it.
fn signed_answer(config: &Config, target: &str) -> Value {
    let authorization = config.authorizer().unwrap().authorization("GET", target, now(), b"").unwrap();
    let answer = HttpTransport::new(config)
        .unwrap()
        .exchange(&HttpRequest {
            method: "GET",
            origin: &config.hosts[0].origin,
            target,
            headers: &[
                ("Authorization", &authorization),
                ("Accept", "application/json"),
                ("Wechatpay-Serial", config.public_key_id.as_deref().unwrap()),
            ],
            body: None,
            connect_limit: Duration::from_secs(5),
            limit: Duration::from_secs(5),
        })
        .unwrap();
    assert_eq!(answer.status, 200);
    json!({
        "headers": {
            "Wechatpay-Timestamp": answer.signature.timestamp,
            "Wechatpay-Nonce": answer.signature.nonce,
            "Wechatpay-Signature": answer.signature.signature,
            "Wechatpay-Serial": answer.signature.serial,
        },
        "body": String::from_utf8(answer.body).unwrap(),
    })
}

/// A notification of the sandbox's, as it came over the wire.
fn notified(sandbox: &Sandbox) -> Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notify", listener.local_addr().unwrap());
    sandbox.set_notify_url(Mode::Partner, &url).unwrap();
    sandbox.announce("PRODUCT_COUPON_SP.SEND", serde_json::from_str(OPENED).unwrap());
    let mut lines = BufReader::new(listener.accept().unwrap().0);
    let mut headers = Map::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(headers.insert(name.to_owned(), json!(value))),
            None if line == "\r\n" => break,
            None => {}
        }
    }
    let length = headers["Content-Length"].as_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    lines.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    json!({ "headers": headers, "body": String::from_utf8(body).unwrap() })
}

#[test]
fn the_python_package_agrees() {
    let case = Case::new();
    if let Some(found) = Sdk::Python.asked(&case.task) {
        case.compare(&found);
    }
}

#[test]
fn the_npm_package_agrees_and_talks_with_the_sandbox() {
    let case = Case::new();
    if let Some(found) = Sdk::Node.asked(&case.task) {
        case.compare(&found);
        assert_eq!(found["asked"]["coupon_code"], "SBX_EFFECTIVE_1");
        assert_eq!(found["asked"]["coupon_state"], "EFFECTIVE");
    }
}
