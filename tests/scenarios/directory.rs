//! The directory: what tells it whose a coupon is, and that nothing of it touches a redemption.

use crate::till::{OPENID, PRODUCT, STOCK, Till, config_with, query_request, sandbox, use_request};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::post::{self, Post};
use wxcoupon::directory::{self, Entry, Family};
use wxcoupon_sandbox::{CouponSpec, Fault, FaultKind, Sandbox};

/// A till with a journal in a folder, and a directory beside it.
pub struct Shop {
    pub sandbox: Sandbox,
    pub folder: TempDir,
}

impl Shop {
    pub fn new() -> Shop {
        Shop { sandbox: sandbox(), folder: TempDir::new().unwrap() }
    }

    pub fn config(&self) -> Value {
        config_with(&self.sandbox, &json!({ "journal_path": self.journal(), "directory": true }))
    }

    pub fn till(&self) -> Till {
        Till::new(&self.config())
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("till.journal")
    }

    pub fn file(&self) -> PathBuf {
        directory::path_beside(&self.journal()).unwrap()
    }

    /// What the file says, as another program of the same merchant reads it.
    pub fn known(&self, code: &str) -> Vec<Entry> {
        known(&self.journal(), self.sandbox.config()["mchid"].as_str().unwrap(), code)
    }

    fn coupon(&self, code: &str) {
        let spec = CouponSpec { openid: Some(OPENID.into()), ..CouponSpec::new(code) };
        self.sandbox.put_coupon(&spec).unwrap();
    }
}

fn known(journal: &Path, merchant: &str, code: &str) -> Vec<Entry> {
    directory::open(Some(journal), merchant).unwrap().find(code).unwrap()
}

fn line(till: &Till, name: &str) -> Value {
    let checked = till.check().json;
    let lines = checked["data"]["lines"].as_array().unwrap();
    lines.iter().find(|line| line["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn questions_tell_whose_a_coupon_is_and_redemptions_do_not() {
    let shop = Shop::new();
    let till = shop.till();
    shop.coupon("DIR_1");
    shop.coupon("DIR_2");
    assert_eq!(till.redeem(&use_request("AUTO_DIR", "DIR-0001")).status, 0);
    assert!(shop.known("AUTO_DIR").is_empty(), "a redemption does not wait for the directory");
    let asked = till.query(&query_request("DIR_1"));
    assert_eq!(asked.status, 0, "{}", asked.json);
    let [entry] = shop.known("DIR_1").try_into().unwrap();
    let Entry { valid_from_s, valid_until_s, .. } = entry;
    assert!(valid_from_s.is_some() && valid_from_s < valid_until_s);
    let expected = Entry {
        family: Family::Product,
        brand_id: Some("120344".into()),
        stock_id: STOCK.into(),
        coupon_code: "DIR_1".into(),
        product_coupon_id: Some(PRODUCT.into()),
        openid: Some(OPENID.into()),
        appid: Some("wx233544546545989".into()),
        valid_from_s,
        valid_until_s,
    };
    assert_eq!(entry, expected);
    assert!(shop.known("DIR_2").is_empty());
    let listed = till.ask("list", &json!({ "openid": OPENID }));
    assert_eq!(listed.status, 0, "{}", listed.json);
    assert_eq!(shop.known("DIR_2"), [Entry { coupon_code: "DIR_2".into(), ..expected }]);
}

#[test]
fn sending_tells_whose_a_coupon_is_however_it_ends() {
    let shop = Shop::new();
    let till = shop.till();
    let request = |number: &str| {
        json!({
            "openid": OPENID, "product_coupon_id": PRODUCT, "stock_id": STOCK, "send_request_no": number,
            "_options": { "timeout_ms": 1500 },
        })
    };
    let sent = till.ask("send", &request("DIR-SEND-1"));
    assert_eq!(sent.status, 0, "{}", sent.json);
    let code = sent.json["data"]["coupon_code"].as_str().unwrap();
    assert_eq!(shop.known(code)[0].openid.as_deref(), Some(OPENID));

    // A user gets one coupon of that stock.
    let shop = Shop::new();
    let till = shop.till();
    let fault = shop.sandbox.inject(Fault::new(FaultKind::ProcessThenReset).on("send"));
    assert_eq!(till.ask("send", &request("DIR-SEND-2")).class(), 4);
    shop.sandbox.clear_fault(fault);
    let settled = till.settle(&json!({ "out_request_no": "DIR-SEND-2" }));
    assert_eq!(settled.status, 0, "{}", settled.json);
    let recorded = till.ask("send", &request("DIR-SEND-2")).json;
    let told = recorded["data"]["coupon_code"].as_str();
    let listed = recorded["data"]["user_coupon_list"].as_array();
    let codes =
        told.into_iter().chain(listed.into_iter().flatten().filter_map(|it| it["coupon_code"].as_str()));
    let codes: Vec<&str> = codes.collect();
    assert!(!codes.is_empty() && codes.iter().all(|code| shop.known(code).len() == 1), "{recorded}");
}

#[test]
fn what_is_not_proven_tells_nothing() {
    let shop = Shop::new();
    let till = shop.till();
    shop.coupon("DIR_3");
    for kind in [FaultKind::Unsigned, FaultKind::WrongSignature] {
        let fault = shop.sandbox.inject(Fault::new(kind.clone()).on("query"));
        let mut question = query_request("DIR_3");
        question["_options"] = json!({ "timeout_ms": 700 });
        assert_ne!(till.query(&question).status, 0, "{kind:?}");
        shop.sandbox.clear_fault(fault);
        assert!(shop.known("DIR_3").is_empty(), "{kind:?}");
    }
    assert_eq!(till.query(&query_request("DIR_3")).status, 0);
    assert_eq!(shop.known("DIR_3").len(), 1);
}

#[test]
fn a_proven_notification_tells_whose_a_coupon_is() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("till.journal");
    let with = |changes: Value| {
        let mut config = post::config();
        config["journal_path"] = json!(journal);
        config["directory"] = json!(true);
        for (name, value) in changes.as_object().unwrap() {
            config[name] = value.clone();
        }
        post::client(&config)
    };
    let resource = |code: &str| {
        json!({
            "coupon_code": code, "product_coupon_id": PRODUCT, "stock_id": STOCK, "appid": "wx1", "openid": OPENID,
            "unionid": "uSecret-Union-Id", "phone_number": "13800138000", "receive_time": "2025-01-01T09:10:11.123+08:00",
        })
    };
    let open = |client: &wxcoupon::client::Client, post: &Post| {
        client.notification_open(&post.headers.to_string(), &post.body).code.number()
    };
    let partner = with(json!({}));
    let mut of_partner = resource("DIR_4");
    of_partner["brand_id"] = json!("120344");
    let post = Post::of("PRODUCT_COUPON_SP.SEND", &of_partner.to_string());
    let mut forged = post.clone();
    forged.headers["Wechatpay-Nonce"] = json!("another");
    assert_ne!(open(&partner, &forged), 0);
    assert!(known(&journal, "1900000001", "DIR_4").is_empty(), "it was not proven");
    assert_eq!(open(&partner, &post), 0);
    let [entry] = known(&journal, "1900000001", "DIR_4").try_into().unwrap();
    assert_eq!((entry.openid.as_deref(), entry.appid.as_deref()), (Some(OPENID), Some("wx1")));
    assert_eq!(entry.brand_id.as_deref(), Some("120344"));

    let brand = with(json!({ "mode": "brand", "brand_id": "120344" }));
    assert_eq!(open(&brand, &Post::of("PRODUCT_COUPON.SEND", &resource("DIR_5").to_string())), 0);
    let [entry] = known(&journal, "brand 120344", "DIR_5").try_into().unwrap();
    assert_eq!(entry.brand_id.as_deref(), Some("120344"), "the notification does not name it");

    let other_family = json!({
        "event_type": "EVENT_TYPE_BUSICOUPON_SEND", "coupon_code": "DIR_6", "stock_id": "9", "attach_info": "",
    });
    assert_eq!(open(&partner, &Post::of("COUPON.SEND", &other_family.to_string())), 0);
    let [entry] = known(&journal, "1900000001", "DIR_6").try_into().unwrap();
    assert_eq!((entry.family, entry.openid), (Family::Busifavor, None));
    drop((partner, brand));
    for end in ["", "-wal"] {
        let path = format!("{}{end}", directory::path_beside(&journal).unwrap().display());
        let bytes = std::fs::read(path).unwrap_or_default();
        for personal in ["uSecret-Union-Id", "13800138000"] {
            assert!(!bytes.windows(personal.len()).any(|window| window == personal.as_bytes()), "{personal}");
        }
    }
}

#[test]
fn it_is_off_unless_it_is_switched_on() {
    let shop = Shop::new();
    let off = Till::new(&config_with(&shop.sandbox, &json!({ "journal_path": shop.journal() })));
    shop.coupon("DIR_7");
    assert_eq!(off.query(&query_request("DIR_7")).status, 0);
    assert!(!shop.file().exists());
    assert_eq!(line(&off, "directory"), Value::Null);
    let refused = off.ask("import_coupons", &json!({ "path": "coupons.csv" }));
    assert_eq!((refused.name(), &refused.json["field"]), ("WXCOUPON_E_CONFIG", &json!("/directory")));
    assert!(refused.json["message"].as_str().unwrap().contains("\"directory\": true"), "{}", refused.json);
    let forgotten = off.ask("forget_user", &json!({ "openid": OPENID }));
    assert_eq!((forgotten.status, &forgotten.json["data"]["coupons"]), (0, &Value::Null));
    let wrong = Till::try_new(&config_with(&shop.sandbox, &json!({ "directory": "yes" }))).err().unwrap();
    assert_eq!(wrong.json["field"], "/directory");
}

#[test]
fn another_configuration_goes_on_with_it() {
    let shop = Shop::new();
    let config = |changes: Value| {
        let mut config = config_with(&shop.sandbox, &json!({ "directory": true }));
        changes.as_object().unwrap().iter().for_each(|(name, value)| config[name] = value.clone());
        config
    };
    let till = Till::new(&config(json!({})));
    shop.coupon("DIR_8");
    assert_eq!(till.query(&query_request("DIR_8")).status, 0);
    let count = || line(&till, "directory")["found"].as_str().unwrap().to_owned();
    assert!(count().starts_with("in memory: 1 coupons"), "{}", count());
    assert_eq!(till.update(&config(json!({ "timeout_ms": 4000 }))).status, 0);
    assert!(count().starts_with("in memory: 1 coupons"), "{}", count());
    assert_eq!(till.update(&config(json!({ "directory": false }))).status, 0);
    assert_eq!(line(&till, "directory"), Value::Null);
    assert_eq!(till.update(&config(json!({ "journal_path": shop.journal() }))).status, 0);
    assert!(count().contains("till.journal.directory: 0 coupons"), "{}", count());
}

#[test]
fn a_damaged_directory_touches_no_redemption_and_is_told() {
    let shop = Shop::new();
    drop(shop.till());
    std::fs::write(shop.file(), b"these are the accounts of last year\n".repeat(500)).unwrap();
    let till = shop.till();
    assert_eq!(till.redeem(&use_request("AUTO_DAMAGED", "DIR-0009")).status, 0);
    shop.coupon("DIR_9");
    assert_eq!(till.query(&query_request("DIR_9")).status, 0);
    let told = line(&till, "directory");
    assert_eq!(told["ok"], false, "{told}");
    assert!(told["found"].as_str().unwrap().contains("till.journal.directory.damaged"), "{told}");
    assert_eq!(shop.known("DIR_9").len(), 1, "a new one was begun");
    assert_eq!(till.ask("forget_user", &json!({ "openid": "oSomebody-else-entirely" })).status, 0);
    assert_eq!(line(&till, "directory")["ok"], true);
}

#[test]
fn a_directory_that_cannot_be_used_changes_no_answer() {
    let shop = Shop::new();
    std::fs::create_dir(shop.file()).unwrap();
    let till = shop.till();
    shop.coupon("DIR_10");
    assert_eq!(till.query(&query_request("DIR_10")).status, 0);
    assert_eq!(till.redeem(&use_request("AUTO_NO_DIR", "DIR-0010")).status, 0);
    let told = line(&till, "directory");
    assert!(told["ok"] == false && told["found"].as_str().unwrap().contains("not a file"), "{told}");
    let forgotten = till.ask("forget_user", &json!({ "openid": OPENID }));
    assert_eq!((forgotten.name(), forgotten.class()), ("WXCOUPON_E_JOURNAL", 2), "{}", forgotten.json);
    assert!(forgotten.json["cashier"].as_str().unwrap().contains("目录"));
}

#[test]
fn a_locked_directory_keeps_a_till_waiting_once() {
    let shop = Shop::new();
    let till = shop.till();
    let other = rusqlite::Connection::open(shop.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    for index in 0..20 {
        let code = format!("DIR_11_{index}");
        shop.coupon(&code);
        assert_eq!(till.query(&query_request(&code)).status, 0);
    }
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(till.redeem(&use_request("AUTO_LOCKED", "DIR-0011")).status, 0);
}

#[test]
fn why_a_scanned_code_is_not_known_is_told_where_it_can_be_seen() {
    let shop = Shop::new();
    let till = shop.till();
    let told = |till: &Till, scanned: &str| {
        let told = till.scan(&json!({ "scan": scanned }));
        assert_eq!(told.name(), "WXCOUPON_E_NOT_FOUND", "{}", told.json);
        told.json["message"].as_str().unwrap().to_owned()
    };
    for (scanned, cause) in [
        ("CODE\r1234", "a carriage return (U+000D) as character 5 of 9"),
        ("CODE\t1234", "a tab (U+0009) as character 5 of 9"),
        ("CODE\u{0}1234", "a control character (U+0000) as character 5 of 9"),
        ("CODE\u{200B}1234", "a zero-width character (U+200B) as character 5 of 9"),
        (" CODE1234", "a blank (U+0020) as character 1 of 9"),
        ("CODE 1234", "a blank inside, as character 5"),
        ("CODE1234CODE1234", "the same twice"),
        ("CODE1234\r\nCODE1234\r\n", "the same twice"),
    ] {
        let message = told(&till, scanned);
        assert!(message.contains(cause) && !message.contains("1234"), "{scanned:?}: {message}");
    }
    assert!(told(&till, "CODE1234").ends_with("with the scanned code"));
    drop(till);
    std::fs::write(shop.file(), "no directory").unwrap();
    assert!(told(&shop.till(), "CODE1234").contains("damaged and begun anew"));
}
