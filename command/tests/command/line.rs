//! The command line itself.

use crate::shop::{Shop, has_chinese};

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
        let told = shop.run_with(arguments, "", &[("LC_ALL", "zh_CN.GB18030")]).ends(1);
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
    let log = shop.run(&["check", "--config", "till/other.json"]).ends(0);
    assert!(shop.file("journal.db").exists(), "relative paths count from the current folder: {log:?}");
    shop.run(&["check", "-C", "till", "-c", "other.json"]).ends(0);
    assert!(shop.file("till/journal.db").exists());
    shop.run_with(&["check"], "", &[("WXCOUPON_CONFIG", "till/other.json")]).ends(0);
    shop.run(&["check", "--dir", "nowhere"]).ends(2);
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
