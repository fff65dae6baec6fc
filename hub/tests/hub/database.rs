//! The database is down, or does not answer: nothing is told that is not known, and it recovers by itself.

use crate::chain::{Chain, Store, until};
use crate::relay::{Commit, Relay};
use crate::server::{ESCAPED, Pooler, Server};
use crate::till::Till;
use serde_json::json;
use std::thread;
use testkit::till::{use_request, with_limit};
use wxcoupon_sandbox::{Fault, FaultKind};

fn chain() -> Chain {
    Chain::on(Store::postgres(Server::start()), "", &json!({}))
}

#[test]
fn a_database_that_stops_is_told_and_one_that_is_back_is_used() {
    let chain = chain();
    let till = chain.till("S1");
    assert_eq!(till.ask("use", &use_request("AUTO_BEFORE", "S1-DOWN-1")).status(), 0);
    assert_eq!(chain.get("/readyz", &[]).http, 200);
    chain.server().stop();
    // Nobody can be proven, because the keys are there.
    let nonce = crate::till::nonce();
    let body = use_request("AUTO_DOWN", "S1-DOWN-2").to_string();
    let signed = till.signed("POST", "/v1/use", &body, crate::till::now_s(), &nonce);
    let came = crate::till::send(&till.at, &signed).unwrap();
    assert_eq!(
        (came.http, came.json()["name"].as_str(), came.json()["hub"].as_str()),
        (503, Some("WXCOUPON_E_JOURNAL"), Some("store")),
        "{came:?}"
    );
    let ready = chain.get("/readyz", &[]);
    assert_eq!(ready.http, 503, "{ready:?}");
    assert_eq!(chain.effects("AUTO_DOWN"), (0, 0));
    chain.server().begin();
    until("the hub is ready", || chain.get("/readyz", &[]).http == 200);
    // What failed while the database started is remembered for half a second.
    let is_served = |coupon: &str, number: &str| {
        let body = use_request(coupon, number).to_string();
        let signed = till.signed("POST", "/v1/use", &body, crate::till::now_s(), &crate::till::nonce());
        crate::till::send(&till.at, &signed).unwrap().http == 200
    };
    until("the till is served again", || is_served("AUTO_DOWN", "S1-DOWN-2"));
    assert_eq!(till.ask("use", &use_request("AUTO_DOWN", "S1-DOWN-2")).status(), 0);
    // It dies, and the hub does not notice before it uses its connections.
    chain.server().kill();
    chain.server().begin();
    until("the till is served", || is_served("AUTO_AFTER", "S1-DOWN-3"));
    assert_eq!(till.ask("use", &use_request("AUTO_AFTER", "S1-DOWN-3")).status(), 0);
    for coupon in ["AUTO_BEFORE", "AUTO_DOWN", "AUTO_AFTER"] {
        assert_eq!(chain.effects(coupon), (1, 0));
    }
    for secret in [ESCAPED, "W0rd", "hidden"] {
        assert!(!(chain.log() + &came.body + &ready.body).contains(secret));
    }
}

#[test]
fn a_claim_whose_commit_is_not_answered_is_made_again() {
    let chain = chain();
    let till = chain.till("S1");
    let relay = Relay::to(chain.server().port);
    let behind = chain.another_at(chain.server().url_at(relay.port));
    let there = Till { at: behind.at.clone(), ..till };
    assert_eq!(there.ask("use", &use_request("AUTO_WARM", "S1-LOST-0")).status(), 0);
    relay.next_about("INTO wxcoupon_hub.numbers", &[Commit::Answerless]);
    let told = there.ask("use", &use_request("AUTO_LOST", "S1-LOST-1"));
    assert_eq!(told.status(), 0, "{}", told.json);
    assert_eq!(chain.effects("AUTO_LOST"), (1, 0));
    // Nothing says what became of it: neither refused nor done, and the number is not another till's.
    relay.next_about("INTO wxcoupon_hub.numbers", &[Commit::Answerless, Commit::Answerless]);
    let told = there.ask("use", &use_request("AUTO_UNKNOWN", "S1-LOST-2"));
    assert_eq!(
        (told.http, told.name(), told.json["in_doubt"].as_bool()),
        (503, "E_UNRECORDED", Some(true)),
        "{}",
        told.json
    );
    assert_eq!(chain.effects("AUTO_UNKNOWN"), (0, 0), "nothing was sent");
    let other = chain.till("S2");
    assert_eq!(other.ask("use", &use_request("AUTO_UNKNOWN", "S1-LOST-2")).name(), "E_REQUEST_NO_REUSED");
    until("the till redeems it", || {
        there.ask("use", &use_request("AUTO_UNKNOWN", "S1-LOST-2")).status() == 0
    });
    assert_eq!(chain.effects("AUTO_UNKNOWN"), (1, 0));
}

#[test]
fn a_claim_that_no_standby_confirms_is_not_known() {
    let server = Server::with(&["wal_level=replica", "max_wal_senders=4"]);
    let mut standby = server.standby();
    server.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
    server.ask("postgres", "SELECT pg_reload_conf()");
    until("the standby is synchronous", || {
        server.ask("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
    });
    let chain = Chain::on(Store::postgres(server), "", &json!({}));
    let till = chain.till("S1");
    assert_eq!(till.ask("use", &use_request("AUTO_SYNC", "S1-SYNC-1")).status(), 0);
    standby.stop();
    let told = till.ask("use", &use_request("AUTO_ALONE", "S1-SYNC-2"));
    assert_eq!(
        (told.http, told.name(), told.json["in_doubt"].as_bool()),
        (503, "E_UNRECORDED", Some(true)),
        "{}",
        told.json
    );
    assert_eq!(chain.effects("AUTO_ALONE"), (0, 0), "nothing was sent");
    standby.begin();
    until("the till redeems it", || till.ask("use", &use_request("AUTO_ALONE", "S1-SYNC-2")).status() == 0);
    assert_eq!(chain.effects("AUTO_ALONE"), (1, 0));
    assert_eq!(till.pending()["pending"], 0);
}

#[test]
fn what_the_database_does_not_say_is_not_told_as_nothing() {
    let store = Store::postgres(Server::start());
    let chain = Chain::on(store, "", &json!({ "attempt_timeout_ms": 400 }));
    let till = chain.till("S1");
    chain.sandbox.inject(Fault::new(FaultKind::Hang).on("use"));
    let open = till.ask("use", &with_limit(use_request("AUTO_SAID", "S1-SAID-1"), 600));
    assert_eq!(open.status() / 1000, 4, "{}", open.json);
    // Whose number it is cannot be read, and everything else can.
    chain.server().ask("journal", "ALTER TABLE wxcoupon_hub.numbers RENAME TO away");
    for told in [till.call("pending"), till.ask("settle", &json!({}))] {
        assert_eq!((told.http, told.name(), told.hub()), (503, "E_JOURNAL", "store"), "{}", told.json);
    }
    let refused = till.ask("use", &use_request("AUTO_SAID", "S1-SAID-1"));
    assert_eq!((refused.http, refused.json["in_doubt"].as_bool()), (503, Some(true)), "{}", refused.json);
    chain.server().ask("journal", "ALTER TABLE wxcoupon_hub.away RENAME TO numbers");
    until("it is said again", || till.call("pending").json["data"]["pending"] == 1);
}

#[test]
fn a_pooler_may_stand_between() {
    let chain = chain();
    let pooler = Pooler::before(&chain.server());
    let behind = chain.another_at(chain.server().url_at(pooler.port));
    let tills: Vec<Till> = (0..4).map(|at| behind.till(&format!("P{at}"))).collect();
    thread::scope(|scope| {
        for (at, till) in tills.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..5 {
                    let request = use_request(&format!("AUTO_P{at}{round}"), &format!("P{at}-{round}-0000"));
                    assert_eq!(till.ask("use", &request).status(), 0);
                }
            });
        }
    });
    for (at, round) in (0..4).flat_map(|at| (0..5).map(move |round| (at, round))) {
        assert_eq!(chain.effects(&format!("AUTO_P{at}{round}")), (1, 0));
    }
}

#[test]
fn tables_of_a_newer_hub_are_left_alone_and_an_added_column_is_none_of_its_business() {
    let mut chain = chain();
    let till = chain.till("S1");
    // As a newer version expands them.
    chain.server().ask(
        "journal",
        "ALTER TABLE wxcoupon_hub.tills ADD COLUMN newer TEXT; UPDATE wxcoupon_hub.format SET written = 99",
    );
    chain.restart();
    let till = Till { at: chain.at.clone(), ..till };
    assert_eq!(till.ask("use", &use_request("AUTO_NEWER", "S1-NEWER-1")).status(), 0);
    chain.server().ask("journal", "UPDATE wxcoupon_hub.format SET oldest = 99");
    let (is_fine, said) = chain.prompt(&["till", "list"]);
    assert!(!is_fine && said.contains("newer hub, for formats from 99 on"), "{said}");
}
