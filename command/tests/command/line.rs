//! The command line itself.

use crate::shop::{Shop, has_chinese, redemption, words};
use serde_json::json;

#[test]
fn a_wrong_line_is_told_in_the_chosen_language_and_ends_with_1() {
    let shop = Shop::open();
    for (arguments, english, chinese) in [
        (&["usee"][..], "there is no command usee\ndid you mean ", "没有 usee 这个命令"),
        (&["pending", "--onlin"], "--onlin is not known here", "没有 --onlin 这个参数"),
        (&["show"], "<NUMBER> is missing", "缺少 <NUMBER>"),
        (&[], "a command is missing", "缺少命令"),
        (&["abandon", "X-000001"], "--note <TEXT> is missing", "缺少 --note <TEXT>"),
        (&["settle", "--timeout-ms", "x"], "cannot have the value x", "不能是 x"),
        (&["settle", "--timeout-ms"], "needs a value", "后面要有值"),
        (&["bundle", "--qr", "A", "--yes"], "does not go together with", "不能和"),
    ] {
        let told = shop.run(arguments).ends(1);
        assert!(told.complaints.contains(english) && told.out.is_empty(), "{arguments:?}: {told:?}");
        assert!(!has_chinese(&told.complaints), "{told:?}");
        let told = shop.run_with(arguments, "", &[("LC_ALL", "zh_CN.UTF-8")]).ends(1);
        assert!(
            told.complaints.contains(chinese) && told.complaints.contains("--help"),
            "{arguments:?}: {told:?}"
        );
    }
}

#[test]
fn help_and_version_end_with_0() {
    let shop = Shop::open();
    let told = shop.run(&["--version"]).ends(0);
    assert_eq!(told.out, format!("wxcoupon {}\n", env!("CARGO_PKG_VERSION")));
    let told = shop.run(&["--lang", "zh", "settle", "--help"]).ends(0);
    assert!(told.out.contains("用法: wxcoupon settle"), "{told:?}");
}

#[test]
fn the_configuration_is_found_by_argument_variable_and_folder() {
    let shop = Shop::open();
    std::fs::create_dir(shop.file("till")).unwrap();
    std::fs::rename(shop.file("wxcoupon.json"), shop.file("till/other.json")).unwrap();
    let lost = shop.run(&["check"]).ends(2);
    assert!(lost.complaints.contains("there is no configuration wxcoupon.json"), "{lost:?}");
    let use_one = |number: &str| redemption(&format!("AUTO_{number}"), &format!("{number}-0001"));
    let log = shop.run(&[&["--config", "till/other.json"], &*words(&use_one("HERE"))].concat()).ends(0);
    assert!(shop.file("journal.db").exists(), "relative paths count from the current folder: {log:?}");
    shop.run(&[&["-C", "till", "-c", "other.json"], &*words(&use_one("THERE"))].concat()).ends(0);
    assert!(shop.file("till/journal.db").exists());
    shop.run_with(&["check"], "", &[("WXCOUPON_CONFIG", "till/other.json")]).ends(0);
    shop.run(&["check", "--dir", "nowhere"]).ends(2);
}

/// Whatever happens, a program reads one line, and its class is the exit status.
#[test]
fn a_program_gets_one_line_of_json_for_wrong_lines_too() {
    let shop = Shop::in_use();
    std::fs::write(shop.file("broken.json"), "{\"mchid\":").unwrap();
    for (arguments, status) in [
        (&["usee"][..], 1),
        (&["show"], 1),
        (&[], 1),
        (&["settle", "--timeout-ms", "x", "--lang", "zh"], 1),
        (&["pending", "--json"], 0),
        (&["show", "FIRST-0001"], 0),
        (&["settle", "FIRST-0001"], 0),
        (&["quote", "amount=1"], 1),
        (&["query", "x:=nonsense"], 1),
        (&["check", "--config", "missing.json"], 2),
        (&["check", "--config", "broken.json"], 2),
        (&["check", "--dir", "nowhere"], 2),
        (&["sign", "explain", "GET", "/v3/certificates"], 0),
        (&["sign", "explain", "GET", "/v3/certificates", "--authorization", "no"], 1),
    ] {
        let told = shop.run(&[&["--json"], arguments].concat()).ends(status);
        assert_eq!(told.out.lines().count(), 1, "{arguments:?}: {told:?}");
        let json = told.json();
        assert_eq!(json["class"], json!(status), "{arguments:?}: {json}");
        assert!(json["status"].is_i64() && json["name"].is_string(), "{arguments:?}: {json}");
        assert!(!has_chinese(json["message"].as_str().unwrap_or_default()), "{json}");
    }
    for (arguments, operation) in
        [(&["pending"][..], "pending"), (&["show", "FIRST-0001"], "show"), (&["check"], "check")]
    {
        let json = shop.run(&[&["--json"], arguments].concat()).ends(0).json();
        assert_eq!(json["operation"], operation);
    }
    assert!(shop.run(&["--json", "--help"]).ends(0).out.starts_with("Checks a till"));
}

/// An answer that nobody can read is no success.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_printed_is_told_by_the_exit_status() {
    let shop = Shop::in_use();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = shop.command().arg("pending").stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("could not be printed"), "{ended:?}");
}

#[test]
fn a_terminal_of_before_utf_8_gets_its_own_letters() {
    let shop = Shop::in_use();
    let ended = shop.command().arg("pending").env("LANG", "zh_CN.GBK").output().unwrap();
    let (text, _, has_errors) = encoding_rs::GBK.decode(&ended.stdout);
    assert!(!has_errors && text.contains("没有存疑的请求"), "{text}");
}

#[test]
fn what_other_programs_take_is_taken() {
    let shop = Shop::open();
    assert_eq!(shop.run(&["help"]).ends(0).out, shop.run(&["--help"]).ends(0).out);
    assert!(shop.run(&["help", "settle"]).ends(0).out.contains("wxcoupon settle"));
    shop.run(&["--json", "--json", "sign", "explain", "GET", "/v3/x", "--json"]).ends(0);
}

/// Nothing is coloured that does not go to a terminal.
#[test]
fn a_pipe_gets_no_colours() {
    let shop = Shop::open();
    for arguments in [&["check"][..], &["pending"], &["--help"], &["usee"]] {
        let told = shop.run(arguments);
        assert!(!told.out.contains('\u{1b}') && !told.complaints.contains('\u{1b}'), "{told:?}");
    }
}

/// People paste keys into the wrong place.
#[test]
fn a_key_on_the_command_line_is_not_repeated() {
    let shop = Shop::open();
    let key = std::fs::read_to_string(shop.key_file("merchant_key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    for arguments in [
        &["call", line][..],
        &[line],
        &["check", line],
        &["settle", "--timeout-ms", line],
        &["show", line],
        &["check", "--keys", line],
        &["query", line],
        &["--config", line, "check"],
    ] {
        let told = shop.run(arguments);
        assert!(told.status != 0 && !format!("{told:?}").contains(line), "{told:?}");
    }
}
