//! The self-check, and what key files are.

use crate::shop::Shop;
use serde_json::json;
use wxcoupon_sandbox::FaultKind;

#[test]
fn a_till_in_order_has_ticks_alone() {
    let shop = Shop::in_use();
    let told = shop.run(&["check", "--online"]).ends(0);
    assert!(
        told.out.contains("✓ journal: ") && told.out.contains("✓ signed question 127.0.0.1:"),
        "{told:?}"
    );
    assert!(told.out.contains("Everything is in order.") && !told.out.contains('✗'), "{told:?}");
    let chinese = shop.run(&["check", "--online", "--lang", "zh"]).ends(0);
    assert!(chinese.out.contains("✓ 签名往返 127.0.0.1:") && chinese.out.contains("一切正常"), "{chinese:?}");
    // Names and numbers alone are left as they are.
    let words = |line: &str| {
        line.split(' ').filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase())).count()
    };
    assert!(chinese.out.lines().all(|line| words(line) < 3), "{chinese:?}");
    let json = shop.run(&["--json", "check"]).ends(0).json();
    assert_eq!(json["data"]["all_ok"], true);
}

#[test]
fn a_line_that_is_wrong_says_what_to_do_and_ends_with_2() {
    let shop = Shop::with(&json!({}));
    let told = shop.run(&["check"]).ends(2);
    assert!(
        told.out.contains("✗ journal: in memory") && told.out.contains("to do: Set journal_path"),
        "{told:?}"
    );
    let chinese = shop.run(&["--lang=zh", "check"]).ends(2);
    assert!(
        chinese.out.contains("✗ 流水") && chinese.out.contains("怎么办：把 journal_path 设为本机的文件"),
        "{chinese:?}"
    );
    shop.run(&["--json", "check"]).ends(2);

    let shop = Shop::open();
    shop.sandbox.inject(FaultKind::RefuseConnection);
    let told = shop.run(&["check", "--online"]).ends(2);
    assert!(told.out.contains("✗ connection 127.0.0.1:"), "{told:?}");
}

#[test]
fn a_configuration_that_is_wrong_is_told_with_its_member() {
    let shop = Shop::with(&json!({ "apiv3_key": "short" }));
    let told = shop.run(&["check"]).ends(2);
    assert!(told.out.contains("WXCOUPON_E_KEY") && told.out.contains("/apiv3_key"), "{told:?}");
}

#[test]
fn key_files_are_told_apart_and_matched() {
    let shop = Shop::open();
    let files = ["merchant_key", "merchant_cert", "wechatpay_public_key", "platform_cert", "brand_key"]
        .map(|name| shop.key_file(name));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let told = shop.run(&[&["--json", "check", "--keys"], &*files].concat()).ends(0).json();
    let object = |at: usize| told["files"][at]["objects"][0].clone();
    let names: Vec<String> = files.iter().map(|file| file.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!((&object(0)["kind"], &object(0)["bits"]), (&json!("private_key"), &json!(2048)));
    assert_eq!(object(0)["goes_to"], "private_key_path");
    let fits = object(0)["fits"].as_str().unwrap().to_owned();
    assert!(fits.contains(&names[1]) && fits.contains("private key of this configuration"), "{fits}");
    assert_eq!(object(1)["serial"], shop.config()["merchant_serial_no"]);
    assert_eq!(object(1)["goes_to"], "merchant_certificate_path");
    assert!(object(1)["fits"].as_str().unwrap().contains("merchant_serial_no of this configuration"));
    assert_eq!(object(2)["kind"], "public_key");
    assert!(object(2)["goes_to"].as_str().unwrap().contains("wechatpay_public_key_path"));
    assert_eq!(object(3)["kind"], "certificate");
    assert!(object(3)["goes_to"].as_str().unwrap().contains("platform_certificates"));
    assert!(object(4)["fits"].as_str().unwrap().contains("another key than"));
    assert!(
        told["files"].as_array().unwrap().iter().all(|file| !file["file"].as_str().unwrap().contains('/'))
    );

    let words = shop.run(&[&["--lang", "zh", "check", "--keys"], &*files].concat()).ends(0);
    assert!(words.out.contains("私钥, RSA，2048 位") && words.out.contains("配套"), "{words:?}");
}

/// An empty journal would say that nothing is open.
#[test]
fn a_journal_that_is_not_there_is_told_and_not_made() {
    let shop = Shop::open();
    let told = shop.run(&["check"]).ends(2);
    assert!(
        told.out.contains("✗ journal: there is no file journal.db") && !told.out.contains("Everything"),
        "{told:?}"
    );
    assert_eq!(shop.run(&["--json", "check"]).ends(2).json()["data"]["all_ok"], false);
    let chinese = shop.run(&["--lang=zh", "check"]).ends(2);
    assert!(chinese.out.contains("✗ 流水: 没有文件 journal.db"), "{chinese:?}");
    assert!(!shop.file("journal.db").exists());
}

/// A question that nobody answered is no missing right.
#[test]
fn without_a_line_the_line_is_what_to_look_at() {
    let shop = Shop::open();
    let mut config = shop.config();
    config["base_urls"] = json!(["https://127.0.0.1:1"]);
    config["journal_path"] = json!(null);
    config["defaults"] = json!({ "brand_id": "120344" });
    std::fs::write(shop.file("wxcoupon.json"), config.to_string()).unwrap();
    let told = shop.run(&["--lang=zh", "check", "--online"]).ends(2);
    assert!(told.out.contains("✗ 加密连接 127.0.0.1:1"), "{told:?}");
    let rights = told.out.split("✗ 品牌授权").nth(1).unwrap();
    assert!(rights.contains("怎么办：检查网络") && !rights.contains("授权给本服务商"), "{told:?}");
    assert!(!told.out.contains("Check the line"), "{told:?}");
}

/// The keys may be what is wrong with it.
#[test]
fn key_files_are_explained_beside_a_wrong_configuration_and_an_unreadable_file() {
    let shop = Shop::open();
    let mut config = shop.config();
    config["private_key_path"] = json!(shop.key_file("wechatpay_public_key"));
    std::fs::write(shop.file("wxcoupon.json"), config.to_string()).unwrap();
    let (key, public) = (shop.key_file("merchant_key"), shop.key_file("wechatpay_public_key"));
    let told = shop.run(&["check", "--keys", "missing.pem", &key, &public]).ends(2);
    for part in ["✗ missing.pem", "private_key_path", "wechatpay_public_key_path"] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    assert!(told.complaints.contains("could not be compared"), "{told:?}");
    let json = shop.run(&["--json", "-c", "wxcoupon.json", "check", "--keys", &key]).ends(0).json();
    assert!(json["not_compared"].is_string() && json["status"] == 0, "{json}");
}

/// Neither is what a merchant's key has to be.
#[test]
fn what_the_library_cannot_use_has_no_tick() {
    let shop = Shop::open();
    let make = |arguments: &[&str]| {
        let mut openssl = std::process::Command::new("openssl");
        testkit::run(openssl.args(arguments).current_dir(shop.folder())).unwrap();
    };
    let (key, cert) = (shop.key_file("merchant_key"), shop.key_file("merchant_cert"));
    make(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem"]);
    make(&["req", "-new", "-key", &key, "-subj", "/CN=x", "-out", "request.pem"]);
    make(&[
        "pkcs12",
        "-export",
        "-inkey",
        &key,
        "-in",
        &cert,
        "-passout",
        "pass:1900000001",
        "-out",
        "cert.p12",
    ]);
    make(&["crl2pkcs7", "-nocrl", "-certfile", &cert, "-out", "chain.p7b"]);
    for (file, part) in [
        ("ec.pem", "not RSA"),
        ("request.pem", "a certificate request"),
        ("cert.p12", "openssl pkcs12 -in FILE -nodes -nocerts"),
        ("chain.p7b", "another kind"),
    ] {
        let told = shop.run(&["check", "--keys", file]).ends(2);
        assert!(told.out.contains(&format!("✗ {file}")) && told.out.contains(part), "{part}: {told:?}");
        let told = shop.run(&["--json", "check", "--keys", file]).ends(2).json();
        assert_eq!((&told["class"], &told["ok"]), (&json!(2), &json!(false)));
    }
}

#[test]
fn the_configurations_own_files_are_known_and_other_keys_are_told() {
    let shop = Shop::open();
    let config = shop.config();
    let file = |name: &str| config[name].as_str().unwrap().to_owned();
    let told = shop.run(&["check", "--keys", &file("wechatpay_public_key_path"), &file("ca_path")]).ends(0);
    assert!(
        told.out.contains("a key of WeChat Pay's in this configuration")
            && told.out.contains("goes to        ca_path"),
        "{told:?}"
    );
    let other = shop.run(&["check", "--keys", &shop.key_file("brand_key")]).ends(0);
    assert!(other.out.contains("another key than the private key of this configuration"), "{other:?}");
}

/// Without a configuration too: the keys of a new shop are looked at before there is one.
#[test]
fn a_file_that_is_no_key_is_told() {
    let shop = Shop::open();
    std::fs::remove_file(shop.file("wxcoupon.json")).unwrap();
    std::fs::write(shop.file("page.html"), "<html>not found</html>").unwrap();
    let told = shop.run(&["check", "--keys", "page.html"]).ends(2);
    assert!(told.out.contains("✗ page.html") && told.out.contains("neither PEM nor Base64"), "{told:?}");
    shop.run(&["check", "--keys", "missing.pem"]).ends(2);
}

/// A passphrase on the command line would be seen by every other program.
#[test]
fn an_encrypted_key_is_opened_with_the_variable() {
    let shop = Shop::open();
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:sesame", "-in"]);
    openssl.arg(shop.key_file("merchant_key")).arg("-out").arg(shop.file("locked.pem"));
    testkit::run(&mut openssl).unwrap();
    let closed = shop.run(&["check", "--keys", "locked.pem"]).ends(2);
    assert!(closed.out.contains("WXCOUPON_PASSPHRASE"), "{closed:?}");
    let arguments = ["--json", "check", "--keys", "locked.pem"];
    let opened = shop.run_with(&arguments, "", &[("WXCOUPON_PASSPHRASE", "sesame")]).ends(0);
    let object = &opened.json()["files"][0]["objects"][0];
    assert_eq!((&object["kind"], &object["bits"]), (&json!("encrypted_private_key"), &json!(2048)));
    assert!(!format!("{opened:?}").contains("sesame"));
}
