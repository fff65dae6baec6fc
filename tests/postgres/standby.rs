//! A primary with a synchronous standby: what was recorded survives the primary, and what no standby has is not known.

use crate::server::Server;
use crate::till::{asked, config, end_leases, till, used, wechat};
use serde_json::json;
use testkit::till::{Till, until, use_request};
use wxcoupon_sandbox::{Fault, FaultKind};

#[test]
fn doubt_survives_a_failover_to_a_synchronous_standby() {
    let (sandbox, mut primary) = (wechat(), Server::with(&["wal_level=replica", "max_wal_senders=4"]));
    let standby = primary.standby();
    primary.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    primary.ask("postgres", "SELECT pg_reload_conf()");
    until("the standby is synchronous", || {
        primary.ask("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
    });
    // One URL names both. Only the primary is used.
    let both = primary
        .url()
        .replace(&format!(":{}/", primary.port), &format!(":{},127.0.0.1:{}/", standby.port, primary.port));
    let shop = Till::new(&config(&sandbox, &both));
    let checked = shop.check().json["data"]["lines"].to_string();
    assert!(!checked.contains("synchronous standby"), "{checked}");
    assert!(
        Till::try_new(&config(&sandbox, &standby.url())).err().unwrap().json.to_string().contains("standby")
    );
    assert_eq!(shop.redeem(&use_request("AUTO_DONE", "SALE-0001")).status, 0);
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    assert_eq!(shop.redeem(&use_request("AUTO_DOUBT", "SALE-0002")).class(), 4);
    sandbox.clear_fault(fault);

    primary.kill();
    let down = shop.redeem(&use_request("AUTO_NONE", "SALE-0003"));
    assert_eq!(down.class(), 2, "{}", down.json);
    standby.promote();
    let pending = || shop.pending()["requests"][0]["out_request_no"].clone();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert_eq!(pending(), "SALE-0002", "what was in doubt is in doubt");
    // That its call has ended was not flushed, and may be lost.
    end_leases(&standby);
    assert_eq!(shop.settle_all().status, 0);
    let known = shop.redeem(&use_request("AUTO_DONE", "SALE-0001"));
    assert_eq!(known.status, 0, "{}", known.json);
    assert_eq!(
        (used(&sandbox, "AUTO_DONE"), used(&sandbox, "AUTO_DOUBT"), used(&sandbox, "AUTO_NONE")),
        (1, 1, 0)
    );
}

#[test]
fn a_commit_that_no_standby_confirms_is_unrecorded() {
    let (sandbox, server) = (wechat(), Server::with(&["wal_level=replica"]));
    let shop = till(&sandbox, &server);
    assert_eq!(shop.redeem(&use_request("AUTO_BEFORE", "SALE-0001")).status, 0);
    server.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'gone'");
    server.ask("postgres", "SELECT pg_reload_conf()");
    until("it waits for a standby", || server.ask("postgres", "SHOW synchronous_standby_names") == "gone");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let told = shop.redeem(&use_request("AUTO_ALONE", "SALE-0002"));
    assert_eq!((told.name(), told.in_doubt), ("WXCOUPON_E_UNRECORDED", true), "{}", told.json);
    assert!(told.json.to_string().contains("no standby has confirmed it"), "{}", told.json);
    assert_eq!(asked(&sandbox), 1, "nothing was sent");

    server.ask("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
    server.ask("postgres", "SELECT pg_reload_conf()");
    std::thread::sleep(std::time::Duration::from_millis(300));
    end_leases(&server);
    let known = shop.settle(&json!({ "out_request_no": "SALE-0002" }));
    let is_there = server.journal("SELECT count(*) FROM wxcoupon.requests WHERE number = 'SALE-0002'") == "1";
    assert!(if is_there { known.status == 0 } else { known.class() == 1 }, "{}", known.json);
    assert_eq!(used(&sandbox, "AUTO_ALONE"), usize::from(is_there));
}

#[test]
fn a_server_that_does_not_flush_is_refused() {
    let (sandbox, server) = (wechat(), Server::with(&["fsync=off"]));
    let refused = Till::try_new(&config(&sandbox, &server.url())).err().unwrap();
    assert_eq!((refused.class(), refused.json["field"].as_str()), (2, Some("/journal_path")));
    assert!(refused.json.to_string().contains("fsync=off"), "{}", refused.json);
    server.ask(
        "postgres",
        "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
}
