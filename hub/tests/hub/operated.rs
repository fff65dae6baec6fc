//! What people and other programs see of a hub: notifications, metrics, the page, certificates, mistakes.

use crate::chain::{Chain, until};
use crate::till::{At, Sent, Till, send};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use testkit::till::{use_request, with_limit};
use wxcoupon_sandbox::{CouponState, Fault, FaultKind, Mode};

fn address(at: &At) -> &str {
    match at {
        At::Plain(address) | At::Tls(address, _) => address,
    }
}

#[test]
fn notifications_are_proven_stored_and_handed_on_to_the_till_that_they_are_about() {
    let chain = Chain::new(
        "[notify]\nconfirm_issued = true\n[group.desk]\ntills = [\"DESK\"]\npolicy = { notifications = true }\n",
    );
    let (till, other, desk) = (chain.till("S1"), chain.till("S2"), chain.till("DESK"));
    let url = format!("http://{}/notify", address(&chain.at));
    chain.sandbox.set_notify_url(Mode::Partner, &url).unwrap();
    assert_eq!(till.ask("use", &use_request("AUTO_N", "S1-N-00001")).status(), 0);
    let resource = json!({ "coupon_code": "AUTO_N", "use_request_no": "S1-N-00001" });
    chain.sandbox.announce("PRODUCT_COUPON_SP.USE", resource.clone());
    chain.sandbox.announce("PRODUCT_COUPON_SP.USE", resource);
    until("the notification is handed on", || !till.events(0)["events"].as_array().unwrap().is_empty());
    let events = till.events(0);
    let event = &events["events"][0];
    assert_eq!(
        (event["event"].as_str(), event["out_request_no"].as_str()),
        (Some("notification"), Some("S1-N-00001"))
    );
    assert_eq!(event["body"]["event"], "USE");
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "the same thing is told once: {events}");
    assert_eq!(other.events(0)["events"], json!([]));

    // A coupon that was issued is nobody's: who may see it gets it, and it is confirmed.
    chain.sandbox.set_state("SBX_CONFIRMING", CouponState::Confirming).unwrap();
    let mut resource = testkit::till::query_request("SBX_CONFIRMING");
    let config = chain.sandbox.config();
    resource["appid"] = config["defaults"]["appid"].clone();
    resource["brand_id"] = config["defaults"]["brand_id"].clone();
    chain.sandbox.announce("PRODUCT_COUPON_SP.SEND", resource);
    until("the coupon is confirmed", || {
        chain.sandbox.coupon("SBX_CONFIRMING").unwrap().state != CouponState::Confirming
    });
    until("the desk is told", || !desk.events(0)["events"].as_array().unwrap().is_empty());
    assert_eq!(other.events(0)["events"], json!([]));

    let forged = Sent {
        method: "POST",
        target: "/notify".into(),
        headers: vec![("wechatpay-nonce", "x".into())],
        body: "{}".into(),
    };
    let came = send(&chain.at, &forged).unwrap();
    assert_eq!(came.http, 401, "{came:?}");
    assert!(!came.body.contains("serial"), "a forger is not told why: {came:?}");
}

#[test]
fn metrics_follow_prometheus_rules_and_the_log_is_json() {
    let chain = Chain::new("");
    let till = chain.till("S1");
    let nonce = crate::till::nonce();
    let body = use_request("AUTO_M", "S1-M-00001").to_string();
    let mut sent = till.signed("POST", "/v1/use", &body, crate::till::now_s(), &nonce);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    sent.headers.push(("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")));
    assert_eq!(send(&chain.at, &sent).unwrap().http, 200);
    let came = chain.get("/metrics", &[]);
    assert_eq!(came.http, 200);
    assert!(came.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    for line in [
        "wxcoupon_hub_requests_total{call=\"use\",http=\"200\",refusal=\"\"} 1",
        "wxcoupon_hub_request_duration_seconds_count{call=\"use\"} 1",
        "wxcoupon_hub_store_writable 1",
        "wxcoupon_hub_tills{state=\"revoked\"} 0",
    ] {
        assert!(came.body.lines().any(|have| have == line), "{line}\n{}", came.body);
    }
    let mut named = std::collections::BTreeSet::new();
    for line in came.body.lines() {
        if let Some(metric) = line.strip_prefix("# TYPE ") {
            assert!(named.insert(metric.split(' ').next().unwrap().to_owned()), "twice: {line}");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(named.contains(name) || base.is_some_and(|base| named.contains(base)), "{line}");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
    until("the call is logged", || chain.log().contains(trace));
    let log = chain.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), log.lines().count(), "each line is JSON: {log}");
    let call = lines.iter().find(|line| line["trace_id"] == trace).unwrap();
    assert_eq!((call["till"].as_str(), call["number"].as_str()), (Some("S1"), Some("S1-M-00001")), "{call}");
    let key = crate::till::hex(&till.key);
    for secret in ["AUTO_M", testkit::till::OPENID, &*key, "BEGIN"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_shift_manager_reads_what_is_in_doubt_in_either_language() {
    let chain = Chain::with("", &json!({ "attempt_timeout_ms": 400 }));
    let till = chain.till("S1");
    assert!(chain.get("/", &[]).body.contains("Every redemption is known."));
    assert_eq!(till.ask("use", &use_request("AUTO_S1", "S1-S-00001")).status(), 0);
    chain.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let told = till.ask("use", &with_limit(use_request("AUTO_S2", "S1-S-00002"), 600));
    assert_eq!(told.status() / 1000, 4);
    let english = chain.get("/?lang=en", &[]).body;
    assert!(english.contains("Not yet known: 1") && english.contains("<td>S1-S-00002</td>"), "{english}");
    assert!(english.contains("redeemed 1, refused 0, in doubt 1") && english.contains("<rect"), "{english}");
    let chinese = chain.get("/", &[("accept-language", "zh-CN,zh;q=0.9")]);
    assert!(
        chinese.body.contains("结果待确认：1") && chinese.body.contains("lang=\"zh-CN\""),
        "{}",
        chinese.body
    );
    assert!(chinese.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    for page in [&english, &chinese.body] {
        assert!(
            !page.contains("AUTO_S2") && !page.contains(testkit::till::OPENID),
            "nobody's coupon is shown"
        );
    }
    let document = chain.get("/openapi.json", &[]).json();
    assert_eq!(document["paths"]["/v1/use"]["post"]["operationId"], "use");
    for (path, says) in [("/healthz", "ok"), ("/readyz", "ready")] {
        assert_eq!(chain.get(path, &[]).body.trim(), says);
    }
    // Tills' listener has none of it.
    for target in ["/metrics", "/openapi.json"] {
        let sent = Sent { method: "GET", target: target.into(), headers: vec![], body: String::new() };
        assert_eq!(send(&chain.at, &sent).unwrap().http, 400);
    }
}

pub fn certificate(chain: &Chain, serial: &str) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.current_dir(chain.folder.path()).args(arguments.split(' '));
        testkit::run(&mut command).unwrap();
    };
    if !chain.folder.path().join("ca.pem").exists() {
        openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=chain -days 30",
        );
    }
    openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout fresh.key -out hub.csr -subj /CN=localhost",
    );
    fs::write(chain.file("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl(&format!(
        "x509 -req -in hub.csr -CA ca.pem -CAkey ca.key -set_serial {serial} -days 5 -extfile names -out fresh.pem"
    ));
    for (from, to) in [("fresh.key", "hub.key"), ("fresh.pem", "hub.pem")] {
        fs::rename(chain.file(from), chain.file(to)).unwrap();
    }
}

#[test]
fn tls_takes_a_new_certificate_while_it_runs() {
    let mut chain = Chain::new("");
    certificate(&chain, "1001");
    chain.configure("listen = \"127.0.0.1:0\"\ncertificate = \"hub.pem\"\nkey = \"hub.key\"\nca = \"ca.pem\"\nurl = \"https://localhost\"");
    chain.restart();
    let (is_fine, said) = chain.prompt(&["check"]);
    assert!(is_fine, "{said}");
    let till = chain.till("S1");
    assert_eq!(till.call("pending").http, 200);
    let metrics = chain.get("/metrics", &[]).body;
    let ends =
        metrics.lines().find(|line| line.starts_with("wxcoupon_hub_certificate_end_timestamp_seconds"));
    let ends: i64 = ends.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert!((ends - crate::till::now_s() - 5 * 86_400).abs() < 600, "{ends}");
    let serial = |chain: &Chain| {
        let At::Tls(address, _) = &chain.at else { panic!("no TLS") };
        let command = format!(
            "openssl s_client -connect {address} -servername localhost </dev/null 2>/dev/null | openssl x509 -noout -serial"
        );
        testkit::run(Command::new("sh").args(["-c", &command])).unwrap()
    };
    assert!(serial(&chain).contains("03E9"));
    // A broken one is told, and the old one stays.
    fs::write(chain.file("hub.key"), "nonsense").unwrap();
    until("the broken key is told", || chain.log().contains("the old one stays"));
    assert!(serial(&chain).contains("03E9"));
    certificate(&chain, "1002");
    until("the new certificate is there", || serial(&chain).contains("03EA"));
    assert_eq!(till.call("pending").http, 200);
}

#[test]
fn who_is_slow_or_many_holds_up_nobody() {
    let chain = Chain::new("[limits]\nidle_ms = 700\nslow_client_ms = 700\nconnections = 4\n");
    let till = chain.till("S1");
    let slow = |text: &str| {
        let mut stream = TcpStream::connect(address(&chain.at)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let start = Instant::now();
    let texts = ["", "POST /v1/use HT", "POST /v1/use HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n{"];
    let mut streams: Vec<_> = texts.into_iter().chain(["", "", ""]).map(slow).collect();
    assert_eq!(till.call("pending").http, 200, "it waits for its turn, and has it");
    assert!(start.elapsed() < Duration::from_secs(15));
    for stream in &mut streams {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "every one of them was closed");
}

#[test]
fn a_mistake_is_named_and_nothing_is_opened() {
    let chain = Chain::new("");
    let right = fs::read_to_string(chain.config_path()).unwrap();
    let config = chain.folder.path().join("wrong.toml");
    for (from, to, says) in [
        ("store = \"hub.db\"", "stor = \"new.db\"", "wrong.toml:1: unknown field `stor`"),
        ("[wechatpay]\n", "[wechatpay]\nmchd = \"1\"\n", "mchd"),
        ("\"master.key\"", "\"none.key\"", "master_key: "),
        ("listen = \"127.0.0.1:0\"\n", "listen = \"192.0.2.1:9\"\n", "192.0.2.1:9"),
    ] {
        let text = right.replacen(from, to, 1).replace("hub.db", "new.db");
        assert_ne!(text, right);
        fs::write(&config, text).unwrap();
        let program = env!("CARGO_BIN_EXE_wxcoupon-hub");
        let output =
            Command::new("timeout").arg("20").arg(program).arg("--config").arg(&config).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(says), "{says}: {said}");
        assert!(output.stdout.is_empty());
        // Only what is found when everything else is in order comes after the store is made.
        assert_eq!(chain.folder.path().join("new.db").exists(), says == "192.0.2.1:9", "{says}");
    }
}

#[test]
fn a_till_of_another_hub_is_a_stranger_here() {
    let (here, there) = (Chain::new(""), Chain::new(""));
    let till = here.till("S1");
    there.till("S1");
    let stranger = Till { at: there.at.clone(), ..till };
    let nonce = crate::till::nonce();
    let came = send(&stranger.at, &stranger.signed("POST", "/v1/pending", "", crate::till::now_s(), &nonce))
        .unwrap();
    assert_eq!((came.http, came.json()["hub"].as_str()), (401, Some("wrong_mac")));
}

with_postgres_too!(
    notifications_are_proven_stored_and_handed_on_to_the_till_that_they_are_about,
    metrics_follow_prometheus_rules_and_the_log_is_json,
    a_shift_manager_reads_what_is_in_doubt_in_either_language,
    a_till_of_another_hub_is_a_stranger_here,
);
