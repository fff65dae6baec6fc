//! What tills are told whose journals are one database.

use crate::server::Server;
use crate::till::{asked, config, end_leases, shows_password, till, used, wechat};
use serde_json::{Value, json};
use testkit::till::{Answer, OPENID, Till, query_request, use_request};
use wxcoupon_sandbox::{Fault, FaultKind};

fn number(request_no: &str) -> Value {
    json!({ "out_request_no": request_no })
}

fn line(answer: &Answer, name: &str) -> Value {
    let lines = answer.json["data"]["lines"].as_array().unwrap();
    lines
        .iter()
        .find(|line| line["name"] == name)
        .unwrap_or_else(|| panic!("{name}: {}", answer.json))
        .clone()
}

#[test]
fn a_number_is_one_request_for_all_tills() {
    let (sandbox, server) = (wechat(), Server::start());
    let (one, other) = (till(&sandbox, &server), till(&sandbox, &server));
    let first = one.redeem(&use_request("AUTO_ONE", "SALE-0001"));
    assert_eq!(first.status, 0, "{}", first.json);
    for till in [&one, &other] {
        let again = till.redeem(&use_request("AUTO_ONE", "SALE-0001"));
        assert_eq!((again.status, &again.json["recorded"]), (0, &json!(true)), "{}", again.json);
        assert_eq!(again.json["data"], first.json["data"]);
    }
    let reused = other.redeem(&use_request("AUTO_TWO", "SALE-0001"));
    assert_eq!(reused.name(), "WXCOUPON_E_REQUEST_NO_REUSED");
    assert_eq!((asked(&sandbox), used(&sandbox, "AUTO_ONE"), used(&sandbox, "AUTO_TWO")), (1, 1, 0));

    let mut back = query_request("AUTO_ONE");
    back["out_request_no"] = json!("BACK-0001");
    let returned = other.give_back(&back);
    assert_eq!(returned.status, 0, "{}", returned.json);
    let undone = one.redeem(&use_request("AUTO_ONE", "SALE-0001"));
    assert_eq!(undone.name(), "WXCOUPON_E_COUPON_STATE", "another till has returned it: {}", undone.json);
}

#[test]
fn doubt_of_one_till_is_settled_by_another() {
    let (sandbox, server) = (wechat(), Server::start());
    let (one, other) = (till(&sandbox, &server), till(&sandbox, &server));
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    let doubt = one.redeem(&use_request("AUTO_DOUBT", "SALE-0001"));
    assert_eq!(doubt.class(), 4, "{}", doubt.json);
    assert_eq!(other.pending()["requests"][0]["out_request_no"], "SALE-0001");
    sandbox.clear_fault(fault);
    let settled = other.settle(&number("SALE-0001"));
    assert_eq!(settled.status, 0, "{}", settled.json);
    // A call that changes nothing lets go of the row, too.
    assert_eq!(one.settle(&number("SALE-0001")).status, 0);
    assert_eq!(server.journal("SELECT count(*) FROM wxcoupon.requests WHERE owner IS NOT NULL"), "0");
    let known = one.redeem(&use_request("AUTO_DOUBT", "SALE-0001"));
    assert_eq!((known.status, &known.json["recorded"]), (0, &json!(true)));
    assert_eq!((one.pending()["pending"].as_u64(), used(&sandbox, "AUTO_DOUBT")), (Some(0), 1));
}

#[test]
fn a_sale_that_is_called_off_is_undone_by_whichever_till() {
    let (sandbox, server) = (wechat(), Server::start());
    let (one, other) = (till(&sandbox, &server), till(&sandbox, &server));
    assert_eq!(one.redeem(&use_request("AUTO_VOID", "SALE-0001")).status, 0);
    let voided = other.settle(&json!({ "out_request_no": "SALE-0001", "aim": "void" }));
    assert_eq!((voided.status, &voided.json["data"]["state"]), (0, &json!("voided")), "{}", voided.json);
    assert_eq!(one.redeem(&use_request("AUTO_VOID", "SALE-0001")).name(), "WXCOUPON_E_REQUEST_NO_REUSED");

    sandbox.inject(Fault::new(FaultKind::ResetAfterRead).on("use"));
    assert_eq!(one.redeem(&use_request("AUTO_GONE", "SALE-0002")).class(), 4);
    let watched = other.settle(&json!({ "out_request_no": "SALE-0002", "aim": "void" }));
    assert_eq!((watched.status, &watched.json["data"]["state"]), (0, &json!("watching")), "{}", watched.json);
    assert_eq!(one.pending()["watching"], 1);
}

#[test]
fn a_user_is_forgotten_and_a_changed_row_is_noticed() {
    let (sandbox, server) = (wechat(), Server::start());
    let till = till(&sandbox, &server);
    for (coupon, sale) in [("AUTO_A", "SALE-0001"), ("AUTO_B", "SALE-0002")] {
        assert_eq!(till.redeem(&use_request(coupon, sale)).status, 0);
    }
    let in_rows = || {
        server.journal(&format!("SELECT count(*) FROM wxcoupon.requests r WHERE r::text LIKE '%{OPENID}%' OR convert_from(body, 'UTF8') LIKE '%{OPENID}%'"))
    };
    assert_eq!(in_rows(), "2");
    let forgotten = till.ask("forget_user", &json!({ "openid": OPENID }));
    assert_eq!(forgotten.status, 0, "{}", forgotten.json);
    assert_eq!(in_rows(), "0");
    let known = till.redeem(&use_request("AUTO_A", "SALE-0001"));
    assert_eq!((known.status, &known.json["recorded"]), (0, &json!(true)), "{}", known.json);

    let columns = "SELECT string_agg(column_name || ' ' || data_type, ',') FROM information_schema.columns \
                   WHERE table_schema = 'wxcoupon' AND table_name = 'requests'";
    // The end of the lease is the database's own, and the key is how the row is found.
    let keys = ["id", "merchant", "number", "lease_until_ms"];
    let columns = server.journal(columns);
    let columns: Vec<(&str, &str)> =
        columns.split(',').map(|column| column.split_once(' ').unwrap()).collect();
    let changed: Vec<_> = columns.iter().filter(|(name, _)| !keys.contains(name)).collect();
    assert!(changed.len() > 25, "{changed:?}");
    for (at, (column, kind)) in changed.iter().enumerate() {
        let sale = format!("FLIP-{at:04}");
        assert_eq!(till.redeem(&use_request(&format!("AUTO_F{at}"), &sale)).status, 0);
        let value = match *kind {
            "bigint" => format!("coalesce({column}, 0) + 1"),
            "boolean" => format!("NOT {column}"),
            "bytea" => r"'\x00'".to_owned(),
            _ => format!("coalesce({column}, '') || 'x'"),
        };
        server.journal(&format!("UPDATE wxcoupon.requests SET {column} = {value} WHERE number = '{sale}'"));
        end_leases(&server);
        let told = till.redeem(&use_request(&format!("AUTO_F{at}"), &sale));
        assert!(told.in_doubt && told.status != 0, "{column}: {}", told.json);
    }
    let checked = till.check();
    let journal = line(&checked, "journal");
    assert_eq!(journal["ok"], false);
    assert!(journal["found"].as_str().unwrap().starts_with(&format!("{} of", changed.len())), "{journal}");
}

#[test]
fn nothing_shows_the_password() {
    let (sandbox, mut server) = (wechat(), Server::start());
    let journal = format!("postgres://127.0.0.1:{}/journal", server.port);
    let shop = till(&sandbox, &server);
    let checked = shop.check();
    assert!(!shows_password(&checked), "{}", checked.json);
    let found = line(&checked, "journal");
    assert!(found["found"].as_str().unwrap().starts_with(&journal), "{found}");
    assert!(found.to_string().contains("synchronous standby"), "{found}");

    let wrong = config(&sandbox, &server.url().replace("hidden", "hiddeN"));
    let refused = Till::try_new(&wrong).err().unwrap();
    assert_eq!(
        (refused.class(), refused.json["field"].as_str()),
        (2, Some("/journal_path")),
        "{}",
        refused.json
    );
    assert!(
        refused.json.to_string().contains("28P01") && !refused.json.to_string().contains("W0rd"),
        "{}",
        refused.json
    );
    for url in [server.url().replace("/journal", "/none"), server.url() + "?unknown=hidden"] {
        let refused = Till::try_new(&config(&sandbox, &url)).err().unwrap();
        assert!(!shows_password(&refused), "{}", refused.json);
    }
    let mut with_directory = config(&sandbox, &server.url());
    with_directory["directory"] = json!(true);
    let refused = Till::try_new(&with_directory).err().unwrap();
    assert_eq!(refused.json["field"], "/directory");

    server.stop();
    let down = shop.redeem(&use_request("AUTO_DOWN", "SALE-0001"));
    assert_eq!(down.class(), 2);
    assert!(down.json.to_string().contains(&journal) && !shows_password(&down), "{}", down.json);
}
