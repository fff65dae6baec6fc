//! The protocol: its vectors, and who is let in.

use crate::chain::Chain;
use crate::till::{Sent, Till, hex, hmac, key_of_code, nonce, now_s, send, told};
use openssl::sha::sha256;
use serde_json::json;
use testkit::till::use_request;

/// The key of the examples: the bytes 0 to 31.
fn example() -> Till {
    Till {
        name: "S0032-02".into(),
        generation: 1,
        key: (0..32).collect(),
        at: crate::till::At::Plain(String::new()),
    }
}

/// The examples of docs/hub-protocol.md, whose values were made with Python's hmac and hashlib.
#[test]
fn the_page_s_examples_are_right() {
    let page = std::fs::read_to_string(testkit::root().join("docs/hub-protocol.md")).unwrap();
    let nonce = "0123456789abcdefghijklmnopqrstuv";
    let body = r#"{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","coupon_code":"Code_123456","out_request_no":"S0032-02-000001"}"#;
    let sent = example().signed("POST", "/v1/use", body, 1_767_225_600, nonce);
    let mac = "cdc20e49774f16cdd6bb69c55afcf364163e8d392977b6956aab5a691d13628c";
    assert_eq!(sent.headers.last().unwrap().1, mac);
    let answer = r#"{"ok":true,"status":0,"name":"WXCOUPON_OK","class":0,"in_doubt":false}"#;
    let text = format!(
        "wxcoupon-hub answer 1\n{nonce}\n200\n1767225601\n1767225601\n{}\n",
        hex(&sha256(answer.as_bytes()))
    );
    let answered = "7cf1f7d2be9c7399d4ed7251e14042acc0cb0d8790844706720ce74624f13088";
    assert_eq!(hex(&hmac(&example().key, &text)), answered);
    let code = key_of_code("01Z0-Z234-5678-9ABC-DEFG", "S0032-02");
    let code_key = "ea0be8ad995e9c60152e04ea2722a0ac2658e4ddbf94c9d5695f9f88d41d7d16";
    assert_eq!(hex(&code), code_key);
    let trading = Till { generation: 0, key: code.clone(), ..example() };
    let traded = "37b54182e64129387b3bdf6a9e7e66f1c339ca30aa474a483bf6edf72612fe5b";
    assert_eq!(
        trading.signed("POST", "/v1/enroll", "", 1_767_225_600, nonce).headers.last().unwrap().1,
        traded
    );
    let text = format!("wxcoupon-hub key 1\nS0032-02\n1\n{nonce}\n000102030405060708090a0b0c0d0e0f\n");
    let key = "4733c845ca6dd83932100546a0f885f8ad00117d4b51a3bcfdf29e48b60cb227";
    assert_eq!(hex(&hmac(&code, &text)), key);
    for told in [body, mac, answer, answered, code_key, traded, key, nonce, "01Z0-Z234-5678-9ABC-DEFG"] {
        assert!(page.contains(told), "the page lacks {told}");
    }
}

#[test]
fn a_till_redeems_asks_and_settles_with_its_own_key() {
    let chain = Chain::new("");
    let till = chain.till("S0032-02");
    let redeemed = till.ask("use", &use_request("AUTO_HUB_1", "S0032-02-0001"));
    assert_eq!((redeemed.http, redeemed.status()), (200, 0), "{}", redeemed.json);
    assert_eq!(redeemed.json["data"]["coupon_code"], "AUTO_HUB_1");
    assert_eq!(redeemed.json["operation"], "use");
    // WeChat Pay's time and the hub's are the same machine's here.
    assert!((redeemed.proven_at_s.unwrap() - now_s()).abs() < 30, "{redeemed:?}");
    assert!((redeemed.time_s - now_s()).abs() < 30);
    let again = till.ask("use", &use_request("AUTO_HUB_1", "S0032-02-0001"));
    assert_eq!((again.status(), again.json["recorded"].as_bool()), (0, Some(true)), "{}", again.json);
    assert_eq!(again.proven_at_s, None, "nothing was asked");
    assert_eq!(chain.effects("AUTO_HUB_1"), (1, 0));
    assert_eq!(till.pending()["pending"], 0);
    let settled = till.call("settle");
    assert_eq!((settled.http, settled.status()), (200, 0), "{}", settled.json);
    let settled = till.ask("settle", &json!({ "out_request_no": "S0032-02-0001" }));
    assert_eq!((settled.status(), settled.json["recorded"].as_bool()), (0, Some(true)), "{}", settled.json);
    let checked = till.ask("check", &json!({ "online": true }));
    assert_eq!(checked.json["data"]["all_ok"], true, "{}", checked.json);
    let quoted = till.ask("quote", &json!({ "coupon": redeemed.json, "amount": 10_000 }));
    assert_eq!((quoted.status(), quoted.json["operation"].as_str()), (0, Some("quote")), "{}", quoted.json);
    let refused = till.ask("use", &json!({ "out_request_no": "S0032-02-0002" }));
    assert_eq!((refused.http, refused.name()), (200, "E_REQUEST"), "{}", refused.json);
}

#[test]
fn nobody_else_is_let_in() {
    let chain = Chain::new("");
    let till = chain.till("S0032-02");
    let body = use_request("AUTO_DOOR", "S0032-02-DOOR").to_string();
    let right = |nonce: &str| till.signed("POST", "/v1/use", &body, now_s(), nonce);
    let refused = |sent: &Sent, http: u16, hub: &str| {
        let came = send(&chain.at, sent).unwrap();
        assert_eq!((came.http, came.json()["hub"].as_str()), (http, Some(hub)), "{came:?}");
        assert_eq!(came.json()["ok"], false);
        came
    };
    let changed = |change: &dyn Fn(&mut Sent)| {
        let mut sent = right(&nonce());
        change(&mut sent);
        sent
    };
    let set = |sent: &mut Sent, name: &str, value: &str| {
        sent.headers.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value.to_owned();
    };
    // Whatever is changed on the way, the MAC does not fit any more.
    for change in [
        &(|sent: &mut Sent| sent.body = sent.body.replace("AUTO_DOOR", "AUTO_OTHER")) as &dyn Fn(&mut Sent),
        &|sent| sent.target = "/v1/query".into(),
        &|sent| sent.target = "/v1/use?x=1".into(),
        &|sent| set(sent, "wxcoupon-time", &(now_s() + 1000).to_string()),
        &|sent| set(sent, "wxcoupon-nonce", "0123456789abcdef"),
        &|sent| set(sent, "wxcoupon-mac", &"0".repeat(64)),
        &|sent| set(sent, "wxcoupon-mac", "nonsense"),
    ] {
        let came = refused(&changed(change), 401, "wrong_mac");
        assert_eq!(came.header("wxcoupon-mac"), None, "to strangers nothing is proven");
    }
    refused(&changed(&|sent| set(sent, "wxcoupon-till", "S0099-01")), 401, "unknown_till");
    refused(&changed(&|sent| set(sent, "wxcoupon-key", "2")), 401, "unknown_key");
    refused(&changed(&|sent| set(sent, "wxcoupon-till", "S 1")), 400, "missing_header");
    refused(&changed(&|sent| set(sent, "wxcoupon-nonce", "short")), 400, "missing_header");
    refused(&changed(&|sent| set(sent, "wxcoupon-time", "+5")), 400, "missing_header");
    for name in ["wxcoupon-till", "wxcoupon-key", "wxcoupon-time", "wxcoupon-nonce", "wxcoupon-mac"] {
        refused(&changed(&|sent| sent.headers.retain(|(known, _)| *known != name)), 400, "missing_header");
        refused(
            &changed(&|sent| {
                let twice = sent.headers.iter().find(|(known, _)| *known == name).unwrap().clone();
                sent.headers.push(twice);
            }),
            400,
            "missing_header",
        );
    }
    refused(&changed(&|sent| sent.body = "x".repeat(65 * 1024)), 413, "too_large");
    assert_eq!(chain.sandbox.requests().len(), 0, "nothing of this reached WeChat Pay");

    // The same once more is a replay, however right it is.
    let once = nonce();
    let first_time = right(&once);
    let first = send(&chain.at, &first_time).unwrap();
    assert_eq!(first.http, 200, "{first:?}");
    let again = refused(&first_time, 401, "nonce_reused");
    assert!(again.is_proven(&till.key, &once));
    assert_eq!(chain.effects("AUTO_DOOR"), (1, 0));
}

#[test]
fn a_wrong_clock_is_told_the_time_in_a_way_that_it_can_believe() {
    let chain = Chain::new("");
    let till = chain.till("S1");
    for off_s in [-301, 302, 86_400 * 365] {
        let nonce = nonce();
        let came = send(&chain.at, &till.signed("POST", "/v1/pending", "", now_s() + off_s, &nonce)).unwrap();
        assert_eq!((came.http, came.json()["hub"].as_str()), (401, Some("wrong_time")), "{came:?}");
        assert!(came.is_proven(&till.key, &nonce));
        assert_eq!(came.json()["name"], "WXCOUPON_E_CLOCK");
        let hub_s = told(&came).time_s;
        assert!((hub_s - now_s()).abs() < 30);
        let again = send(&chain.at, &till.signed("POST", "/v1/pending", "", hub_s, &nonce)).unwrap();
        assert_eq!(again.json()["hub"], "nonce_reused", "{again:?}");
        let right = till.signed("POST", "/v1/pending", "", hub_s, &crate::till::nonce());
        assert_eq!(send(&chain.at, &right).unwrap().http, 200);
    }
    for off_s in [-290, 290] {
        let came =
            send(&chain.at, &till.signed("POST", "/v1/pending", "", now_s() + off_s, &nonce())).unwrap();
        assert_eq!(came.http, 200, "{came:?}");
    }
}

#[test]
fn a_code_becomes_one_key_for_one_till() {
    let chain = Chain::new("");
    let code = chain.code("add", "S1");
    let refused = |name: &str, code: &str| Till::enroll(&chain.at, name, code).unwrap_err();
    for (name, code) in [("S2", &*code), ("S1", "0000-0000-0000-0000-0000")] {
        let came = refused(name, code);
        assert_eq!((came.http, came.json()["hub"].as_str()), (401, Some("wrong_code")), "{came:?}");
    }
    // The answer may be lost, so the very same trade may be made again.
    let nonce = nonce();
    let till = Till::enroll_with(&chain.at, "S1", &code, &nonce).unwrap();
    let again = Till::enroll_with(&chain.at, "S1", &code, &nonce).unwrap();
    assert_eq!((till.generation, &till.key), (1, &again.key));
    assert_eq!(refused("S1", &code).json()["hub"], "wrong_code", "somebody else is too late");
    assert_eq!(till.call("pending").http, 200);

    let (is_fine, said) = chain.prompt(&["till", "add", "S1"]);
    assert!(!is_fine && said.contains("there already"), "{said}");
    let (is_fine, said) = chain.prompt(&["till", "rotate", "S9"]);
    assert!(!is_fine && said.contains("no till S9"), "{said}");
    let (is_fine, said) = chain.prompt(&["till", "add", "S 9"]);
    assert!(!is_fine && said.contains("no name of a till"), "{said}");
}

#[test]
fn two_keys_are_good_while_a_till_changes_its_key_and_none_once_it_is_revoked() {
    let chain = Chain::new("");
    let old = chain.till("S1");
    let other = chain.till("S2");
    let new = Till::enroll(&chain.at, "S1", &chain.code("rotate", "S1")).unwrap();
    assert_eq!(new.generation, 2);
    assert_eq!((old.call("pending").http, new.call("pending").http), (200, 200));
    let newest = Till::enroll(&chain.at, "S1", &chain.code("rotate", "S1")).unwrap();
    assert_eq!(old.call("pending").hub(), "unknown_key", "two at most");
    assert_eq!((new.call("pending").http, newest.call("pending").http), (200, 200));

    let waiting = chain.code("rotate", "S1");
    let (is_fine, said) = chain.prompt(&["till", "revoke", "S1"]);
    assert!(is_fine, "{said}");
    for till in [&old, &new, &newest] {
        let told = till.call("pending");
        assert_eq!((told.http, told.hub()), (401, "revoked"), "{}", told.json);
    }
    assert!(Till::enroll(&chain.at, "S1", &waiting).is_err(), "its code is void, too");
    assert_eq!(other.call("pending").http, 200);
    let back = chain.till("S1");
    assert_eq!((back.generation, back.call("pending").http), (4, 200));
    assert_eq!(newest.call("pending").hub(), "unknown_key", "what was revoked stays so");
    let (_, list) = chain.prompt(&["till", "list"]);
    assert!(list.lines().any(|line| line.starts_with("S1\tactive\t4\t")), "{list}");
}

#[test]
fn everything_is_sealed_anew_under_a_new_master_key_while_the_hub_runs() {
    let mut chain = Chain::new("");
    let till = chain.till("S1");
    let before = std::fs::read(chain.file("master.key")).unwrap();
    let (is_fine, said) = chain.prompt(&["rekey"]);
    assert!(is_fine && said.contains("sealed anew"), "{said}");
    assert_ne!(std::fs::read(chain.file("master.key")).unwrap(), before);
    assert_eq!(till.call("pending").http, 200, "the running hub follows");
    let late = chain.till("S2");
    chain.restart();
    for till in [till, late] {
        assert_eq!(Till { at: chain.at.clone(), ..till }.call("pending").http, 200);
    }
    std::fs::write(chain.file("master.key"), before).unwrap();
    let (is_fine, said) = chain.prompt(&["till", "list"]);
    assert!(!is_fine && said.contains("master_key is not the one"), "{said}");
}

/// The hub's memory of nonces ends with its process. A numbered write is then the same request; one without a number is not made
/// twice for its nonce.
#[test]
fn a_replay_after_a_restart_changes_nothing() {
    let mut chain = Chain::new("[policy]\noperations = [\"use\", \"set_notify_config\"]\n");
    let till = chain.till("S1");
    let signed = |target: &str, body: &serde_json::Value| {
        till.signed("POST", target, &body.to_string(), now_s(), &nonce())
    };
    let numbered = signed("/v1/use", &use_request("AUTO_REPLAY", "S1-R-00001"));
    let url = json!({ "notify_url": "https://shop.example.com/notify" });
    let unnumbered = signed("/v1/set_notify_config", &url);
    for sent in [&numbered, &unnumbered] {
        let came = send(&chain.at, sent).unwrap();
        assert_eq!((came.http, came.json()["status"].as_i64()), (200, Some(0)), "{came:?}");
    }
    let asked = chain.sandbox.requests().len();
    chain.restart();
    let again = send(&chain.at, &numbered).unwrap();
    assert_eq!((again.http, again.json()["recorded"].as_bool()), (200, Some(true)), "{again:?}");
    let again = send(&chain.at, &unnumbered).unwrap();
    assert_eq!((again.http, again.json()["hub"].as_str()), (401, Some("nonce_reused")), "{again:?}");
    assert_eq!(chain.sandbox.requests().len(), asked, "WeChat Pay was not asked again");
    assert_eq!(chain.effects("AUTO_REPLAY"), (1, 0));
}

with_postgres_too!(
    a_till_redeems_asks_and_settles_with_its_own_key,
    nobody_else_is_let_in,
    a_wrong_clock_is_told_the_time_in_a_way_that_it_can_believe,
    a_code_becomes_one_key_for_one_till,
    two_keys_are_good_while_a_till_changes_its_key_and_none_once_it_is_revoked,
    everything_is_sealed_anew_under_a_new_master_key_while_the_hub_runs,
    a_replay_after_a_restart_changes_nothing,
);
