//! What the self-check of a till says, trouble by trouble, and how a till comes to its key.

use crate::chain::Chain;
use crate::library::{address, config};
use crate::line::{Line, Mode};
use crate::operated::certificate;
use crate::till::At;
use serde_json::{Value, json};
use std::fs;
use testkit::till::{Till, query_request, use_request};

/// The lines of the self-check, online.
fn lines(config: &Value) -> Vec<Value> {
    let told = Till::new(config).check_with(&json!({ "online": true }));
    assert_eq!(told.status, 0, "{}", told.json);
    told.json["data"]["lines"].as_array().unwrap().clone()
}

fn line<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["name"].as_str().unwrap().starts_with(name));
    found.unwrap_or_else(|| panic!("no {name} in {lines:?}"))
}

fn assert_wrong(lines: &[Value], name: &str, found: &str, advice: &str) {
    let line = line(lines, name);
    let says = |member: &str, text: &str| line[member].as_str().unwrap().contains(text);
    assert!(line["ok"] == false && says("found", found) && says("advice", advice), "{line}");
}

#[test]
fn a_till_in_order_is_told_so_with_what_the_hub_says_about_itself() {
    let chain = Chain::new("");
    let config = config(&chain.till("S1"), &[address(&chain.at)]);
    let all = lines(&config);
    let wrong: Vec<_> = all.iter().filter(|line| line["ok"] == false).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let hub = format!("hub {}", address(&chain.at));
    for (name, found) in [
        ("mode", "till"),
        ("till_id", "S1"),
        ("till_key", "generation 1"),
        (&format!("connection {}", address(&chain.at)), "connected, without TLS"),
        (&format!("{hub}: store"), "can be written"),
        (&format!("{hub}: wechatpay"), "answered and proven"),
    ] {
        assert_eq!(line(&all, name)["found"], found);
    }
    assert!(line(&all, &hub)["found"].as_str().unwrap().contains("answered and proven"));
    assert_eq!(Till::new(&config).warm().status, 0);
}

#[test]
fn each_trouble_has_its_own_words() {
    let mut chain = Chain::new("");
    let own = chain.till("S1");
    let at = address(&chain.at).to_owned();
    let right = config(&own, &[&at]);
    let changed = |name: &str, value: Value| {
        let mut config = right.clone();
        config[name] = value;
        config
    };
    let hub = format!("hub {at}");
    // A key that is not the till's.
    let key = right["till_key"].as_str().unwrap();
    let other = format!("{}{}", &key[..key.len() - 2], if key.ends_with("00") { "11" } else { "00" });
    assert_wrong(
        &lines(&changed("till_key", json!(other))),
        &hub,
        "says wrong_mac",
        "The till's key is not the one",
    );
    let next = format!("9{}", &key[1..]);
    assert_wrong(
        &lines(&changed("till_key", json!(next))),
        &hub,
        "says unknown_key",
        "no key of this generation",
    );
    assert_wrong(
        &lines(&changed("till_id", json!("S9"))),
        &hub,
        "says unknown_till",
        "knows no till of this name",
    );
    let refused = Till::new(&changed("till_id", json!("S9"))).warm();
    assert!(refused.status != 0, "{}", refused.json);
    // Something else answers.
    let line = Line::to(&at);
    line.set(Mode::Strip);
    let through = changed("hub_urls", json!([format!("http://{}", line.address)]));
    assert_wrong(&lines(&through), "hub ", "has no proof", "Something between this till and the hub");
    // The hub cannot write.
    let store = rusqlite::Connection::open(chain.file("hub.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut patient = changed("attempt_timeout_ms", json!(30_000));
    patient["timeout_ms"] = json!(60_000);
    assert_wrong(&lines(&patient), &format!("{hub}: store"), "", "the hub's disk");
    store.execute_batch("ROLLBACK").unwrap();
    // The till is revoked.
    assert!(chain.prompt(&["till", "revoke", "S1"]).0);
    assert_wrong(&lines(&right), &hub, "revoked", "was revoked at the hub");
    let sale = Till::new(&right).redeem(&use_request("AUTO_REVOKED", "S1-REVOKED"));
    assert_eq!((sale.class(), sale.in_doubt), (2, false), "{}", sale.json);
    // The hub is down.
    chain.kill();
    assert_wrong(&lines(&right), &format!("connection {at}"), "", "The hub is down");
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_and_ca_path_is_the_way_out() {
    let mut chain = Chain::new("");
    certificate(&chain, "1001");
    chain
        .configure("listen = \"127.0.0.1:0\"\ncertificate = \"hub.pem\"\nkey = \"hub.key\"\nca = \"ca.pem\"");
    chain.restart();
    let own = chain.till("S1");
    let At::Tls(address, ca) = &chain.at else { panic!("no TLS") };
    let port = address.split(':').nth(1).unwrap();
    let mut config = config(&own, &[]);
    config["hub_urls"] = json!([format!("https://localhost:{port}")]);
    assert_wrong(&lines(&config), &format!("tls localhost:{port}"), "", "set ca_path");
    config["ca_path"] = json!(ca);
    let all = lines(&config);
    let found = &line(&all, &format!("tls localhost:{port}"))["found"];
    assert_eq!(found, "connected, certificate and name are right");
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_TLS", "S1-TLS-1")).status, 0);
    assert_eq!(chain.effects("AUTO_TLS"), (1, 0));
}

#[test]
fn a_code_becomes_a_key_once_also_where_its_answer_was_lost() {
    let chain = Chain::new("[policy]\nany_user = true\n");
    let line = Line::to(address(&chain.at));
    let file = chain.file("till.key");
    let config = json!({
        "mode": "till", "hub_urls": [format!("http://{}", line.address)], "till_id": "S7",
        "till_code": chain.code("add", "S7").to_lowercase(), "till_key_path": file, "timeout_ms": 3000,
    });
    line.set(Mode::Lose(1));
    let lost = Till::new(&config).query(&query_request("AUTO_CODE"));
    assert!(lost.status != 0 && !lost.in_doubt, "{}", lost.json);
    assert!(!fs::exists(&file).unwrap());
    // Another process asks with the same nonce, and gets the same key.
    let till = Till::new(&config);
    assert_eq!(till.redeem(&use_request("AUTO_CODE", "S7-000001")).status, 0);
    let kept = fs::read_to_string(&file).unwrap();
    assert!(kept.starts_with("1:") && kept.len() == 67, "generation and key");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap()) & 0o777, 0o600);
    assert_eq!(line.count("/v1/enroll"), 2);
    // From now on the file counts, and the code may stay where it is.
    let again = Till::new(&config);
    assert_eq!(again.redeem(&use_request("AUTO_CODE_2", "S7-000002")).status, 0);
    assert_eq!(line.count("/v1/enroll"), 2);
    // The code is of no use to anybody else.
    let mut thief = config.clone();
    thief["till_key_path"] = json!(chain.file("thief.key"));
    let refused = Till::new(&thief).query(&query_request("AUTO_CODE"));
    assert_eq!(refused.name(), "WXCOUPON_E_KEY", "{}", refused.json);
    assert!(!fs::exists(chain.file("thief.key")).unwrap());
}
