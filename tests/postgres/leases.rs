//! Who works on a row, and for how long.

use crate::server::Server;
use crate::till::{end_leases, till, used, wechat};
use serde_json::{Map, json};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use testkit::till::{until_asked, use_request, with_limit};
use wxcoupon::config::{Database, Place};
use wxcoupon::journal::{Begin, Claim, Journal, NewRow, Request};
use wxcoupon_sandbox::{Fault, FaultKind};

fn journal(server: &Server) -> Arc<Journal> {
    let place = Place::Postgres(Box::new(Database::read(&server.url()).unwrap()));
    Arc::new(Journal::open_at(Some(&place), "1900000001", Duration::from_secs(3600)).unwrap())
}

fn new(request_no: &str) -> NewRow {
    let request = Request {
        operation: "use".into(),
        request_no: request_no.into(),
        method: "POST".into(),
        target: "/".into(),
        body: Some(b"{}".to_vec()),
    };
    NewRow {
        request: Arc::new(request),
        members: Map::new(),
        filled_in: Vec::new(),
        ask_again: false,
        trace: None,
    }
}

fn begun(journal: &Arc<Journal>, request_no: &str, until_s: i64) -> Claim {
    match journal.begin(new(request_no), until_s).unwrap() {
        Begin::Go(claim) => claim,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_owner_that_stood_still_signs_nothing_for_a_row_that_was_taken_over() {
    let server = Server::start();
    let (frozen, other) = (journal(&server), journal(&server));
    let lease = frozen.lease().unwrap();
    let until_s = 1_800_000_000;
    let claim = begun(&frozen, "SALE-0001", until_s);
    claim.may_sign(until_s).unwrap();
    assert!(matches!(other.begin(new("SALE-0001"), until_s), Ok(Begin::Running)));
    let written = "SELECT lease_until_ms - (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM wxcoupon.requests";
    let left: i64 = server.journal(written).parse().unwrap();
    let lease_ms = i64::try_from(lease.as_millis()).unwrap();
    assert!((lease_ms - 5000..=lease_ms).contains(&left), "{left}");

    // It stands still. By the database's clock its lease ends meanwhile.
    thread::sleep(lease / 2 + Duration::from_millis(500));
    end_leases(&server);
    let row = other.find("SALE-0001").unwrap().unwrap();
    let taken = other.claim(&row, until_s - 1000).unwrap().expect("nobody has a lease any more");
    assert!(taken.doubt, "its first owner may have sent it");
    assert_eq!(
        taken.row.signed_s, until_s,
        "a copy may bear the time until which the first owner could sign"
    );
    let refused = claim.may_sign(until_s - 5).unwrap_err();
    assert!(refused.message.contains("somebody else works on SALE-0001"), "{}", refused.message);
    drop(claim);
    let row = other.find("SALE-0001").unwrap().unwrap();
    assert_eq!(row.lease.owner, taken.row.lease.owner.clone().or(row.lease.owner.clone()));
    assert!(row.lease.owner.is_some(), "it did not let go of what is not its own");
    taken.may_sign(until_s - 1000).unwrap();
}

#[test]
fn a_lease_is_renewed_by_who_has_it_and_no_time_is_signed_that_is_not_recorded() {
    let server = Server::start();
    let journal = journal(&server);
    let lease = journal.lease().unwrap();
    let claim = begun(&journal, "SALE-0001", 1000);
    let signed = || server.journal("SELECT signed_s FROM wxcoupon.requests");
    claim.may_sign(1000).unwrap();
    assert_eq!(signed(), "1000");
    // The clock was corrected.
    claim.may_sign(5000).unwrap();
    let until_s = 5000 + i64::try_from(lease.as_secs()).unwrap();
    assert_eq!((signed(), claim.until_s()), (until_s.to_string(), until_s));
    server.journal("UPDATE wxcoupon.requests SET lease_until_ms = 1");
    thread::sleep(lease / 2 + Duration::from_millis(200));
    claim.may_sign(5000).unwrap();
    let is_renewed = "SELECT lease_until_ms > (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM wxcoupon.requests";
    assert_eq!(server.journal(is_renewed), "t");
}

#[test]
fn while_the_database_is_down_a_lease_holds_as_long_as_it_was_given() {
    let mut server = Server::start();
    let journal = journal(&server);
    let lease = journal.lease().unwrap();
    let began = Instant::now();
    let claim = begun(&journal, "SALE-0001", 1000);
    server.stop();
    thread::sleep((lease / 2 + Duration::from_millis(200)).saturating_sub(began.elapsed()));
    claim.may_sign(1000).unwrap();
    claim.may_sign(1001).unwrap_err();
    thread::sleep((lease + Duration::from_millis(100)).saturating_sub(began.elapsed()));
    claim.may_sign(1000).unwrap_err();
}

#[test]
fn a_number_is_free_when_its_owners_lease_has_ended() {
    let (sandbox, server) = (wechat(), Server::start());
    let (one, other) = (till(&sandbox, &server), till(&sandbox, &server));
    let fault = sandbox.inject(Fault::new(FaultKind::ProcessThenHang).on("use"));
    thread::scope(|scope| {
        let twin = one.twin();
        let call = scope.spawn(move || twin.redeem(&with_limit(use_request("AUTO_HELD", "SALE-0001"), 2500)));
        until_asked(&sandbox, 1);
        let locked = other.redeem(&use_request("AUTO_HELD", "SALE-0001"));
        assert_eq!((locked.name(), locked.in_doubt), ("WXCOUPON_E_LOCKED", true), "{}", locked.json);
        assert_eq!(other.settle(&json!({ "out_request_no": "SALE-0001" })).name(), "WXCOUPON_E_LOCKED");
        // As if the first till was dead. It is not, and its own verdict comes too late.
        end_leases(&server);
        sandbox.clear_fault(fault);
        let settled = other.settle(&json!({ "out_request_no": "SALE-0001" }));
        assert_eq!(settled.status, 0, "{}", settled.json);
        let late = call.join().unwrap();
        assert!(late.status == 0 || late.class() == 4, "{}", late.json);
    });
    assert_eq!(other.pending()["pending"], 0);
    assert_eq!(
        (used(&sandbox, "AUTO_HELD"), other.redeem(&use_request("AUTO_HELD", "SALE-0001")).status),
        (1, 0)
    );
}
